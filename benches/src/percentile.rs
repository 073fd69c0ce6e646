//! A percentile of a fleet: a window of a million values is taken value by value, summed up and
//! asked for its 99th percentile; beside it quickselect over the same values, which must have kept
//! all of them.

use std::hint::black_box;
use std::time::Instant;

use fleetward_detect::limits::EXACT_VALUES;
use fleetward_detect::statistical::{Sketch, Summary, decode, encode};
use fleetward_domain::Percentile;

use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome};

/// How often each side is measured.
const RUNS: u64 = 5;
/// Values of the window.
const VALUES: u32 = 1_000_000;
/// Windows that are measured at once.
const WINDOWS: u32 = 20;
/// Partitions of the window in parts.
const PARTITIONS: usize = 256;
/// Values that each of them keeps.
const EXACT_OF_PARTITION: usize = 4_096;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let values = values();
    let mut summing = Figure::new("ours", "us a window");
    let mut selecting = Figure::new("quickselect", "us a window");
    let mut ratio = Figure::new("ours / quickselect", "x").at_most(4.0, 2.0);
    let mut closing = Figure::new("longest pause, one partition", "ms").at_most(20.0, 20.0);
    let mut merging =
        Figure::new("longest pause, putting parts together", "ms").at_most(20.0, 20.0);
    let mut outcome = Outcome::new("percentile", Vec::new(), None);
    outcome.note_load(load);
    for _ in 0..arguments.runs.unwrap_or(RUNS) {
        let (found, microseconds) = timed(|| ours(&values));
        summing.push(microseconds);
        // Quickselect loses the order: each time it needs the values anew, and copying them is
        // part of what keeping them costs.
        let (exact, limit) = timed(|| quickselect(&mut values.clone()));
        selecting.push(limit);
        ratio.push(microseconds / limit);
        let is_near = is_within_the_gate(&values, found, exact);
        outcome.check(is_near, || format!("p99 is {found}, exactly {exact}"));
        let parts = in_parts(&values);
        outcome.check(parts.found == Some(found), || {
            format!("p99 is {found}, in {PARTITIONS} partitions {:?}", parts.found)
        });
        closing.push(parts.closing_ms);
        merging.push(parts.merging_ms);
    }
    outcome.figures = vec![summing, ratio, closing, merging];
    outcome.limit = Some(selecting);
    Ok(outcome)
}

/// Bytes sent in a window: over four powers of ten, as fleets of several kinds have them.
fn values() -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut part = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let normal = |part: &mut dyn FnMut() -> f64| (0..12).map(|_| part()).sum::<f64>() - 6.0;
    (0..VALUES).map(|_| (9.0 + 1.5 * normal(&mut part)).exp().floor()).collect()
}

/// CPU microseconds of one window; the kernel counts in steps of some milliseconds, so that many
/// windows are measured at once.
fn timed(mut window: impl FnMut() -> f64) -> (f64, f64) {
    let (before, mut found) = (cpu::seconds(), f64::NAN);
    for _ in 0..WINDOWS {
        found = window();
    }
    (found, (cpu::seconds() - before) * 1e6 / f64::from(WINDOWS))
}

fn asked() -> Option<Percentile> {
    Percentile::parse("p99")
}

fn ours(values: &[f64]) -> f64 {
    let mut sketch = Sketch::new(EXACT_VALUES, true);
    values.iter().for_each(|value| sketch.add(black_box(*value)));
    asked().and_then(|asked| sketch.summary().percentile(asked)).unwrap_or(f64::NAN)
}

fn quickselect(values: &mut [f64]) -> f64 {
    let place = (values.len() * 99).div_ceil(100) - 1;
    *black_box(values).select_nth_unstable_by(place, f64::total_cmp).1
}

/// Error in rank at most 5 % of the part above, as acceptance asks.
fn is_within_the_gate(values: &[f64], found: f64, exact: f64) -> bool {
    let until = |bound: f64| values.iter().filter(|value| **value <= bound).count();
    until(found).abs_diff(until(exact)) * 100 * 20 <= values.len()
}

/// A window that partitions sum up, each its things.
struct Parts {
    /// What they find together; the answer must be the same.
    found: Option<f64>,
    /// The longest that one of them took.
    closing_ms: f64,
    /// The longest that putting one of them to the others took.
    merging_ms: f64,
}

/// The same in partitions, as a server has it.
fn in_parts(values: &[f64]) -> Parts {
    let (mut longest, mut summaries) = (0.0_f64, Vec::new());
    for part in values.chunks(values.len().div_ceil(PARTITIONS)) {
        let began = Instant::now();
        let mut sketch = Sketch::new(EXACT_OF_PARTITION, true);
        part.iter().for_each(|value| sketch.add(*value));
        summaries.extend(asked().map(|asked| encode(asked, &sketch.summary())));
        longest = longest.max(began.elapsed().as_secs_f64() * 1e3);
    }
    let (mut fleet, mut merging_ms) = (Summary::none(), 0.0_f64);
    for bytes in &summaries {
        // The server gives way to others after each of them: `roles/thresholds.rs`.
        let began = Instant::now();
        // One that cannot be read is missing, and the answer is another.
        if let Ok((_, part)) = decode(bytes) {
            fleet.merge(&part);
        }
        merging_ms = merging_ms.max(began.elapsed().as_secs_f64() * 1e3);
    }
    let found = asked().and_then(|asked| fleet.percentile(asked));
    Parts { found, closing_ms: longest, merging_ms }
}
