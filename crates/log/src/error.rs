//! Why the log did not do it.

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with an event log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The system refused.
    #[error("{tried} {path}: {cause}")]
    Io {
        /// Such as `cannot open`.
        tried: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// A record is longer than [`crate::limits::RECORD_BYTES`].
    #[error("a record of {bytes} bytes is longer than the limit of {limit}")]
    RecordTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A partition that this log does not have.
    #[error("partition {partition} does not exist, there are {partitions}")]
    NoSuchPartition {
        /// The one that was named.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// The log was made with another number of partitions.
    #[error("the log has {found} partitions and the settings say {wanted}; the number is fixed")]
    OtherPartitions {
        /// What the log has.
        found: u32,
        /// What was asked for.
        wanted: u32,
    },
    /// Where there are records, and the file beside them is gone that says how they are placed.
    #[error(
        "{0} is missing, which says in how many partitions the records beside it are: put it back \
         as it was, or the whole data folder from one backup"
    )]
    PartitionsLost(PathBuf),
    /// What was durable once is damaged. Nothing is skipped silently.
    #[error("{path} is damaged at byte {at}: {problem}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What is wrong there.
        problem: &'static str,
    },
    /// Records from there on were asked for and are not kept any more.
    #[error("the log begins at offset {begins}, offset {wanted} is gone")]
    Gone {
        /// The first offset that is kept.
        begins: u64,
        /// The one that was asked for.
        wanted: u64,
    },
    /// Records beyond the end were asked for: this log has lost its end, or is not the log that the
    /// offset is of. Waiting for that offset would skip all records up to it.
    #[error("the log ends at offset {ends}, offset {wanted} was never written to it")]
    Beyond {
        /// Where the next record will be.
        ends: u64,
        /// The offset that was asked for.
        wanted: u64,
    },
    /// There is no room on the disk. Nothing of what was to be appended is written, and trying
    /// again is no risk: the log goes on once there is room.
    #[error("no room for the event log: cannot {tried} {path}: {cause}; make room on this disk")]
    Full {
        /// Such as `write`.
        tried: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The file that is written to is not the one in the log's folder any more.
    #[error(
        "{0} was removed or replaced while the server ran, so that nothing that is written to it \
         is kept: put the folder back as it was, and start again"
    )]
    Replaced(PathBuf),
    /// Another process has this log open.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// A write or sync failed before: what is on disk is unknown, so nothing more is taken.
    #[error("the log failed before and takes nothing more: {0}")]
    Failed(String),
    /// The level of the data cannot say a record. Nothing was written.
    #[error(transparent)]
    Unsayable(#[from] fleetward_domain::Unsayable),
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    pub(crate) fn full(tried: &'static str, path: &Path, cause: &io::Error) -> Self {
        Self::Full { tried, path: path.to_owned(), cause: cause.to_string() }
    }

    pub(crate) fn io(
        tried: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { tried, path, cause: cause.to_string() }
    }
}
