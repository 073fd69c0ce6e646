//! Everyone violates: one record puts all things in alarm. The bytes that are written for it, the
//! time, the memory, and how long other things' alarms wait meanwhile.

use std::time::Instant;

use fleetward::roles::detector::Batch;
use fleetward_log::EventLog;
use fleetward_store::{ViolationFilter, Violations};

use super::fixture::{
    Folder, START_MS, WINDOW_MS, connected, profile, report, text, watermark, written_and_peak,
};
use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::Outcome;

/// Reports that alarm while everyone does, one after so many commits.
const COMMITS_A_PROBE: usize = 10;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let runtime = tokio::runtime::Runtime::new().map_err(text)?;
    let mut outcome = Outcome {
        case: "everyone-violates",
        correct: true,
        unit: "bytes written an alarm",
        ours: Vec::new(),
        limit_name: "bytes of an event",
        limit: Vec::new(),
        notes: vec![format!("{} things; load {load}", arguments.things)],
    };
    for _ in 0..arguments.runs {
        runtime.block_on(round(arguments.things, &mut outcome))?;
    }
    Ok(outcome)
}

async fn round(things: u64, outcome: &mut Outcome) -> Result<(), String> {
    let folder = Folder::new()?;
    let mut records = vec![profile(1)?];
    records.extend(connected(things)?);
    let count = records.len();
    folder.append(&records).await?;
    drop(records);
    let mut owned = folder.own(things).await?;
    folder.catch_up(&mut owned, count).await?;
    // The second window is whole, and everyone was silent in it.
    folder.append(&[watermark(START_MS + 2 * WINDOW_MS + 10_000)]).await?;
    let mut consumer = folder.log.consume(&owned.positions()).await.map_err(text)?;
    let (written, memory) = written_and_peak();
    let began = Instant::now();
    let (mut commits, mut probes, mut delays) = (0, 0, Vec::new());
    let records = consumer.next(1 << 20).await.map_err(text)?;
    let mut tx = owned.take(&Batch { records, passed: consumer.passed() }).map_err(text)?;
    let mut asked: Option<(String, Instant)> = None;
    loop {
        let told = asked.as_ref().is_some_and(|(thing, _)| {
            tx.effects.violations.iter().any(|open| {
                open.thing.as_str() == thing && open.behavior.name.as_str() == "few-ports"
            })
        });
        folder.commit(&mut owned, tx).await?;
        commits += 1;
        if told && let Some((_, since)) = asked.take() {
            delays.push(since.elapsed().as_secs_f64() * 1e3);
        }
        if !owned.has_work() && asked.is_none() {
            break;
        }
        if asked.is_none() && commits % COMMITS_A_PROBE == 0 {
            // Another thing, in any partition, alarms for a reason of its own.
            let number = things + probes;
            probes += 1;
            let at_ms = START_MS + 2 * WINDOW_MS + 11_000;
            asked = Some((format!("thing-{number:08}"), Instant::now()));
            folder.append(&[report(number, 1, at_ms, 99)?]).await?;
            let records = consumer.next(1 << 20).await.map_err(text)?;
            tx = owned.take(&Batch { records, passed: consumer.passed() }).map_err(text)?;
        } else {
            tx = owned.go_on();
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let (written_after, memory_after) = written_and_peak();
    let found = in_alarm(&folder, outcome).await?;
    outcome.correct &= found == things + probes;
    outcome.ours.push((written_after - written) as f64 / things.max(1) as f64);
    let longest = delays.iter().copied().fold(0.0, f64::max);
    let mean = delays.iter().sum::<f64>() / delays.len().max(1) as f64;
    outcome.notes.push(format!(
        "{seconds:.2} s, {commits} commits, {:.0} MB written, {:.0} MB more memory at most; alarms \
         of others: {} of them, {mean:.0} ms in the mean, {longest:.0} ms at most",
        (written_after - written) as f64 / 1e6,
        (memory_after - memory) as f64 / 1e6,
        delays.len()
    ));
    Ok(())
}

/// How many violations are open; the size of one is the limit.
async fn in_alarm(folder: &Folder, outcome: &mut Outcome) -> Result<u64, String> {
    let (mut count, mut after) = (0, None);
    loop {
        let filter = ViolationFilter::default();
        let page = folder.store.active_violations(&filter, after, 10_000).await.map_err(text)?;
        let Some(last) = page.last() else { return Ok(count) };
        if count == 0 {
            let [id, thing] = [last.id.len(), last.thing.as_str().len()];
            // Its id, thing and profile, behavior, times, value and kind.
            outcome.limit.push((id + thing + 8 + 8 + 16 + 8 + 1) as f64);
        }
        count += page.len() as u64;
        after = Some(last.id.clone());
    }
}
