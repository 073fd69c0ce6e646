//! Everyone violates: one record puts all things in alarm. The time, the bytes that are written
//! for it, the memory, and how long the alarms of others wait meanwhile.

use std::time::{Duration, Instant};

use fleetward_store::{ViolationFilter, Violations};

use super::fixture::{
    Detecting, Folder, START_MS, WINDOW_MS, connected, name, profile, report, text, watermark,
};
use super::spent::{forget_peak, written_and_peak};
use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome, percentile};

/// How often it is measured.
const RUNS: u64 = 3;
/// Alarms of others before everyone has one.
const BEFORE: u64 = 50;
/// What rests between two alarms of others, and between two looks for one.
const PAUSE: Duration = Duration::from_millis(1);
/// Where the line is drawn: the second window is whole, and everyone was silent in it.
const LINE_MS: i64 = START_MS + 2 * WINDOW_MS + 10_000;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let runtime = tokio::runtime::Runtime::new().map_err(text)?;
    let things = arguments.things.unwrap_or(1_000_000);
    // What a million may take, for as many as there are.
    let share = things as f64 / 1e6;
    let figures = vec![
        Figure::new("written an alarm", "bytes").at_most(1_000.0, 400.0),
        Figure::new("until everyone is in alarm", "s").at_most(10.0 * share, 4.0 * share),
        Figure::new("written", "MB").at_most(1_000.0 * share, 400.0 * share),
        Figure::new("more memory at most", "MB").at_most(100.0, 100.0),
        Figure::new("alarms of others, p99", "ms").at_most(50.0, 10.0),
        Figure::new("alarms of others, median", "ms"),
        Figure::new("the same before, p99", "ms"),
    ];
    let limit = Figure::new("an event", "bytes");
    let mut outcome = Outcome::new("everyone-violates", figures, Some(limit));
    outcome.note_load(load);
    for _ in 0..arguments.runs.unwrap_or(RUNS) {
        runtime.block_on(round(things, &mut outcome))?;
    }
    Ok(outcome)
}

async fn round(things: u64, outcome: &mut Outcome) -> Result<(), String> {
    let folder = Folder::new()?;
    let detecting = Detecting::on(&folder, things);
    folder.append(&[profile(1)?]).await?;
    folder.append(&connected(things)?).await?;
    let mut before = Vec::new();
    for number in things..things + BEFORE {
        before.push(alarm_of(&folder, number, START_MS + WINDOW_MS).await?);
    }
    forget_peak();
    let (written, memory) = written_and_peak();
    let began = Instant::now();
    folder.append(&[watermark(LINE_MS)]).await?;
    let (mut meanwhile, mut probes) = (Vec::new(), BEFORE);
    // Whoever has closed all windows waits for the end of the next.
    let mut deadline = detecting.awaited.follow();
    while deadline.borrow_and_update().is_none_or(|awaited_ms| awaited_ms <= LINE_MS) {
        meanwhile.push(alarm_of(&folder, things + probes, LINE_MS + 1_000).await?);
        probes += 1;
        tokio::time::sleep(PAUSE).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    // What is not committed yet of the last partition comes before this.
    alarm_of(&folder, things + probes, LINE_MS + 1_000).await?;
    let (written_after, memory_after) = written_and_peak();
    detecting.stop().await?;
    let (found, event_bytes) = in_alarm(&folder).await?;
    let expected = things + probes + 1;
    outcome.check(found == expected, || format!("{found} violations instead of {expected}"));
    let megabytes = (written_after - written) as f64 / 1e6;
    let values = [
        megabytes * 1e6 / things.max(1) as f64,
        seconds,
        megabytes,
        memory_after.saturating_sub(memory) as f64 / 1e6,
        percentile(&meanwhile, 99),
        percentile(&meanwhile, 50),
        percentile(&before, 99),
    ];
    outcome.figures.iter_mut().zip(values).for_each(|(figure, value)| figure.push(value));
    outcome.limit.iter_mut().for_each(|limit| limit.push(event_bytes));
    outcome.notes.push(format!("{} alarms of others meanwhile", meanwhile.len()));
    Ok(())
}

/// How long it takes from a report's append to its violation in the store, in milliseconds.
async fn alarm_of(folder: &Folder, thing: u64, at_ms: i64) -> Result<f64, String> {
    let filter = ViolationFilter { thing: Some(name(thing)?), ..ViolationFilter::default() };
    let began = Instant::now();
    folder.append(&[report(thing, 1, at_ms, 99)?]).await?;
    loop {
        let found = folder.store.active_violations(&filter, None, 1).await.map_err(text)?;
        if !found.is_empty() {
            return Ok(began.elapsed().as_secs_f64() * 1e3);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How many violations are open, and about how many bytes one must have.
async fn in_alarm(folder: &Folder) -> Result<(u64, f64), String> {
    let (mut count, mut after, mut bytes) = (0, None, f64::NAN);
    loop {
        let filter = ViolationFilter::default();
        let page = folder.store.active_violations(&filter, after, 10_000).await.map_err(text)?;
        let Some(last) = page.last() else { return Ok((count, bytes)) };
        // Its id, thing and profile, behavior, times, value and kind.
        let named = last.id.len() + last.thing.as_str().len();
        bytes = (named + 8 + 8 + 16 + 8 + 1) as f64;
        count += page.len() as u64;
        after = Some(last.id.clone());
    }
}
