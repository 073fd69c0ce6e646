//! What the writer knows of its disk: whether it takes writes, whether the files are still those
//! of the folder, and when what stands in the write-ahead log is to be moved into the file.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fleetward_domain::Condition;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::watch;

use super::connection;
use crate::error::StoreError;
use crate::limits::CHECKPOINT_PAGES;

/// The disk of one file.
pub(super) struct Disk {
    known: Arc<Known>,
    files: Vec<Named>,
}

/// What the writer and the readers of one file know of its disk.
pub(super) struct Known {
    /// What the file is, in a sentence.
    file: &'static str,
    condition: watch::Sender<Condition>,
}

/// A file that must keep its name: a write to one without is gone with the process.
struct Named {
    path: PathBuf,
    device_and_number: (u64, u64),
}

impl Disk {
    /// That of an open database and its write-ahead log.
    pub(super) fn of(database: &Path, known: Arc<Known>) -> Result<Self, StoreError> {
        let mut files = Vec::new();
        for path in [database.to_owned(), connection::beside(database, "-wal")] {
            let found = identity(&path).map_err(StoreError::backend("look for its files"))?;
            files.extend(found.map(|device_and_number| Named { path, device_and_number }));
        }
        Ok(Self { known, files })
    }

    /// Why nothing more is taken, if it is so.
    pub(super) fn failure(&self) -> Option<StoreError> {
        match &*self.known.condition.borrow() {
            Condition::Failed(problem) => Some(StoreError::Failed { problem: problem.clone() }),
            Condition::Works | Condition::Full(_) => None,
        }
    }

    /// Whether the last write found no room.
    pub(super) fn is_full(&self) -> bool {
        matches!(*self.known.condition.borrow(), Condition::Full(_))
    }

    /// Draws its conclusion from a write that was done, or failed.
    pub(super) fn note<T>(&self, outcome: &Result<T, StoreError>) {
        self.known.note(outcome);
    }

    /// An error if a file was removed or replaced: what was just written to it is not kept.
    pub(super) fn check_names(&self) -> Result<(), StoreError> {
        for Named { path, device_and_number } in &self.files {
            let found = identity(path).map_err(StoreError::backend("look for its files"))?;
            if found.as_ref() != Some(device_and_number) {
                let problem = format!(
                    "{} was removed or replaced while the server ran; put the folder back as it \
                     was, and start again",
                    path.display()
                );
                return Err(StoreError::Failed { problem });
            }
        }
        Ok(())
    }

    /// Moves what the write-ahead log holds into the file, once that is much. SQLite would do so
    /// by itself, and tell nobody of a sync that failed.
    pub(super) fn checkpoint(&self, connection: &Connection) {
        let outcome = checkpoint(connection);
        if outcome.is_err() {
            self.note(&outcome);
        }
    }

    /// Before the connection is closed: after a failure that must not write any more.
    pub(super) fn before_close(&self, connection: &Connection) -> Result<(), StoreError> {
        match self.failure() {
            None => Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?),
            Some(failure) => {
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
                Err(failure)
            }
        }
    }
}

impl Known {
    /// Of a file that works, and who hears of it when that changes.
    pub(super) fn of(file: &'static str) -> (Arc<Self>, watch::Receiver<Condition>) {
        let (condition, heard) = watch::channel(Condition::Works);
        (Arc::new(Self { file, condition }), heard)
    }

    /// Draws a conclusion from what was done, or failed; a failure is for good.
    pub(super) fn note<T>(&self, outcome: &Result<T, StoreError>) {
        let file = self.file;
        let now = match outcome {
            Err(StoreError::Full { problem }) => {
                Condition::Full(format!("no room for {file}: {problem}; make room on its disk"))
            }
            Err(StoreError::Failed { problem }) => Condition::Failed(problem.clone()),
            _ => Condition::Works,
        };
        self.condition.send_if_modified(|known| {
            let is_news = std::mem::discriminant(known) != std::mem::discriminant(&now);
            if matches!(known, Condition::Failed(_)) || !is_news {
                return false;
            }
            match &now {
                Condition::Works => tracing::info!("{file} takes writes again"),
                Condition::Full(why) => tracing::error!("{why}"),
                Condition::Failed(why) => tracing::error!("{file} cannot go on: {why}"),
            }
            *known = now;
            true
        });
    }
}

fn checkpoint(connection: &Connection) -> Result<(), StoreError> {
    let pages: i64 =
        connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get("log"))?;
    if pages < i64::from(CHECKPOINT_PAGES) {
        return Ok(());
    }
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}

/// What a name leads to; none if to nothing.
#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where files have no numbers, one that is there is taken for the same.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    Ok(path.try_exists()?.then_some((0, 0)))
}
