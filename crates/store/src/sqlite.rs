//! The store in an SQLite file, and one beside it for detection state: the embedded deployment.
//!
//! WAL mode with a sync for each commit; one thread writes and lets many callers share that sync
//! (`writer`), a few connections read beside it (`readers`). One process has the file at a time.

mod alarms;
mod anew;
mod carry_over;
pub mod check;
mod checksum;
mod connection;
mod disk;
mod documents;
mod kept;
mod level;
mod outbox;
mod partitions;
mod readers;
mod schema;
mod state;
mod stored;
mod summaries;
mod violation_id;
mod violations;
mod writer;

use std::path::Path;
use std::sync::Arc;

use fleetward_domain::{Condition, FormatLevel};
use tokio::sync::watch;

pub use self::anew::Seen;
use self::disk::{Disk, Known};
use self::readers::Readers;
use self::state::StateFile;
use self::writer::{Watches, Writer};
use crate::error::StoreError;
use crate::unreadable::Unreadable;

/// A store in one file. Its methods need a tokio runtime.
pub struct SqliteStore {
    readers: Readers,
    writer: Arc<Writer>,
    /// None at the levels that keep detection state in the store's own file.
    state: Option<Arc<StateFile>>,
    level: FormatLevel,
    unreadable: Arc<Unreadable>,
    newest_change: watch::Receiver<u64>,
    newest_event: watch::Receiver<u64>,
    condition: watch::Receiver<Condition>,
}

impl SqliteStore {
    /// Opens the file, or makes it, for its owner only; its folder must be there. A file that has
    /// data keeps its format level; a new one gets the current.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it open, [`StoreError::UnknownLevel`] or
    /// [`StoreError::SchemaTooNew`] if a newer version wrote it, [`StoreError::Backend`] if it
    /// cannot be read or written.
    pub fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        Self::open_or_make(path, FormatLevel::CURRENT)
    }

    /// As [`SqliteStore::open`]; a new file gets this format level.
    ///
    /// # Errors
    /// As there.
    pub fn open_or_make(path: &Path, new: FormatLevel) -> Result<Arc<Self>, StoreError> {
        let lock = connection::lock(path)?;
        let mut connection = connection::writer(path).map_err(StoreError::in_file(path))?;
        let level = level::settle(&mut connection, new).map_err(StoreError::in_file(path))?;
        // After the level, for a file that was just raised to it has state to hand over.
        let state = match level {
            FormatLevel::First | FormatLevel::Named => None,
            FormatLevel::Proven => {
                let path = StateFile::beside(path);
                let state = StateFile::open(&path, &connection);
                Some(Arc::new(state.map_err(StoreError::in_file(&path))?))
            }
        };
        let newest = documents::newest_change(&connection)?;
        let (change_sender, newest_change) = watch::channel(newest);
        let (event_sender, newest_event) = watch::channel(0);
        let watches = Watches { newest_change: change_sender, newest_event: event_sender };
        let (known, condition) = Known::of("the store");
        let disk = Disk::of(path, Arc::clone(&known))?;
        let writer = Arc::new(Writer::start(connection, (Some(lock), disk), level, watches)?);
        let readers = Readers::new(path, known);
        let unreadable = Arc::default();
        Ok(Arc::new(Self {
            readers,
            writer,
            state,
            level,
            unreadable,
            newest_change,
            newest_event,
            condition,
        }))
    }

    /// Raises the format level of a file that nobody has open to the current one, and returns
    /// the level that it had. From then on releases that do not know that level are refused.
    ///
    /// # Errors
    /// As of [`SqliteStore::open`].
    pub fn finish_upgrade(path: &Path) -> Result<FormatLevel, StoreError> {
        let _lock = connection::lock(path)?;
        let mut connection = connection::writer(path)?;
        let before = level::settle(&mut connection, FormatLevel::CURRENT)?;
        if before < FormatLevel::CURRENT {
            level::nothing_is_replayed(&connection)?;
        }
        level::raise(&mut connection, FormatLevel::CURRENT)?;
        Ok(before)
    }

    /// Writes what is queued, tidies the file and lets other processes have it. Everything asked
    /// of the store later is refused. What was acknowledged is safe without this.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if the file could not be tidied.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close();
        let (writer, state) = (Arc::clone(&self.writer), self.state.clone());
        let closing = tokio::task::spawn_blocking(move || {
            // The lock of both files goes with the store's writer.
            let state = state.map_or(Ok(()), |state| state.close());
            state.and(writer.close())
        });
        closing.await.map_err(StoreError::backend("close"))?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
        // Nobody is left to hear of an error; what was acknowledged is durable already.
        let _ = self.state.as_ref().map(|state| state.close());
        let _ = self.writer.close();
    }
}

/// A receiver that has seen what is there.
fn from_now_on(receiver: &watch::Receiver<u64>) -> watch::Receiver<u64> {
    let mut receiver = receiver.clone();
    receiver.mark_unchanged();
    receiver
}

#[cfg(test)]
mod tests;
