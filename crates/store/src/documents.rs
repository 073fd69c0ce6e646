//! Documents: what the control plane keeps, under (kind, key), with a version; and the feed of
//! the changes that their commits mean.

use fleetward_domain::{Change, Condition, FormatLevel};
use tokio::sync::watch;

use crate::error::StoreError;
use crate::kind::Kind;
use crate::tx::{Committed, Tx};
use crate::unreadable::Unreadable;

/// Documents and their changes.
#[async_trait::async_trait]
pub trait Documents: Send + Sync {
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

    /// Changes numbered above `seq`, in order, at most `limit`. What comes after a change that
    /// cannot be read is not given: [`StoreError::Corrupt`] or [`StoreError::WrittenNewer`] if
    /// that is the first. A reader stops there, for it cannot know what it would skip.
    async fn changes_after(&self, seq: u64, limit: usize)
    -> Result<Vec<(u64, Change)>, StoreError>;

    /// Forgets changes numbered below `seq`: those that every reader of the feed has seen.
    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError>;

    /// The number of the newest change; wakes when it grows.
    fn newest_change(&self) -> watch::Receiver<u64>;

    /// Which versions of stored shapes are written here. Fixed while the store is open.
    fn format_level(&self) -> FormatLevel;

    /// What was found unreadable since the store was opened.
    fn unreadable(&self) -> &Unreadable;

    /// Whether it takes writes. A sender that is gone leaves it as it was; a store that always
    /// works has none.
    fn condition(&self) -> watch::Receiver<Condition> {
        watch::channel(Condition::Works).1
    }

    /// The same of detection state, where that is kept apart.
    fn state_condition(&self) -> watch::Receiver<Condition> {
        watch::channel(Condition::Works).1
    }

    /// Where the disk was full, looks whether it still is, so that the condition is true though
    /// nobody writes.
    async fn look_for_room(&self) {}
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its kind.
    pub kind: Kind,
    /// Unique within its kind.
    pub key: String,
    /// The value; the control plane writes JSON.
    pub value: Vec<u8>,
    /// 1 when created, one more with each put.
    pub version: u64,
}
