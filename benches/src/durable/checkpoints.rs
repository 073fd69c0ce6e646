//! Checkpoints: the bytes that state costs beside the log's own, while each thing reports once in
//! a window, and how long a write of the API waits meanwhile. What a restart finds afterwards must
//! be what all of the log tells.
//!
//! Time is that of the records, which come as fast as they are taken: so the API waits beside many
//! times more work than a server of that size has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fleetward::roles::detector::Owned;
use fleetward_fleet::{Fleet, thing_name};
use fleetward_log::EventLog;
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{Documents, Kind, Partitions, Tx, ViolationFilter, Violations};
use tokio::sync::watch;

use super::fixture::{Detecting, Folder, RETENTION_BYTES, WINDOW_MS, text, watermark};
use super::reports::{Reports, ten_behaviors};
use super::spent::{state_writer, written_by};
use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome};

/// How often it is measured.
const RUNS: u64 = 2;
/// How often each thing reports after its first report.
const ROUNDS: u64 = 4;
/// Things up to which the log's usual length does.
const USUAL_THINGS: u64 = 1_000_000;
/// How long the API rests between two writes.
const PAUSE: Duration = Duration::from_millis(5);
/// How long its writes are timed before there is anything else.
const ALONE: Duration = Duration::from_secs(2);
/// Reports that are appended together.
const TOGETHER: usize = 1_000;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let runtime = tokio::runtime::Runtime::new().map_err(text)?;
    let figures = vec![
        Figure::new("state / log", "x").at_most(2.0, 1.0),
        Figure::new("longest write of the API", "ms").at_most(50.0, 10.0),
        Figure::new("the same without reports", "ms"),
        Figure::new("state, one report in 300 s", "MB/s"),
        Figure::new("log, one report in 300 s", "MB/s"),
        Figure::new("state a report", "bytes"),
    ];
    let mut outcome =
        Outcome::new("checkpoints", figures, Some(Figure::new("log a report", "bytes")));
    outcome.note_load(load);
    for run in 0..arguments.runs.unwrap_or(RUNS) {
        runtime.block_on(round(arguments, run == 0, &mut outcome))?;
    }
    Ok(outcome)
}

/// One fleet from its first report on; whether a restart is tried on what is left.
async fn round(arguments: &Arguments, restarts: bool, outcome: &mut Outcome) -> Result<(), String> {
    let things = arguments.things.unwrap_or(USUAL_THINGS);
    let rounds = arguments.rounds.unwrap_or(ROUNDS);
    // An eighth of the log may be held back by state that is not written, so that a larger fleet
    // needs a longer log: the setting log_retention_bytes.
    let retention_bytes = RETENTION_BYTES.saturating_mul(things.div_ceil(USUAL_THINGS).max(1));
    let folder = Folder::at(tempfile::tempdir().map_err(text)?, retention_bytes)?;
    let writer = state_writer(&folder.store).await?;
    let (_, alone_ms) = api_beside(&folder.store, tokio::time::sleep(ALONE)).await?;
    let detecting = Detecting::on(&folder, things);
    folder.append(&[ten_behaviors(false)?]).await?;
    let mut fleet = Feeder::of(things, rounds + 1);
    fleet.round(&folder, &detecting).await?;
    let (before, began) = (written_by(&writer), Instant::now());
    fleet.bytes = 0;
    let reporting = async {
        for _ in 0..rounds {
            fleet.round(&folder, &detecting).await?;
        }
        Ok::<_, String>(())
    };
    let (reported, longest_ms) = api_beside(&folder.store, reporting).await?;
    reported?;
    let (seconds, state) = (began.elapsed().as_secs_f64(), written_by(&writer) - before);
    let (log, reports) = (fleet.bytes as f64, (rounds * things) as f64);
    let simulated_seconds = (rounds as i64 * WINDOW_MS) as f64 / 1e3;
    let state = state as f64;
    let values = [
        state / log,
        longest_ms,
        alone_ms,
        state / simulated_seconds / 1e6,
        log / simulated_seconds / 1e6,
        state / reports,
    ];
    outcome.figures.iter_mut().zip(values).for_each(|(figure, value)| figure.push(value));
    outcome.limit.iter_mut().for_each(|limit| limit.push(log / reports));
    outcome.notes.push(format!(
        "{things} things, {rounds} reports each: {simulated_seconds:.0} s of records in \
         {seconds:.1} s; {:.0} MB of state, {:.0} MB of log",
        state / 1e6,
        log / 1e6
    ));
    detecting.kill().await;
    if restarts {
        compare(folder, things, retention_bytes, outcome).await?;
    }
    Ok(())
}

/// What a restart after a kill finds, beside what the whole log tells.
async fn compare(
    folder: Folder,
    things: u64,
    retention_bytes: u64,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let folder = folder.killed().await?;
    let (begin, _) = folder.log.extent();
    if begin > 0 {
        let kept = retention_bytes >> 20;
        outcome.notes.push(format!("no restart was tried: more than {kept} MiB of log went by"));
        return Ok(());
    }
    let mut restarted = folder.own(things).await?;
    let replayed = restarted.positions().iter().map(|(_, offset)| *offset).min().unwrap_or(0);
    folder.catch_up(&mut restarted).await?;
    let found = whole_state(&folder.store, &mut restarted).await?;
    drop(restarted);
    let in_alarm = ids(&folder.store).await?;
    // The same log once more, with a store that has seen nothing of it.
    let folder = Folder { store: folder.beside()?, ..folder };
    let mut anew = folder.own(things).await?;
    folder.catch_up(&mut anew).await?;
    let expected = whole_state(&folder.store, &mut anew).await?;
    let differ = found.iter().zip(&expected).filter(|(found, expected)| found != expected).count();
    outcome.check(differ == 0 && !found.is_empty(), || {
        format!("after a restart from offset {replayed} on, {differ} partitions are other ones")
    });
    outcome.notes.push(format!("restarted from offset {replayed} on; state and alarms compared"));
    let expected = ids(&folder.store).await?;
    outcome.check(in_alarm == expected && !expected.is_empty(), || {
        format!("{} violations after a restart, not {}", in_alarm.len(), expected.len())
    });
    Ok(())
}

/// All chunks of each partition, each by its bytes' hash.
async fn whole_state(
    store: &SqliteStore,
    owned: &mut Owned,
) -> Result<Vec<Vec<(u32, u64)>>, String> {
    let mut all = Vec::new();
    for (number, _) in owned.positions() {
        if let Some(state) = owned.state(number).map_err(text)? {
            store.write_state(state).await.map_err(text)?;
        }
        let chunks = store.load_chunks(number).await.map_err(text)?;
        all.push(chunks.iter().map(|chunk| (chunk.index, hashed(&chunk.bytes))).collect());
    }
    Ok(all)
}

fn hashed(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// The ids of all open violations.
async fn ids(store: &SqliteStore) -> Result<Vec<String>, String> {
    let mut ids: Vec<String> = Vec::new();
    loop {
        let after = ids.last().cloned();
        let filter = ViolationFilter::default();
        let page = store.active_violations(&filter, after, 10_000).await.map_err(text)?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.into_iter().map(|violation| violation.id));
    }
}

/// The fleet, and what it has said so far.
struct Feeder {
    things: u64,
    fleet: Fleet,
    reports: Reports,
    round: i64,
    bytes: u64,
}

impl Feeder {
    fn of(things: u64, rounds: u64) -> Self {
        let fleet = Fleet::new(things, rounds);
        Self { things, fleet, reports: Reports::default(), round: 0, bytes: 0 }
    }

    /// Lets each thing report once, one behind the other over a window, and waits until all that
    /// is judged.
    async fn round(&mut self, folder: &Folder, detecting: &Detecting) -> Result<(), String> {
        let begin_ms = super::fixture::START_MS + self.round * WINDOW_MS;
        let count = i64::try_from(self.things).map_err(text)?;
        let mut entries = Vec::new();
        for place in 0..count {
            let Some(said) = self.fleet.next_report() else { break };
            let (name, at_ms) = (thing_name(said.thing), begin_ms + WINDOW_MS * place / count);
            entries.push(self.reports.entry(&name, at_ms, said.payload.as_bytes())?);
            if entries.len() == TOGETHER || place == count - 1 {
                self.bytes += entries.iter().map(|entry| entry.bytes.len() as u64).sum::<u64>();
                folder.log.append(std::mem::take(&mut entries)).await.map_err(text)?;
            }
        }
        self.round += 1;
        let line_ms = begin_ms + WINDOW_MS;
        folder.append(&[watermark(line_ms)]).await?;
        detecting.passed(line_ms).await
    }
}

/// Does something while the API writes. What it gave, and how long the longest of those writes
/// took in milliseconds.
async fn api_beside<T>(
    store: &Arc<SqliteStore>,
    work: impl Future<Output = T>,
) -> Result<(T, f64), String> {
    let (over, is_over) = watch::channel(false);
    let writer = tokio::spawn(writes_of_the_api(store.clone(), is_over));
    let done = work.await;
    over.send(true).map_err(text)?;
    Ok((done, writer.await.map_err(text)??))
}

async fn writes_of_the_api(
    store: Arc<SqliteStore>,
    over: watch::Receiver<bool>,
) -> Result<f64, String> {
    let mut longest_ms = 0.0_f64;
    while !*over.borrow() {
        let mut tx = Tx::default();
        tx.puts.push((Kind::Setting, "bench".to_owned(), b"1".to_vec()));
        let began = Instant::now();
        store.commit(tx).await.map_err(text)?;
        longest_ms = longest_ms.max(began.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(longest_ms)
}
