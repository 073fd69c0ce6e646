//! A store that lets others go first before each of its steps, so that what runs at once in a
//! test is interleaved as on a busy machine.

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
pub(crate) struct Interleaved(MemoryStore);

#[async_trait::async_trait]
impl Documents for Interleaved {
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        yield_now().await;
        self.0.get(kind, key).await
    }

    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        yield_now().await;
        self.0.list(kind, prefix, after, limit).await
    }

    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
        yield_now().await;
        self.0.count(kind, prefix).await
    }

    async fn commit(&self, tx: Tx) -> Result<Committed, StoreError> {
        yield_now().await;
        self.0.commit(tx).await
    }

    async fn changes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        self.0.changes_after(seq, limit).await
    }

    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError> {
        self.0.prune_changes(seq).await
    }

    fn newest_change(&self) -> watch::Receiver<u64> {
        self.0.newest_change()
    }

    fn format_level(&self) -> FormatLevel {
        self.0.format_level()
    }

    fn unreadable(&self) -> &Unreadable {
        self.0.unreadable()
    }
}

#[async_trait::async_trait]
impl Partitions for Interleaved {
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        self.0.claim_partition(partition).await
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        self.0.load_chunks(partition).await
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        self.0.commit_detection(tx).await
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
        self.0.active_violations(filter, after, limit).await
    }

    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
        self.0.violation_events(filter, after, limit).await
    }

    fn newest_event(&self) -> watch::Receiver<u64> {
        self.0.newest_event()
    }

    async fn knows_violation(&self, violation_id: &str) -> Result<bool, StoreError> {
        self.0.knows_violation(violation_id).await
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        self.0.expire_events(before_ms).await
    }
}

#[async_trait::async_trait]
impl Outbox for Interleaved {
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        self.0.due_alerts(now_ms, limit).await
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        self.0.next_alert_ms(now_ms).await
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.0.alert_delivered(id).await
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.0.alert_failed(id, retry_ms, reason).await
    }
}
