//! When what the partitions did goes to the store: effects at once, state now and then.

use std::sync::Arc;
use std::time::Duration;

use fleetward_environment::Clock;
use fleetward_log::{Entered, EventLog};
use fleetward_store::{DetectionTx, Store};
use tokio::time::Instant;

use super::owned::Owned;
use crate::failure::Failure;

/// State is written this often; what came since is replayed after a crash.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
/// State is also written when this much log was applied since the last time.
const CHECKPOINT_BYTES: usize = 32 << 20;

/// Commits what the partitions did.
pub(super) struct Committer {
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    clock: Clock,
    /// When state is to be written next.
    due: Instant,
    /// Log that was applied since state was last written.
    bytes: usize,
}

impl Committer {
    pub(super) fn new(store: Arc<dyn Store>, log: Arc<dyn EventLog>, clock: Clock) -> Self {
        let due = clock.instant() + CHECKPOINT_EVERY;
        Self { store, log, clock, due, bytes: 0 }
    }

    /// Applies records, and commits what must not wait for the next checkpoint.
    pub(super) async fn apply(
        &mut self,
        owned: &mut Owned,
        batch: &[Entered],
    ) -> Result<(), Failure> {
        self.bytes += batch.iter().map(|entered| entered.bytes.len()).sum::<usize>();
        let mut tx = owned.apply(batch)?;
        if self.bytes >= CHECKPOINT_BYTES || self.due <= self.clock.instant() {
            owned.add_state(&mut tx)?;
            return self.commit_state(owned, tx).await;
        }
        // Without effects there is nothing that a replay would not do again.
        if tx.progress.is_empty() { Ok(()) } else { self.commit(tx).await }
    }

    /// Waits until state is to be written.
    pub(super) fn checkpoint_is_due(&self) -> impl Future<Output = ()> + use<> {
        let (clock, due) = (self.clock.clone(), self.due);
        async move { clock.sleep_until_instant(due).await }
    }

    /// Writes all state that changed, so that a restart replays from here.
    pub(super) async fn write_state(&mut self, owned: &mut Owned) -> Result<(), Failure> {
        let mut tx = DetectionTx::default();
        owned.add_state(&mut tx)?;
        self.commit_state(owned, tx).await
    }

    async fn commit_state(&mut self, owned: &mut Owned, tx: DetectionTx) -> Result<(), Failure> {
        self.commit(tx).await?;
        self.due = self.clock.instant() + CHECKPOINT_EVERY;
        self.bytes = 0;
        owned.state_written();
        let released = self.log.release(&owned.positions()).await;
        released.map_err(Failure::of("cannot release the log"))
    }

    async fn commit(&self, tx: DetectionTx) -> Result<(), Failure> {
        let committed = self.store.commit_detection(tx).await;
        committed.map_err(Failure::of("detection cannot commit"))
    }
}
