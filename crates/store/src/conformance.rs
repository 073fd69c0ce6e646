//! What every store does: each scenario runs on all of them.

mod agreement;
mod detection;
mod documents;
mod fixtures;
mod outbox;
mod violations;

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
