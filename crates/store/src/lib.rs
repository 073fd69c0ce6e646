//! The store: documents, the feed of their changes, detection state, violations and the outbox.
//!
//! One small trait ([`Store`]), so that the same control plane and detectors run on SQLite
//! (`sqlite`, embedded), on memory (`memory`, tests) and later on PostgreSQL. Only this crate
//! knows SQL. It knows no rule of AWS: who may write what is decided above it, and made safe
//! against races by preconditions.

#[cfg(test)]
mod conformance;
mod detection;
mod document;
mod error;
pub mod limits;
pub mod memory;
mod noun;
mod query;
mod shape;
pub mod sqlite;

pub use detection::{Chunk, DetectionTx, DueAlert, PartitionClaim, PartitionProgress};
pub use document::{Committed, Document, Kind, Precondition, Tx, edge_ends, edge_key, edges_from};
pub use error::StoreError;
pub use noun::{Noun, Versioned, find};
pub use query::{EventCursor, EventFilter, ViolationFilter};
pub use shape::{
    AdministratorKey, CertificateAttachment, FrontDoorBoot, Gate, KeyStatus, RelayPosition,
    SealedAccessKey, SealedAuthority,
};

use fleetward_domain::{Change, EpochMs, VerificationState, Violation, ViolationEvent};
use tokio::sync::watch;

/// Everything that must survive. All methods are safe to call at once from many tasks; a method
/// that writes returns after its write is durable.
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    /// One document.
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError>;

    /// Documents whose keys start with `prefix` and come after `after`, by key, at most `limit`.
    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;

    /// How many documents have keys that start with `prefix`.
    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError>;

    /// Writes all of it or nothing. [`StoreError::Precondition`] names the first that failed.
    async fn commit(&self, tx: Tx) -> Result<Committed, StoreError>;

    /// Changes numbered above `seq`, in order, at most `limit`.
    async fn changes_after(&self, seq: u64, limit: usize)
    -> Result<Vec<(u64, Change)>, StoreError>;

    /// Forgets changes numbered below `seq`: those that every reader of the feed has seen.
    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError>;

    /// The number of the newest change; wakes when it grows.
    fn newest_change(&self) -> watch::Receiver<u64>;

    /// Takes a partition over: raises its epoch, so that a former owner's commits are refused.
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError>;

    /// All state chunks of a partition, by index.
    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError>;

    /// Writes what detection did, all or nothing. [`StoreError::Fenced`] if an epoch is stale.
    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError>;

    /// Open violations by (thing, id), after the given pair.
    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError>;

    /// Events in the filter's time range, newest first, after the given cursor.
    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError>;

    /// Grows when violations or events were written; the console and the alerts wait on it.
    fn newest_event(&self) -> watch::Receiver<u64>;

    /// An operator's word on a violation, kept with it and with its events. False: no such one.
    async fn verify_violation(
        &self,
        violation_id: &str,
        state: VerificationState,
        description: Option<String>,
    ) -> Result<bool, StoreError>;

    /// Alerts whose time has come, oldest first. For each (thing, target) only the oldest that is
    /// neither delivered nor dead is returned: order per thing holds.
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError>;

    /// When the next alert that is not due yet becomes due.
    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError>;

    /// The alert was delivered: it leaves the outbox.
    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError>;

    /// The alert failed: try again at `retry_ms`, or never (`None`: kept as a dead letter).
    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError>;

    /// Removes events older than this; returns how many.
    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError>;
}
