//! A store that lets others go first before each of its steps, so that what runs at once in a
//! test is interleaved as on a busy machine.

use std::sync::atomic::{AtomicU32, Ordering};

use fleetward_domain::format_level::FormatLevel;
use fleetward_domain::{Change, EpochMs, Violation, ViolationEvent};
use fleetward_store::memory::MemoryStore;
use fleetward_store::{
    Chunk, Committed, DetectionTx, Document, Documents, DueAlert, EventCursor, EventFilter, Kind,
    Outbox, PartitionClaim, Partitions, StoreError, Tx, Unreadable, ViolationFilter, Violations,
};
use tokio::sync::watch;
use tokio::task::yield_now;

#[derive(Default)]
pub(crate) struct Interleaved {
    store: MemoryStore,
    /// How many of the next commits lose a race to another process.
    pub(crate) lost_commits: AtomicU32,
}

#[async_trait::async_trait]
impl Documents for Interleaved {
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        yield_now().await;
        self.store.get(kind, key).await
    }

    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        yield_now().await;
        self.store.list(kind, prefix, after, limit).await
    }

    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
        yield_now().await;
        self.store.count(kind, prefix).await
    }

    async fn commit(&self, tx: Tx) -> Result<Committed, StoreError> {
        yield_now().await;
        let lose = |left: u32| left.checked_sub(1);
        let lost = self.lost_commits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose);
        if let (Ok(_), Some(over)) = (lost, tx.preconditions.first()) {
            return Err(StoreError::Precondition(over.clone()));
        }
        self.store.commit(tx).await
    }

    async fn changes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        self.store.changes_after(seq, limit).await
    }

    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError> {
        self.store.prune_changes(seq).await
    }

    fn newest_change(&self) -> watch::Receiver<u64> {
        self.store.newest_change()
    }

    fn format_level(&self) -> FormatLevel {
        self.store.format_level()
    }

    fn unreadable(&self) -> &Unreadable {
        self.store.unreadable()
    }
}

#[async_trait::async_trait]
impl Partitions for Interleaved {
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        self.store.claim_partition(partition).await
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        self.store.load_chunks(partition).await
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        self.store.commit_detection(tx).await
    }
}

#[async_trait::async_trait]
impl Violations for Interleaved {
    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError> {
        self.store.active_violations(filter, after, limit).await
    }

    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
        self.store.violation_events(filter, after, limit).await
    }

    fn newest_event(&self) -> watch::Receiver<u64> {
        self.store.newest_event()
    }

    async fn knows_violation(&self, violation_id: &str) -> Result<bool, StoreError> {
        self.store.knows_violation(violation_id).await
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        self.store.expire_events(before_ms).await
    }
}

#[async_trait::async_trait]
impl Outbox for Interleaved {
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        self.store.due_alerts(now_ms, limit).await
    }

    fn newest_alert(&self) -> watch::Receiver<u64> {
        self.store.newest_alert()
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        self.store.next_alert_ms(now_ms).await
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.store.alert_delivered(id).await
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.store.alert_failed(id, retry_ms, reason).await
    }
}
