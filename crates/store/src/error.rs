//! Why the store refused.

use std::path::PathBuf;

use fleetward_domain::{UnknownFormatLevel, Unsayable};

use crate::precondition::Precondition;

/// Everything that can go wrong in a store. Cheap to copy: one failed sync fails many callers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The first precondition of a transaction that did not hold; nothing was written.
    #[error("a precondition does not hold: {0:?}")]
    Precondition(Precondition),
    /// Someone else has claimed the partition since; nothing was written.
    #[error("partition {partition} is claimed at epoch {current}; epoch {epoch} may not write")]
    Fenced {
        /// The partition.
        partition: u32,
        /// The epoch of the commit.
        epoch: u64,
        /// The epoch of the store; 0 if nobody ever claimed it.
        current: u64,
    },
    /// A detection commit carries a chunk of a partition that its progress does not speak for.
    #[error("the commit has a chunk of partition {partition} but no progress of it")]
    Unclaimed {
        /// The partition.
        partition: u32,
    },
    /// Larger than the store takes; nothing was written.
    #[error("{what} has {size_bytes} bytes; at most {limit_bytes} are allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// What is stored, or was to be stored, is not what its kind says.
    #[error("{what} {key:?} is corrupt: {problem}")]
    Corrupt {
        /// The kind of document or row.
        what: String,
        /// Which one.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A newer Fleetward wrote it, in a shape that this one does not know.
    #[error("{what} {key:?} is written in {shape}: start the newer release that wrote it")]
    WrittenNewer {
        /// The kind of document or row.
        what: String,
        /// Which one.
        key: String,
        /// What is known of its shape: its version and the newest that is known here, or what it
        /// has that is not known.
        shape: String,
    },
    /// The format level of the data cannot say it; nothing was written.
    #[error(transparent)]
    Unsayable(#[from] Unsayable),
    /// Another process has the data open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// A newer Fleetward wrote the file.
    #[error("the store has schema version {found}; this version knows up to {known}")]
    SchemaTooNew {
        /// The version of the file.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// A newer Fleetward raised the format level of the data.
    #[error(transparent)]
    UnknownLevel(#[from] UnknownFormatLevel),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The database or the disk failed; a write that got this is not durable, but may be found
    /// written after a restart.
    #[error("the store cannot {doing}: {problem}")]
    Backend {
        /// What was tried.
        doing: &'static str,
        /// The backend's words.
        problem: String,
    },
}

impl StoreError {
    /// Whether something that is stored cannot be read, and all else may be well.
    #[must_use]
    pub fn is_about_what_is_stored(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::WrittenNewer { .. })
    }

    /// Makes a backend's error a [`StoreError::Backend`].
    pub(crate) fn backend<E: std::fmt::Display>(doing: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Backend { doing, problem: error.to_string() }
    }

    /// Makes a decoder's or an encoder's error a [`StoreError::Corrupt`].
    pub(crate) fn corrupt<E: std::fmt::Display>(
        what: impl Into<String>,
        key: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        let (what, key) = (what.into(), key.into());
        move |error| Self::Corrupt { what, key, problem: error.to_string() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::backend("use its database")(error)
    }
}
