//! CPU time of this process, and how busy the machine is.

use std::fs;
use std::time::{Duration, Instant};

/// Above this the figures of a small machine are noise (protocol of the benchmarks).
pub const BUSY_LOAD: f64 = 1.5;

/// CPU seconds of all threads of this process that live now.
#[must_use]
pub fn seconds() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds: u64 = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<u64>().ok())
        .sum();
    nanoseconds as f64 / 1e9
}

/// CPU seconds of this process, of threads that have ended as well, in steps of some milliseconds.
#[must_use]
pub fn seconds_of_the_process() -> f64 {
    /// Of a second: what Linux tells programs, whatever it counts in itself.
    const TICKS: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before the last bracket may hold anything.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
    ticks as f64 / TICKS
}

/// How many processes wanted to run in the last minute.
#[must_use]
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

/// Waits until the machine is idle enough, as it is some time after a build; gives its load then.
///
/// # Errors
/// A text, if it stays busy for three minutes and that is not allowed.
pub fn wait_until_idle(any_load: bool) -> Result<f64, String> {
    const PATIENCE: Duration = Duration::from_secs(180);
    let began = Instant::now();
    loop {
        let now = load();
        if now <= BUSY_LOAD || any_load {
            return Ok(now);
        }
        if began.elapsed() > PATIENCE {
            return Err(format!(
                "the machine is busy: its load is {now}, more than {BUSY_LOAD}; --any-load runs \
                 all the same"
            ));
        }
        eprintln!("waiting for the machine to calm down: its load is {now}");
        std::thread::sleep(Duration::from_secs(10));
    }
}
