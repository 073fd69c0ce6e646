//! The relay: carries changes of the registry and of profiles from the store into the log.
//!
//! Where it stands is kept in the store, written after the log has the changes. After a crash it
//! may append some twice; they carry their number, and a partition skips what it has seen.

use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::format_level::FormatLevel;
use fleetward_domain::record::partition_of;
use fleetward_domain::{Change, Record};
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};
use fleetward_store::{Kind, Store, Tx};
use tokio::sync::watch;

use crate::clock::now_ms;
use crate::failure::Failure;

/// Changes that are carried at once.
const BATCH: usize = 1000;
/// Changes that are kept behind the relay for front doors that are slower.
const CHANGES_KEPT: u64 = 10_000;
/// How long to wait after a failure before trying again.
const PAUSE: Duration = Duration::from_millis(500);
const POSITION: &str = "relay-position";

/// Carries changes until told to stop.
pub(crate) async fn run(
    level: FormatLevel,
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    mut stop: watch::Receiver<bool>,
) {
    let mut newest = store.newest_change();
    loop {
        match carry(level, &*store, &*log).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(failure) => {
                tracing::error!("changes do not reach the log, trying again: {failure}");
                tokio::time::sleep(PAUSE).await;
                if !*stop.borrow() {
                    continue;
                }
            }
        }
        tokio::select! {
            changed = newest.changed() => if changed.is_err() { return },
            _ = stop.changed() => return,
        }
    }
}

/// Carries one batch; false if there was nothing to carry.
async fn carry(level: FormatLevel, store: &dyn Store, log: &dyn EventLog) -> Result<bool, Failure> {
    let position = read_position(store).await?;
    let changes =
        store.changes_after(position, BATCH).await.map_err(Failure::of("cannot read changes"))?;
    let Some(last) = changes.last().map(|(seq, _)| *seq) else { return Ok(false) };
    let partitions = log.partitions();
    let entries = changes
        .into_iter()
        .filter_map(|(seq, change)| {
            let partition = destination(&change, partitions)?;
            Some((partition, Record::Change(seq, now_ms(), change)))
        })
        .map(|(partition, record)| Entry { partition, bytes: record::encode(&record, level) })
        .collect::<Vec<_>>();
    if !entries.is_empty() {
        log.append(entries).await.map_err(Failure::of("cannot append changes"))?;
    }
    write_position(store, last).await?;
    // Front doors follow the same feed; one that is further behind looks at everything again.
    let seen = last.saturating_sub(CHANGES_KEPT);
    store.prune_changes(seen).await.map_err(Failure::of("cannot forget old changes"))?;
    Ok(true)
}

/// Which partitions must know; none for what only front doors ask for.
fn destination(change: &Change, partitions: u32) -> Option<u32> {
    match change {
        Change::Thing { name, .. } => Some(partition_of(name.as_str(), partitions)),
        Change::Profile(..) | Change::ProfileDeleted(_) => Some(EVERY_PARTITION),
        Change::Dimension(_) | Change::Certificate(_) | Change::Policy(_) => None,
    }
}

async fn read_position(store: &dyn Store) -> Result<u64, Failure> {
    let found = store
        .get(Kind::Setting, POSITION)
        .await
        .map_err(Failure::of("cannot read the relay's position"))?;
    let Some(document) = found else { return Ok(0) };
    serde_json::from_slice(&document.value).map_err(Failure::of("the relay's position is damaged"))
}

async fn write_position(store: &dyn Store, position: u64) -> Result<(), Failure> {
    let puts = vec![(Kind::Setting, POSITION.to_owned(), position.to_string().into_bytes())];
    store
        .commit(Tx { puts, ..Tx::default() })
        .await
        .map(|_| ())
        .map_err(Failure::of("cannot write the relay's position"))
}
