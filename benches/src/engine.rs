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
use crate::outcome::Outcome;

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
    let feed = Feed::new(arguments.things, arguments.rounds);
    let mut outcome = Outcome {
        case: "engine",
        correct: true,
        unit: "reports/s/core",
        ours: Vec::new(),
        limit_name: "sonic-rs loop",
        limit: Vec::new(),
        notes: vec![format!("{} reports of {:.0} bytes", feed.len(), feed.mean_bytes())],
    };
    if load > cpu::BUSY_LOAD {
        outcome.notes.push(format!("the machine was busy: load {load}"));
    }
    for _ in 0..arguments.runs {
        let (ours, seconds) = timed(|| Ours::run(&feed))?;
        outcome.ours.push(feed.len() as f64 / seconds);
        let (limit, seconds) = timed(|| LoopOfRules::run(&feed))?;
        outcome.limit.push(feed.len() as f64 / seconds);
        outcome.correct &= ours == limit;
        if is_the_gate(arguments.things, arguments.rounds) {
            outcome.correct &= ours == EXPECTED;
        }
    }
    Ok(outcome)
}

fn timed(run: impl FnOnce() -> Result<Found, String>) -> Result<(Found, f64), String> {
    let before = cpu::seconds();
    let found = run()?;
    Ok((found, cpu::seconds() - before))
}
