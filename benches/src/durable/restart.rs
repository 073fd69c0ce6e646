//! Restart after a kill: from the open files to the first verdict. The limit is reading the same
//! state, byte by byte, with its checksums.

use std::time::Instant;

use fleetward_store::Partitions;

use super::fixture::{
    Folder, PARTITIONS, START_MS, WINDOW_MS, connected, length, profile, report, text, watermark,
};
use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::Outcome;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let runtime = tokio::runtime::Runtime::new().map_err(text)?;
    let mut outcome = Outcome {
        case: "restart",
        correct: true,
        unit: "milliseconds to the first verdict",
        ours: Vec::new(),
        limit_name: "reading the state",
        limit: Vec::new(),
        notes: vec![format!("{} things; load {load}", arguments.things)],
    };
    let things = arguments.things;
    let (mut folder, mut owned_log) = runtime.block_on(prepared(things))?;
    for _ in 0..arguments.runs {
        let began = Instant::now();
        let opened = Folder::at(folder)?;
        let replayed = runtime.block_on(async {
            let mut owned = opened.own(things).await?;
            let loaded = began.elapsed().as_secs_f64() * 1e3;
            opened.catch_up(&mut owned, owned_log).await?;
            Ok::<_, String>(loaded)
        })?;
        outcome.ours.push(began.elapsed().as_secs_f64() * 1e3);
        let began = Instant::now();
        runtime.block_on(read_only(&opened))?;
        outcome.limit.push(began.elapsed().as_secs_f64() * 1e3);
        outcome.notes.push(format!(
            "loaded after {replayed:.0} ms; {owned_log} records replayed; {:.0} MB of state",
            length(opened.folder.path(), "state.db") as f64 / 1e6
        ));
        // What the first verdict of the next run needs was not written: it is replayed again.
        folder = opened.killed();
        owned_log = owned_log.max(1);
    }
    Ok(outcome)
}

/// A folder whose state is written, and which has a report of every tenth thing after it. How many
/// records come after the state.
async fn prepared(things: u64) -> Result<(tempfile::TempDir, usize), String> {
    let folder = Folder::new()?;
    let mut records = vec![profile(1)?];
    records.extend(connected(things)?);
    let mut owned = folder.own(things).await?;
    folder.append(&records).await?;
    folder.catch_up(&mut owned, records.len()).await?;
    // One in twenty has an open violation.
    let mut open = Vec::new();
    for number in (0..things).step_by(20) {
        open.push(report(number, 1, START_MS + 1_000, 99)?);
    }
    folder.append(&open).await?;
    folder.catch_up(&mut owned, open.len()).await?;
    for (number, _) in owned.positions() {
        if let Some(state) = owned.state(number).map_err(text)? {
            folder.store.write_state(state).await.map_err(text)?;
        }
    }
    let mut after = Vec::new();
    for number in (0..things).step_by(10) {
        after.push(report(number, 2, START_MS + 2_000, 99)?);
    }
    after.push(watermark(START_MS + WINDOW_MS / 2));
    folder.append(&after).await?;
    Ok((folder.killed(), after.len()))
}

async fn read_only(folder: &Folder) -> Result<(), String> {
    for partition in 0..PARTITIONS {
        folder.store.load_chunks(partition).await.map_err(text)?;
    }
    Ok(())
}
