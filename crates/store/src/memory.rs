//! The store in memory: for tests. It does what the others do, and forgets it all.

mod detection;
mod documents;
mod outbox;
mod violations;

use std::sync::{Mutex, MutexGuard, PoisonError};

use fleetward_domain::{Change, EpochMs, VerificationState, Violation, ViolationEvent};
use tokio::sync::watch;

use crate::detection::{Chunk, DetectionTx, DueAlert, PartitionClaim};
use crate::document::{Committed, Document, Kind, Tx};
use crate::error::StoreError;
use crate::query::{EventCursor, EventFilter, ViolationFilter};
use crate::{Store, limits};

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    newest_change: watch::Sender<u64>,
    newest_event: watch::Sender<u64>,
}

/// Everything, behind one lock.
#[derive(Debug, Default)]
struct State {
    documents: documents::Documents,
    detection: detection::Partitions,
    violations: violations::Violations,
    outbox: outbox::Outbox,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Mutex::default(),
            newest_change: watch::Sender::new(0),
            newest_event: watch::Sender::new(0),
        }
    }

    /// A writer that panicked leaves the state as it was: each write checks before it changes.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event_written(&self) {
        self.newest_event.send_modify(|newest| *newest += 1);
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        Ok(self.state().documents.get(kind, key))
    }

    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        Ok(self.state().documents.list(kind, prefix, after, limit))
    }

    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
        Ok(self.state().documents.list(kind, prefix, None, usize::MAX).len() as u64)
    }

    async fn commit(&self, tx: Tx) -> Result<Committed, StoreError> {
        tx.check()?;
        let mut state = self.state();
        let committed = state.documents.commit(tx)?;
        self.newest_change.send_if_modified(|newest| {
            let grew = *newest < committed.change_seq;
            *newest = committed.change_seq;
            grew
        });
        Ok(committed)
    }

    async fn changes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        Ok(self.state().documents.changes_after(seq, limit))
    }

    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError> {
        self.state().documents.prune_changes(seq);
        Ok(())
    }

    fn newest_change(&self) -> watch::Receiver<u64> {
        self.newest_change.subscribe()
    }

    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        Ok(self.state().detection.claim(partition))
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        Ok(self.state().detection.chunks(partition))
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        tx.check()?;
        let has_effects = tx.has_effects();
        {
            let state = &mut *self.state();
            state.detection.apply(&tx.progress, tx.chunks)?;
            state.violations.apply(tx.violations, tx.events, &tx.closed);
            state.outbox.add(tx.alerts);
        }
        if has_effects {
            self.event_written();
        }
        Ok(())
    }

    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError> {
        Ok(self.state().violations.active(filter, after, limit))
    }

    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
        Ok(self.state().violations.events(filter, after, limit))
    }

    fn newest_event(&self) -> watch::Receiver<u64> {
        self.newest_event.subscribe()
    }

    async fn verify_violation(
        &self,
        violation_id: &str,
        state: VerificationState,
        description: Option<String>,
    ) -> Result<bool, StoreError> {
        let size_bytes = description.as_ref().map_or(0, String::len);
        crate::document::bounded("a verification's description", size_bytes, limits::VALUE_BYTES)?;
        let found = self.state().violations.verify(violation_id, state, description);
        if found {
            self.event_written();
        }
        Ok(found)
    }

    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        Ok(self.state().outbox.due(now_ms, limit))
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        Ok(self.state().outbox.next_ms(now_ms))
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.state().outbox.delivered(id);
        Ok(())
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        _reason: &str,
    ) -> Result<(), StoreError> {
        self.state().outbox.failed(id, retry_ms);
        Ok(())
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        let mut state = self.state();
        state.outbox.expire(before_ms);
        Ok(state.violations.expire_events(before_ms))
    }
}
