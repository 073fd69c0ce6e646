//! Connections that read, each by one blocking thread at a time, and never in the writer's way.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection;
use super::disk::Known;
use crate::error::StoreError;
use crate::limits::READERS;

/// The pool. Connections are opened as they are needed.
pub(super) struct Readers {
    database: PathBuf,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    known: Arc<Known>,
}

impl Readers {
    pub(super) fn new(database: &Path, known: Arc<Known>) -> Self {
        Self {
            database: database.to_owned(),
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::default(),
            known,
        }
    }

    /// Runs `work` on a connection, waiting for one if all are in use.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permits = Arc::clone(&self.permits);
        let permit = permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (idle, database) = (Arc::clone(&self.idle), self.database.clone());
        let known = Arc::clone(&self.known);
        let reading = tokio::task::spawn_blocking(move || {
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = pooled.map_or_else(|| connection::reader(&database), Ok)?;
            let outcome = work(&connection);
            if matches!(outcome, Err(StoreError::Failed { .. })) {
                known.note(&outcome);
            }
            if !permits.is_closed() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            drop(permit);
            outcome
        });
        reading.await.map_err(StoreError::backend("finish a read"))?
    }

    /// Lets go of all connections; later reads are refused.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
