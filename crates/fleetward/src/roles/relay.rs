//! The relay: carries changes of the registry and of profiles from the store into the log.
//!
//! Where it stands is kept in the store, written after the log has the changes. After a crash it
//! may append some twice; they carry their number, and a partition skips what it has seen.

use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::{Change, Placement, Record, Unsayable};
use fleetward_environment::Clock;
use fleetward_front_door::{Stamped, Stamps};
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};
use fleetward_store::{RelayPosition, Store, StoreError, Tx, find};
use tokio::sync::watch;

use super::Shared;
use super::health::Health;
use super::role::Role;
use crate::failure::Failure;

/// Changes that are carried at once.
const BATCH: usize = 1000;
/// Changes that are kept behind the relay for front doors that are slower.
const CHANGES_KEPT: u64 = 10_000;
/// How long to wait after a failure before trying again.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts to carry changes.
///
/// # Errors
/// None; what fails later is told and tried again, and nothing is lost by waiting. Only a change
/// that cannot be read ends the role: detectors must not miss it, so somebody has to look.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let relay = Relay {
        store: shared.store.clone(),
        log: shared.log.clone(),
        clock: shared.clock.clone(),
        stamps: shared.stamps.clone(),
        health: shared.health.clone(),
    };
    Ok(Role::start("relay", shared, |stop| relay.run(stop)))
}

struct Relay {
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    clock: Clock,
    /// Stamps the changes.
    stamps: Arc<Stamps>,
    health: Arc<Health>,
}

impl Relay {
    async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let mut newest = self.store.newest_change();
        loop {
            // From before the try, so that one that hangs shows, too.
            self.health.changes_wait(self.clock.instant());
            let failed = match self.carry(&stop).await {
                Ok(more) => {
                    self.health.changes_go();
                    if more {
                        continue;
                    }
                    false
                }
                Err(Trouble::Unreadable(error)) => return Err(Failure::new(error.to_string())),
                Err(Trouble::Passing(failure)) => {
                    tracing::error!("changes do not reach the log, trying again: {failure}");
                    true
                }
            };
            tokio::select! {
                changed = newest.changed(), if !failed =>
                    changed.map_err(Failure::of("the store's feed of changes ended"))?,
                () = self.clock.sleep(PAUSE), if failed => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            }
        }
    }

    /// Carries one batch; false if there was nothing to carry, or the relay is to stop.
    async fn carry(&self, stop: &watch::Receiver<bool>) -> Result<bool, Trouble> {
        let position = read_position(&*self.store).await?;
        let changes = match self.store.changes_after(position, BATCH).await {
            Err(error) if error.is_about_what_is_stored() => {
                return Err(Trouble::Unreadable(error));
            }
            changes => changes.map_err(Failure::of("cannot read changes"))?,
        };
        let Some(last) = changes.last().map(|(seq, _)| *seq) else { return Ok(false) };
        // Held until they are logged, so that no word on the time gets between.
        let Some(stamp) = self.stamp(stop.clone()).await else { return Ok(false) };
        let (placement, level) = (self.log.placement(), self.store.format_level());
        let entries = changes
            .into_iter()
            .filter_map(|(seq, change)| {
                let partition = destination(&change, placement)?;
                Some((partition, Record::Change(seq, stamp.at_ms(), change)))
            })
            .map(|(partition, record)| {
                Ok(Entry { partition, bytes: record::encode(&record, level)? })
            })
            .collect::<Result<Vec<_>, Unsayable>>()
            .map_err(Failure::of("cannot append changes"))?;
        if !entries.is_empty() {
            self.log.append(entries).await.map_err(Failure::of("cannot append changes"))?;
        }
        drop(stamp);
        write_position(&*self.store, last).await?;
        // Front doors follow the same feed; one that is further behind looks at everything again.
        let seen = last.saturating_sub(CHANGES_KEPT);
        self.store.prune_changes(seen).await.map_err(Failure::of("cannot forget old changes"))?;
        Ok(true)
    }

    /// None if the relay is to stop: the front door, which stops before it, may give no stamps any
    /// more.
    async fn stamp(&self, mut stop: watch::Receiver<bool>) -> Option<Stamped> {
        tokio::select! {
            stamp = self.stamps.take() => Some(stamp),
            _ = stop.wait_for(|stop| *stop) => None,
        }
    }
}

/// What keeps changes from being carried.
enum Trouble {
    /// Trying again may help.
    Passing(Failure),
    /// The next change cannot be read.
    Unreadable(StoreError),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Passing(failure)
    }
}

/// Which partitions must know; none for what only front doors ask for.
fn destination(change: &Change, placement: Placement) -> Option<u32> {
    match change {
        Change::Thing { name, .. } => Some(placement.partition_of(name.as_str())),
        Change::Profile(..) | Change::ProfileDeleted(_) | Change::GroupDeleted { .. } => {
            Some(EVERY_PARTITION)
        }
        Change::Dimension(_) | Change::Certificate(_) | Change::Policy(_) => None,
    }
}

async fn read_position(store: &dyn Store) -> Result<u64, Failure> {
    let found = find::<RelayPosition>(store, RelayPosition::KEY)
        .await
        .map_err(Failure::of("cannot read the relay's position"))?;
    Ok(found.map_or(0, |position| position.value.0))
}

async fn write_position(store: &dyn Store, position: u64) -> Result<(), Failure> {
    let tried = "cannot write the relay's position";
    let mut tx = Tx::default();
    tx.put(&RelayPosition(position), store.format_level()).map_err(Failure::of(tried))?;
    store.commit(tx).await.map(|_| ()).map_err(Failure::of(tried))
}

#[cfg(test)]
mod tests {
    use fleetward_domain::{DimensionName, ProfileName};
    use fleetward_environment::RecordClock;
    use fleetward_log::embedded::EmbeddedLog;
    use fleetward_log::{Consumer, LogError};
    use fleetward_store::Documents;
    use fleetward_store::sqlite::SqliteStore;
    use tokio::sync::Notify;

    use super::*;

    fn relay(store: Arc<dyn Store>, log: Arc<dyn EventLog>, health: Arc<Health>) -> Relay {
        let clock = Clock::of_the_runtime(0);
        let stamps = Arc::new(Stamps::new(RecordClock::new(clock.clone())));
        Relay { store, log, stamps, clock, health }
    }

    /// Takes nothing until it is told to.
    #[derive(Default)]
    struct StalledLog {
        asked: Notify,
        goes_on: Notify,
    }

    #[async_trait::async_trait]
    impl EventLog for StalledLog {
        fn placement(&self) -> Placement {
            Placement::even(4)
        }

        async fn append(&self, _: Vec<Entry>) -> Result<(), LogError> {
            self.asked.notify_one();
            self.goes_on.notified().await;
            Ok(())
        }

        async fn consume(&self, _: &[(u32, u64)]) -> Result<Box<dyn Consumer>, LogError> {
            Err(LogError::Closed)
        }

        async fn release(&self, _: &[(u32, u64)]) -> Result<(), LogError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_change_that_cannot_be_read_ends_the_relay_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = SqliteStore::open(&path).unwrap();
        for name in ["before", "canary", "after"] {
            let changes = vec![Change::Dimension(DimensionName::parse(name).unwrap())];
            store.commit(Tx { changes, ..Tx::default() }).await.unwrap();
        }
        store.close().await.unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.windows(6).position(|window| window == b"canary").unwrap();
        // The byte before the name says that a text follows.
        bytes[place - 1] = 0xFF;
        std::fs::write(&path, bytes).unwrap();

        let store = SqliteStore::open(&path).unwrap();
        let log = EmbeddedLog::open(&folder.path().join("log"), None, 0).unwrap();
        let relay = relay(store.clone(), log, Arc::default());
        let (_stop, stopped) = watch::channel(false);
        let failure = relay.run(stopped).await.unwrap_err().to_string();
        assert!(failure.starts_with("change \"2\" is corrupt: "), "{failure}");
        // What came before it was carried, and nothing behind it.
        assert_eq!(read_position(&*store).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_change_on_its_way_to_the_log_holds_its_time_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
        let gone = Change::ProfileDeleted(ProfileName::parse("gone").unwrap());
        store.commit(Tx { changes: vec![gone], ..Tx::default() }).await.unwrap();
        let log = Arc::new(StalledLog::default());
        let relay = relay(store, log.clone(), Arc::default());
        let stamps = relay.stamps.clone();
        let (_stop, stopped) = watch::channel(false);
        let running =
            tokio::spawn(async move { relay.carry(&stopped).await.is_ok_and(|more| more) });
        log.asked.notified().await;
        let stamped_ms = stamps.settled_until();
        while stamps.clock().now_ms() == stamped_ms {
            tokio::task::yield_now().await;
        }
        assert_eq!(stamps.settled_until(), stamped_ms, "who asks would hear that all is logged");
        log.goes_on.notify_one();
        assert!(running.await.unwrap());
        assert!(stamps.settled_until() > stamped_ms);
    }

    #[tokio::test]
    async fn a_relay_that_keeps_failing_says_so_until_it_is_told_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
        let log = EmbeddedLog::open(&folder.path().join("log"), None, 0).unwrap();
        store.close().await.unwrap();
        let (health, clock) = (Arc::new(Health::default()), Clock::of_the_runtime(0));
        let disk = crate::roles::disk::Disk::that_works();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(relay(store, log, health.clone()).run(stopped));
        // Asked as if it were much later: what is waited for is the first failure.
        while health.answer(clock.instant() + 100 * PAUSE, &disk, 0).0.is_success() {
            tokio::task::yield_now().await;
        }
        stop.send(true).unwrap();
        running.await.unwrap().unwrap();
    }
}
