//! The store in one SQLite file: the embedded deployment.
//!
//! WAL mode with a sync for each commit; one thread writes and lets many callers share that sync
//! (`writer`), a few connections read beside it (`readers`). One process has the file at a time.

mod connection;
mod detection;
mod documents;
mod outbox;
mod readers;
mod schema;
mod stored;
mod violations;
mod writer;

use std::path::Path;
use std::sync::Arc;

use fleetward_domain::format_level::FormatLevel;
use fleetward_domain::{Change, EpochMs, VerificationState, Violation, ViolationEvent};
use tokio::sync::watch;

use self::readers::Readers;
use self::writer::{Watches, Writer};
use crate::Store;
use crate::detection::{Chunk, DetectionTx, DueAlert, PartitionClaim};
use crate::document::{Committed, Document, Kind, Tx, bounded};
use crate::error::StoreError;
use crate::limits::{EXPIRED_ROWS_PER_WRITE, VALUE_BYTES};
use crate::query::{EventCursor, EventFilter, ViolationFilter};

/// A store in one file. Its methods need a tokio runtime.
pub struct SqliteStore {
    readers: Readers,
    writer: Arc<Writer>,
    newest_change: watch::Receiver<u64>,
    newest_event: watch::Receiver<u64>,
}

impl SqliteStore {
    /// Opens the file, or makes it, for its owner only; its folder must be there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it open, [`StoreError::SchemaTooNew`] if a
    /// newer version wrote it, [`StoreError::Backend`] if it cannot be read or written.
    pub fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let lock = connection::lock(path)?;
        let mut connection = connection::writer(path)?;
        schema::migrate(&mut connection)?;
        let newest = documents::newest_change(&connection)?;
        let (change_sender, newest_change) = watch::channel(newest);
        let (event_sender, newest_event) = watch::channel(0);
        let watches = Watches { newest_change: change_sender, newest_event: event_sender };
        let writer = Arc::new(Writer::start(connection, lock, FormatLevel::FIRST, watches)?);
        Ok(Arc::new(Self { readers: Readers::new(path), writer, newest_change, newest_event }))
    }

    /// Writes what is queued, tidies the file and lets other processes have it. Everything asked
    /// of the store later is refused. What was acknowledged is safe without this.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if the file could not be tidied.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close();
        let writer = Arc::clone(&self.writer);
        let closing = tokio::task::spawn_blocking(move || writer.close());
        closing.await.map_err(StoreError::backend("close"))?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
        // Nobody is left to hear of an error; what was acknowledged is durable already.
        let _ = self.writer.close();
    }
}

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        let key = key.to_owned();
        self.readers.read(move |c| documents::get(c, kind, &key)).await
    }

    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        self.readers.read(move |c| documents::list(c, kind, &prefix, after.as_deref(), limit)).await
    }

    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
        let prefix = prefix.to_owned();
        self.readers.read(move |c| documents::count(c, kind, &prefix)).await
    }

    async fn commit(&self, tx: Tx) -> Result<Committed, StoreError> {
        tx.check()?;
        self.writer.write(move |w| documents::commit(w, tx)).await
    }

    async fn changes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        self.readers.read(move |c| documents::changes_after(c, seq, limit)).await
    }

    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError> {
        let limit = EXPIRED_ROWS_PER_WRITE;
        while limit
            == self
                .writer
                .write(move |w| documents::prune_changes(w.connection, seq, limit))
                .await?
        {}
        Ok(())
    }

    fn newest_change(&self) -> watch::Receiver<u64> {
        from_now_on(&self.newest_change)
    }

    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        self.writer.write(move |w| detection::claim(w, partition)).await
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        self.readers.read(move |c| detection::load_chunks(c, partition)).await
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        tx.check()?;
        self.writer.write(move |w| detection::commit(w, &tx)).await
    }

    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |c| violations::active(c, &filter, after, limit)).await
    }

    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |c| violations::events(c, &filter, after, limit)).await
    }

    fn newest_event(&self) -> watch::Receiver<u64> {
        from_now_on(&self.newest_event)
    }

    async fn verify_violation(
        &self,
        violation_id: &str,
        state: VerificationState,
        description: Option<String>,
    ) -> Result<bool, StoreError> {
        let size_bytes = description.as_ref().map_or(0, String::len);
        bounded("a verification's description", size_bytes, VALUE_BYTES)?;
        let id = violation_id.to_owned();
        self.writer.write(move |w| violations::verify(w, &id, state, description.as_deref())).await
    }

    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        self.readers.read(move |c| outbox::due(c, now_ms, limit)).await
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        self.readers.read(move |c| outbox::next_ms(c, now_ms)).await
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.writer.write(move |w| outbox::delivered(w.connection, id)).await
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.writer.write(move |w| outbox::failed(w.connection, id, retry_ms, &reason)).await
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        let limit = EXPIRED_ROWS_PER_WRITE;
        let mut expired = 0;
        loop {
            let (events, alerts) = self
                .writer
                .write(move |w| {
                    let events = violations::expire(w.connection, before_ms, limit)?;
                    Ok((events, outbox::expire(w.connection, before_ms, limit)?))
                })
                .await?;
            expired += events as u64;
            if events < limit && alerts < limit {
                return Ok(expired);
            }
        }
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
