//! Why the store refused.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use fleetward_domain::{UnknownFormatLevel, Unsayable};
use rusqlite::{ErrorCode, ffi};

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
    /// The store went back behind what its detection state tells of.
    #[error(
        "the store has the effects of partition {partition} up to offset {stored}, and its state \
         was written when those up to {known} were stored: what was acknowledged is lost. Restore \
         the files of one backup together, or see `fleetward check`"
    )]
    EffectsLost {
        /// The partition.
        partition: u32,
        /// How far effects are stored.
        stored: u64,
        /// How far they were stored when the state was written.
        known: u64,
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
    /// Records wait to be applied again, and what came of them is stored in the way of the level.
    #[error(
        "the server was not stopped cleanly: start this release, stop it with Ctrl-C, then raise \
         the format level (partition {partition} has to apply records again)"
    )]
    ReplayWaits {
        /// One of the partitions.
        partition: u32,
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
    /// There is no room on the disk, or it takes no writes. Nothing was written, and trying again
    /// is no risk: the store goes on once it can.
    #[error("no room for the store: {problem}; make room on its disk")]
    Full {
        /// The backend's words.
        problem: String,
    },
    /// What is on the disk is unknown or damaged, as after a failed sync: the store takes nothing
    /// more, and only the next start finds out.
    #[error("the store cannot go on: {problem}")]
    Failed {
        /// The backend's words.
        problem: String,
    },
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

    /// Whether the disk did not do what it was told: what shared its fate failed, too.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Failed { .. })
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

impl StoreError {
    /// The same, with the name of the file of which nothing is known any more.
    pub(crate) fn in_file(path: &Path) -> impl FnOnce(Self) -> Self + '_ {
        move |error| match error {
            Self::Failed { problem } => {
                let name = path.file_name().unwrap_or_default().display();
                Self::Failed { problem: format!("{name}: {problem}") }
            }
            error => error,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // Of the call that failed: it is read before anything else is done.
        let system = io::Error::last_os_error();
        let problem = error.to_string();
        match fate_of(&error, system.kind()) {
            Fate::Full => Self::Full { problem },
            Fate::Failed => Self::Failed { problem },
            Fate::Damaged => Self::Failed {
                problem: format!("{problem}; stop the server and see `fleetward check`"),
            },
            Fate::Other => Self::backend("use its database")(error),
        }
    }
}

/// What an error of SQLite means for what comes after it.
enum Fate {
    /// What was written is rolled back, and may be written again.
    Full,
    /// Nothing is known of what is on disk.
    Failed,
    /// What is on disk is not what was written.
    Damaged,
    /// It says nothing of the disk.
    Other,
}

fn fate_of(error: &rusqlite::Error, system: ErrorKind) -> Fate {
    // These say only that a write failed. Where a quota is why, frames of the write-ahead log count
    // for nothing without the commit that follows them, so that they are written over; a disk that
    // fails or became read-only would be tried again for ever.
    const WRITES: [i32; 2] = [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE];
    let has_no_room = matches!(system, ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    let Some(error) = error.sqlite_error() else { return Fate::Other };
    match error.code {
        ErrorCode::DiskFull => Fate::Full,
        ErrorCode::SystemIoFailure if has_no_room && WRITES.contains(&error.extended_code) => {
            Fate::Full
        }
        ErrorCode::SystemIoFailure => Fate::Failed,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fate::Damaged,
        _ => Fate::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: i32, system: ErrorKind) -> &'static str {
        match fate_of(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None), system) {
            Fate::Full => "full",
            Fate::Failed => "failed",
            Fate::Damaged => "damaged",
            Fate::Other => "other",
        }
    }

    #[test]
    fn a_write_without_room_may_be_tried_again_and_one_that_is_not_synced_may_not() {
        for (code, expected) in [
            (ffi::SQLITE_FULL, "full"),
            (ffi::SQLITE_IOERR_WRITE, "full"),
            (ffi::SQLITE_IOERR_SHMSIZE, "full"),
            (ffi::SQLITE_IOERR_FSYNC, "failed"),
            (ffi::SQLITE_IOERR_DIR_FSYNC, "failed"),
            (ffi::SQLITE_IOERR_READ, "failed"),
            (ffi::SQLITE_IOERR_TRUNCATE, "failed"),
            (ffi::SQLITE_CORRUPT, "damaged"),
            (ffi::SQLITE_NOTADB, "damaged"),
            (ffi::SQLITE_BUSY, "other"),
            (ffi::SQLITE_CONSTRAINT, "other"),
        ] {
            assert_eq!(found(code, ErrorKind::QuotaExceeded), expected, "{code}");
        }
    }

    #[test]
    fn a_write_that_failed_for_another_reason_than_room_is_not_tried_again() {
        for system in [ErrorKind::Other, ErrorKind::ReadOnlyFilesystem, ErrorKind::NotFound] {
            assert_eq!(found(ffi::SQLITE_IOERR_WRITE, system), "failed", "{system}");
            assert_eq!(found(ffi::SQLITE_IOERR_SHMSIZE, system), "failed", "{system}");
            assert_eq!(found(ffi::SQLITE_FULL, system), "full", "{system}");
        }
        assert_eq!(found(ffi::SQLITE_IOERR_WRITE, ErrorKind::StorageFull), "full");
    }
}
