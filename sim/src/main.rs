//! The simulation: the real log on a simulated disk, the real detector and the real outbox over
//! the store in memory, in one thread on virtual time, with the faults that a seed draws. After
//! each seed a slow oracle says what should have come out. `docs/simulation.md` says more.
//!
//! A seed that fails names the command that plays it again. `FLEETWARD_SIM_SEEDS=N` runs N seeds,
//! from seed `FLEETWARD_SIM_FROM=S` on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the whole crate is a test, and tests fail by panicking"
)]

mod carrier;
mod check;
mod devices;
mod dice;
mod door;
mod life;
mod owner;
mod script;
mod seed;
mod world;

use world::World;

/// Seeds of the ordinary test; they are spread over [`SHARES`] tests, which run beside each other.
const SEEDS: u64 = 200;
const SHARES: u64 = 4;
/// How often a share of a long run tells how far it is (`--nocapture`), in seeds of all shares.
const CHUNK: u64 = 1_000;

/// Runs one seed, and says how to run it again if something is wrong.
fn run(seed: u64) -> String {
    let mut world = World::new(seed);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run()));
    match outcome {
        Ok(Ok(digest)) => digest,
        Ok(Err(complaint)) => fail(seed, &complaint),
        Err(_) => fail(seed, "something panicked, see above"),
    }
}

fn fail(seed: u64, complaint: &str) -> ! {
    panic!(
        "\n{complaint}\n\nagain: FLEETWARD_SIM_SEED={seed} cargo test -p fleetward-sim one_seed\n"
    )
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// The seeds of one test of [`SHARES`].
fn share(of: u64) {
    let seeds = number("FLEETWARD_SIM_SEEDS").unwrap_or(SEEDS);
    let from = number("FLEETWARD_SIM_FROM").unwrap_or(0);
    for seed in (from + of..from + seeds).step_by(SHARES as usize) {
        run(seed);
        if (seed - from - of + SHARES).is_multiple_of(CHUNK) {
            println!("share {of}: up to {seed}");
        }
    }
}

#[test]
fn first_share_of_the_seeds() {
    share(0);
}

#[test]
fn second_share_of_the_seeds() {
    share(1);
}

#[test]
fn third_share_of_the_seeds() {
    share(2);
}

#[test]
fn fourth_share_of_the_seeds() {
    share(3);
}

#[test]
fn one_seed_is_played_again_from_its_number() {
    let seed = number("FLEETWARD_SIM_SEED").unwrap_or(7);
    assert_eq!(run(seed), run(seed), "the same seed did not do the same twice");
}
