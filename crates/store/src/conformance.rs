//! What every store does: each scenario runs on all of them.

mod agreement;
mod crash;
mod documents;
pub(crate) mod fixtures;
mod mutes;
mod outbox;
mod partitions;
mod summaries;
mod turns;
mod unreadable;
mod violations;

use std::sync::Arc;

use tempfile::TempDir;

use crate::Store;
use crate::memory::MemoryStore;
use crate::sqlite::SqliteStore;

/// Runs the scenario on a new store of each kind.
async fn on_each(scenario: impl AsyncFn(&dyn Store)) {
    scenario(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    scenario(&*store).await;
    store.close().await.unwrap();
}

/// A store that can crash. What it holds afterwards is what the next process finds.
#[async_trait::async_trait]
trait Crashing {
    fn store(&self) -> &dyn Store;
    async fn crash(&mut self);
}

/// Runs the scenario on a new store of each kind that crashes when it is told to.
async fn on_each_that_crashes(scenario: impl AsyncFn(&mut dyn Crashing)) {
    scenario(&mut MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    scenario(&mut OnDisk { folder, store }).await;
}

#[async_trait::async_trait]
impl Crashing for MemoryStore {
    fn store(&self) -> &dyn Store {
        self
    }

    async fn crash(&mut self) {
        *self = MemoryStore::crash(self);
    }
}

struct OnDisk {
    folder: TempDir,
    store: Arc<SqliteStore>,
}

#[async_trait::async_trait]
impl Crashing for OnDisk {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// What a killed process leaves: the files as they are, with no goodbye.
    async fn crash(&mut self) {
        let left = tempfile::tempdir().unwrap();
        for name in ["store.db", "store.db-wal", "state.db", "state.db-journal"] {
            std::fs::copy(self.folder.path().join(name), left.path().join(name)).unwrap();
        }
        self.store = SqliteStore::open(&left.path().join("store.db")).unwrap();
        self.folder = left;
    }
}
