//! Disks that are full, fail, or are taken away while the store is open.

use fleetward_domain::{Condition, Effects, EventType};

use super::*;
use crate::conformance::fixtures::{CASE, always, event};
use crate::{DetectionTx, Partitions, Violations};

/// What does not fit into the pages that the file has.
fn large(key: &str) -> Tx {
    Tx { puts: vec![(Kind::Thing, key.to_owned(), vec![b'1'; 100_000])], ..Tx::default() }
}

/// The file may have so many pages more than it has.
async fn leave_room_for(store: &SqliteStore, more: i64) {
    let leave = move |w: &mut writer::Writing<'_>| {
        let pages: i64 = w.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let sql = format!("PRAGMA max_page_count = {}", pages + more);
        let _: i64 = w.connection.query_row(&sql, [], |row| row.get(0))?;
        Ok(())
    };
    store.writer.write(leave).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_shares_the_commit_and_all_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    store.commit(put("before")).await.unwrap();
    leave_room_for(&store, 0).await;
    for _ in 0..3 {
        let refused = store.commit(large("large")).await;
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        assert!(matches!(*store.condition().borrow(), Condition::Full(_)));
        assert!(store.get(Kind::Thing, "before").await.unwrap().is_some(), "reads go on");
    }
    // Detection waits, and its commit is there once there is room.
    let events = vec![event(CASE, EventType::InAlarm, 10)];
    let mut tx = DetectionTx::from(Effects { events, ..Effects::default() });
    tx.effects.events[0].violation_id = "x".repeat(100_000);
    let detecting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit_detection(tx).await }
    });
    let refused = store.commit(large("large")).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    assert!(!detecting.is_finished());
    leave_room_for(&store, 10_000).await;
    detecting.await.unwrap().unwrap();
    assert_eq!(store.violation_events(&always(), None, 9).await.unwrap().len(), 1);
    store.commit(large("large")).await.unwrap();
    assert_eq!(*store.condition().borrow(), Condition::Works);
    assert_eq!(store.count(Kind::Thing, "").await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_looked_at_knows_that_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    leave_room_for(&store, 0).await;
    store.commit(large("large")).await.unwrap_err();
    assert!(matches!(*store.condition().borrow(), Condition::Full(_)));
    store.look_for_room().await;
    assert_eq!(*store.condition().borrow(), Condition::Works);
}

#[tokio::test]
async fn a_file_that_is_replaced_while_it_is_open_ends_the_store() {
    for name in ["store.db", "store.db-wal"] {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
        store.commit(put("before")).await.unwrap();
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let failed = store.commit(put("nowhere")).await;
        assert!(matches!(failed, Err(StoreError::Failed { .. })), "{name}: {failed:?}");
        assert!(matches!(*store.condition().borrow(), Condition::Failed(_)), "{name}");
        let refused = store.commit(put("late")).await;
        assert!(matches!(refused, Err(StoreError::Failed { .. })), "{name}: {refused:?}");
        assert!(store.close().await.is_err());
    }
}

#[tokio::test]
async fn a_page_that_is_found_torn_ends_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..300 {
        store.commit(put(&format!("{number:0>300}"))).await.unwrap();
    }
    store.close().await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // The second half of every page but the first, as a power cut may leave it.
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..2048].fill(0xAA);
    }
    std::fs::write(&path, bytes).unwrap();
    let store = match SqliteStore::open(&path) {
        Ok(store) => store,
        Err(error) => return assert!(matches!(error, StoreError::Failed { .. }), "{error}"),
    };
    let mut condition = store.condition();
    let read = store.list(Kind::Thing, "", None, 999).await;
    assert!(matches!(&read, Err(StoreError::Failed { .. })), "{read:?}");
    assert!(read.unwrap_err().to_string().contains("fleetward check"));
    condition.wait_for(|now| matches!(now, Condition::Failed(_))).await.unwrap();
}

#[tokio::test]
async fn the_write_ahead_log_is_moved_into_the_file_once_it_is_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let bytes = 4096 * u64::from(crate::limits::CHECKPOINT_PAGES);
    for number in 0..2 * bytes / 100_000 {
        store.commit(large(&number.to_string())).await.unwrap();
    }
    assert!(std::fs::metadata(&path).unwrap().len() > bytes / 2);
    let log = std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    assert!(log < bytes * 3 / 2, "{log}");
}
