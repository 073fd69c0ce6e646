//! The engine as a server runs it: the reports of the engine's case are read, logged, judged by the
//! detector's role and committed, alerts put into the outbox, on real files. Beside it the engine
//! alone, and a file that the same records are appended to with a sync for each MiB.
//!
//! No socket, and nobody who delivers the alerts: those are cases of their own.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use fleetward_domain::{EpochMs, EventType};
use fleetward_log::{Entry, EventLog};
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{EventFilter, Violations};
use tokio::task::JoinSet;

use super::fixture::{Detecting, Folder, WINDOW_MS, text, watermark};
use super::reports::{Reports, ten_behaviors};
use crate::arguments::Arguments;
use crate::cpu;
use crate::engine::{EXPECTED, Feed, Found, Ours, fleet_of, is_the_gate};
use crate::outcome::{Figure, Outcome};

/// How often each side is measured.
const RUNS: u64 = 3;
/// Reports of one call of the log: what one connection has in flight.
const TOGETHER: usize = 64;
/// Calls of the log that wait at a time: connections that report.
const CALLS: usize = 16;
/// Bytes for which the plain file is synced.
const SYNCED_BYTES: usize = 1 << 20;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let runtime = tokio::runtime::Runtime::new().map_err(text)?;
    let (things, rounds) = fleet_of(arguments);
    let feed = Feed::new(things, rounds);
    let figures = vec![
        Figure::new("durable", "reports/s/core"),
        Figure::new("durable / engine", "x").at_least(0.5, 0.8),
        Figure::new("engine", "reports/s/core"),
        Figure::new("durable, by the clock", "reports/s"),
    ];
    let limit = Figure::new("raw append, by the clock", "reports/s");
    let mut outcome = Outcome::new("engine-durable", figures, Some(limit));
    outcome.note_load(load);
    let reports = feed.len() as f64;
    for _ in 0..arguments.runs.unwrap_or(RUNS) {
        // Of the process and not of its threads that live: those that do blocking work come and go.
        let (before, began) = (cpu::seconds_of_the_process(), Instant::now());
        let (folder, bytes) = runtime.block_on(durably(&feed))?;
        let clock = began.elapsed().as_secs_f64();
        let durable = cpu::seconds_of_the_process() - before;
        let found = runtime.block_on(found(&folder.store))?;
        let before = cpu::seconds_of_the_process();
        let alone = Ours::run(&feed)?;
        let engine = cpu::seconds_of_the_process() - before;
        let raw = appended(&folder, &bytes).map_err(text)?;
        let values = [reports / durable, engine / durable, reports / engine, reports / clock];
        outcome.figures.iter_mut().zip(values).for_each(|(figure, value)| figure.push(value));
        outcome.limit.iter_mut().for_each(|limit| limit.push(reports / raw));
        outcome.check(found == alone, || format!("{found:?}, in memory {alone:?}"));
        let is_known = !is_the_gate(things, rounds) || found == EXPECTED;
        outcome.check(is_known, || format!("{found:?} instead of {EXPECTED:?}"));
    }
    Ok(outcome)
}

/// Takes a whole feed; gives the folder, and the lengths of what the log was given.
async fn durably(feed: &Feed) -> Result<(Folder, Vec<usize>), String> {
    let folder = Folder::new()?;
    let detecting = Detecting::on(&folder, feed.things());
    folder.append(&[ten_behaviors(true)?]).await?;
    let (mut reports, mut calls) = (Reports::default(), Calls::default());
    let mut lengths = Vec::with_capacity(feed.len());
    let border = |at_ms: EpochMs| at_ms.div_euclid(WINDOW_MS) * WINDOW_MS;
    let mut line_ms = feed.iter().next().map_or(0, |first| border(first.at_ms));
    for arrival in feed.iter() {
        if border(arrival.at_ms) > line_ms {
            line_ms = border(arrival.at_ms);
            // All before the line is logged before it.
            calls.finish(&folder).await?;
            folder.append(&[watermark(line_ms)]).await?;
        }
        let entry = reports.entry(arrival.thing, arrival.at_ms, arrival.payload)?;
        lengths.push(entry.bytes.len());
        calls.push(&folder, entry).await?;
    }
    calls.finish(&folder).await?;
    let line_ms = line_ms + 2 * WINDOW_MS;
    folder.append(&[watermark(line_ms)]).await?;
    detecting.passed(line_ms).await?;
    detecting.kill().await;
    Ok((folder, lengths))
}

/// Calls of the log, some of which wait for the disk.
#[derive(Default)]
struct Calls {
    entries: Vec<Entry>,
    waiting: JoinSet<Result<(), String>>,
}

impl Calls {
    async fn push(&mut self, folder: &Folder, entry: Entry) -> Result<(), String> {
        self.entries.push(entry);
        if self.entries.len() < TOGETHER {
            return Ok(());
        }
        self.send(folder);
        while self.waiting.len() >= CALLS {
            self.wait().await?;
        }
        Ok(())
    }

    fn send(&mut self, folder: &Folder) {
        let (log, entries) = (folder.log.clone(), std::mem::take(&mut self.entries));
        self.waiting.spawn(async move { log.append(entries).await.map_err(text) });
    }

    async fn wait(&mut self) -> Result<(), String> {
        self.waiting.join_next().await.map_or(Ok(()), |ended| ended.map_err(text)?)
    }

    async fn finish(&mut self, folder: &Folder) -> Result<(), String> {
        self.send(folder);
        while !self.waiting.is_empty() {
            self.wait().await?;
        }
        Ok(())
    }
}

async fn found(store: &SqliteStore) -> Result<Found, String> {
    let (mut found, mut after) = (Found::default(), None);
    loop {
        let filter = EventFilter { to_ms: EpochMs::MAX, ..EventFilter::default() };
        let page = store.violation_events(&filter, after, 10_000).await.map_err(text)?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(*last);
        for (_, event) in &page {
            match event.event_type {
                EventType::InAlarm => found.alarms += 1,
                EventType::AlarmCleared => found.clears += 1,
                EventType::AlarmInvalidated => {}
            }
        }
    }
}

/// Appends as many bytes to a plain file, record by record; how many seconds it took.
fn appended(folder: &Folder, lengths: &[usize]) -> std::io::Result<f64> {
    let mut file = File::create(folder.folder.path().join("raw"))?;
    let mut block = Vec::with_capacity(2 * SYNCED_BYTES);
    let began = Instant::now();
    for length in lengths {
        block.resize(block.len() + length, 0x5A);
        if block.len() >= SYNCED_BYTES {
            file.write_all(&block)?;
            file.sync_data()?;
            block.clear();
        }
    }
    file.write_all(&block)?;
    file.sync_data()?;
    Ok(began.elapsed().as_secs_f64())
}
