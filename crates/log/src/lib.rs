//! The event log between the front doors and the detectors: partitioned, durable, ordered.
//!
//! One trait ([`EventLog`]) with two implementations to come and one here: `embedded`, an
//! append-only file with group commit. It carries opaque bytes; [`record`] says how the domain's
//! records are written in them. What `append` has acknowledged is on disk.

#[cfg(test)]
mod conformance;
pub mod disk;
pub mod embedded;
mod error;
pub mod limits;
pub mod record;

pub use error::LogError;

use fleetward_domain::{Condition, Placement};
use tokio::sync::watch;

/// In place of a partition: the record belongs to every partition. The embedded log stores it
/// once and hands it to a consumer once, with this number; a log that cannot writes it to each.
pub const EVERY_PARTITION: u32 = u32::MAX;

/// One record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The partition, or [`EVERY_PARTITION`]; records of one partition, those for every partition
    /// among them, keep the order of their appends.
    pub partition: u32,
    /// Opaque, at most [`limits::RECORD_BYTES`].
    pub bytes: Vec<u8>,
}

/// One record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The partition.
    pub partition: u32,
    /// Its place: grows from record to record of a partition, not necessarily by one. A record
    /// at offset `n` was consumed when the stored offset is above `n`.
    pub offset: u64,
    /// Opaque.
    pub bytes: Vec<u8>,
}

/// Where records go and come from.
#[async_trait::async_trait]
pub trait EventLog: Send + Sync {
    /// How things are placed in partitions: fixed when the log is made.
    fn placement(&self) -> Placement;

    /// How many partitions there are.
    fn partitions(&self) -> u32 {
        self.placement().partitions
    }

    /// Appends all of it and returns when it is durable (group commit: many callers share one
    /// sync). Entries of one call stay in order. Waits while too much is in flight.
    ///
    /// [`LogError::Full`]: nothing of it was written, and trying again later may do. After any
    /// other error of a write the log takes nothing more.
    async fn append(&self, entries: Vec<Entry>) -> Result<(), LogError>;

    /// Reads the given partitions, each from the first offset at or above its position.
    async fn consume(&self, positions: &[(u32, u64)]) -> Result<Box<dyn Consumer>, LogError>;

    /// Records below these offsets are not needed to recover; the log may drop them once they
    /// are also past its retention.
    async fn release(&self, positions: &[(u32, u64)]) -> Result<(), LogError>;

    /// Whether it takes records. A sender that is gone leaves it as it was; a log that always
    /// works has none.
    fn condition(&self) -> watch::Receiver<Condition> {
        watch::channel(Condition::Works).1
    }

    /// Where the disk was full, looks whether it still is, so that the condition is true though
    /// nobody appends.
    async fn look_for_room(&self) {}

    /// About how many bytes of records the log is to keep. What is not released is kept beyond
    /// that, so whoever consumes sees to it that little is.
    fn retention_bytes(&self) -> u64 {
        u64::MAX
    }
}

/// A reader of some partitions. Dropping it ends it.
#[async_trait::async_trait]
pub trait Consumer: Send {
    /// The next records, in order within each partition: at least one, about `max_bytes` at
    /// most. Waits until there is one. Only durable records are returned.
    async fn next(&mut self, max_bytes: usize) -> Result<Vec<Entered>, LogError>;

    /// Where one offset orders the records of all partitions: every record below it that is wanted
    /// was returned, so that also a partition without records stands there. None where each
    /// partition has offsets of its own.
    fn passed(&self) -> Option<u64>;
}
