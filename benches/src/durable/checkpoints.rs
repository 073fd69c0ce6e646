//! Checkpoints: the bytes that state costs beside the log's own, while every thing reports once in
//! a while, and how long a writer of the API waits meanwhile.

use std::time::{Duration, Instant};

use fleetward::roles::detector::{Detector, LEAST_BYTES};
use fleetward_front_door::Awaited;
use fleetward_store::{Documents, Kind, Tx, Violations};
use tokio::sync::watch;

use super::fixture::{
    Folder, PARTITIONS, START_MS, connected, profile, report, settings, text, written_and_peak,
};
use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::Outcome;

/// How long the API rests between two writes.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let runtime = tokio::runtime::Runtime::new().map_err(text)?;
    let mut outcome = Outcome {
        case: "checkpoints",
        correct: true,
        unit: "bytes of state a report",
        ours: Vec::new(),
        limit_name: "bytes of log a report",
        limit: Vec::new(),
        notes: vec![format!("{} things; load {load}", arguments.things)],
    };
    for _ in 0..arguments.runs {
        runtime.block_on(round(arguments, &mut outcome))?;
    }
    Ok(outcome)
}

async fn round(arguments: &Arguments, outcome: &mut Outcome) -> Result<(), String> {
    let (things, folder) = (arguments.things, Folder::new()?);
    let (stop, stopped) = watch::channel(false);
    let detector = Detector {
        settings: settings(things),
        store: folder.store.clone(),
        log: folder.log.clone(),
        awaited: Awaited::default(),
        outgoing: fleetward_front_door::Outgoing::default(),
        least_bytes: LEAST_BYTES,
        assignment: watch::channel((0..PARTITIONS).collect()).1,
    };
    let detecting = tokio::spawn(detector.run(stopped));
    let mut records = vec![profile(1)?];
    records.extend(connected(things)?);
    folder.append(&records).await?;
    drop(records);
    probed(&folder, things, 0).await?;
    let (over, is_over) = watch::channel(false);
    let writer = tokio::spawn(writes_of_the_api(folder.store.clone(), is_over));
    let (before, _) = written_and_peak();
    let began = Instant::now();
    let (mut bytes, mut reports) = (0, 0);
    for turn in 0..arguments.rounds {
        let id = i64::try_from(turn).unwrap_or(0) + 2;
        let some: Result<Vec<_>, _> =
            (0..things).map(|number| report(number, id, START_MS + id, 3)).collect();
        let some = some?;
        bytes += folder.append(&some).await?;
        reports += some.len();
    }
    probed(&folder, things, 1).await?;
    let seconds = began.elapsed().as_secs_f64();
    let (after, _) = written_and_peak();
    over.send(true).map_err(text)?;
    let (writes, store_bytes, longest_ms) = writer.await.map_err(text)??;
    // The log writes what is appended and little around it; the rest is state and the API's.
    let state = (after - before).saturating_sub(bytes).saturating_sub(store_bytes);
    outcome.ours.push(state as f64 / reports as f64);
    outcome.limit.push(bytes as f64 / reports as f64);
    outcome.notes.push(format!(
        "{reports} reports in {seconds:.1} s, {:.0} MB of log; {writes} writes of the API beside \
         it, the longest {longest_ms:.0} ms",
        bytes as f64 / 1e6
    ));
    stop.send(true).map_err(text)?;
    detecting.await.map_err(text)?.map_err(text)
}

/// Waits until all that was logged so far is applied: a thing that alarms comes last.
async fn probed(folder: &Folder, things: u64, turn: u64) -> Result<(), String> {
    let mut newest = folder.store.newest_event();
    folder.append(&[report(things + turn, 1, START_MS + 100, 99)?]).await?;
    newest.changed().await.map_err(text)
}

/// How many writes, about how many bytes, and how long the longest took in milliseconds.
async fn writes_of_the_api(
    store: std::sync::Arc<fleetward_store::sqlite::SqliteStore>,
    over: watch::Receiver<bool>,
) -> Result<(u64, u64, f64), String> {
    /// The least that SQLite writes of a commit: a page and its frame, twice for the root.
    const BYTES_OF_A_WRITE: u64 = 2 * (4096 + 24);
    let (mut writes, mut longest_ms) = (0, 0.0_f64);
    while !*over.borrow() {
        let mut tx = Tx::default();
        tx.puts.push((Kind::Setting, "bench".to_owned(), b"1".to_vec()));
        let began = Instant::now();
        store.commit(tx).await.map_err(text)?;
        longest_ms = longest_ms.max(began.elapsed().as_secs_f64() * 1e3);
        writes += 1;
        tokio::time::sleep(PAUSE).await;
    }
    Ok((writes, writes * BYTES_OF_A_WRITE, longest_ms))
}
