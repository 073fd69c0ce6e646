//! The engine: bytes of reports to violations, behaviors as configuration; beside it a loop with
//! `sonic-rs` and the same rules written into the program.

mod feed;
mod loop_of_rules;
mod ours;

pub use feed::Feed;
pub use loop_of_rules::LoopOfRules;
pub use ours::Ours;

use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome};

/// What was found in a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Violations that opened.
    pub alarms: u64,
    /// Violations that were cleared.
    pub clears: u64,
}

/// What is to be found in 100,000 things with ten reports each.
pub const EXPECTED: Found = Found { alarms: 32_998, clears: 31_642 };

/// How often each side is measured.
const RUNS: u64 = 5;

/// Things, and reports of each: the gate's, of which it is known what is found in them.
#[must_use]
pub fn fleet_of(arguments: &Arguments) -> (u64, u64) {
    (arguments.things.unwrap_or(100_000), arguments.rounds.unwrap_or(10))
}

/// Whether a fleet is the one of which [`EXPECTED`] speaks.
#[must_use]
pub fn is_the_gate(things: u64, rounds: u64) -> bool {
    (things, rounds) == (100_000, 10)
}

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let (things, rounds) = fleet_of(arguments);
    let feed = Feed::new(things, rounds);
    let mut ours = Figure::new("ours", "reports/s/core");
    let mut limit = Figure::new("sonic-rs loop", "reports/s/core");
    let mut ratio = Figure::new("ours / sonic-rs loop", "x").at_least(0.7, 1.5);
    let mut outcome = Outcome::new("engine", Vec::new(), None);
    outcome.notes.push(format!("{} reports of {:.0} bytes", feed.len(), feed.mean_bytes()));
    outcome.note_load(load);
    for _ in 0..arguments.runs.unwrap_or(RUNS) {
        let (found, our_seconds) = timed(|| Ours::run(&feed))?;
        let (found_by_loop, seconds) = timed(|| LoopOfRules::run(&feed))?;
        ours.push(feed.len() as f64 / our_seconds);
        limit.push(feed.len() as f64 / seconds);
        // Of one run each: what else the machine does changes from run to run.
        ratio.push(seconds / our_seconds);
        outcome.check(found == found_by_loop, || format!("{found:?}, the loop {found_by_loop:?}"));
        let is_known = !is_the_gate(things, rounds) || found == EXPECTED;
        outcome.check(is_known, || format!("{found:?} instead of {EXPECTED:?}"));
    }
    outcome.figures = vec![ours, ratio];
    outcome.limit = Some(limit);
    Ok(outcome)
}

fn timed(run: impl FnOnce() -> Result<Found, String>) -> Result<(Found, f64), String> {
    let before = cpu::seconds();
    let found = run()?;
    Ok((found, cpu::seconds() - before))
}
