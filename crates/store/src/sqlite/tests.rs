//! What only a store on disk can get wrong.

mod check;
mod damage;
mod disk;
mod held;
mod level;
mod state;

use std::time::Duration;

use fleetward_domain::Change;
use fleetward_environment::Clock;

use super::*;
use crate::limits::EXPIRED_ROWS_PER_WRITE;
use crate::{Documents, Kind, Precondition, StoreError, Tx};

fn put(key: &str) -> Tx {
    Tx { puts: vec![(Kind::Thing, key.to_owned(), b"1".to_vec())], ..Tx::default() }
}

fn changed() -> Tx {
    let name = fleetward_domain::DimensionName::parse("d").unwrap();
    Tx { changes: vec![Change::Dimension(name)], ..Tx::default() }
}

#[tokio::test]
async fn a_second_opening_is_refused_until_the_first_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let refused = SqliteStore::open(&path).err().unwrap();
    let message =
        format!("{} is in use by another process", path.with_extension("db.lock").display());
    assert_eq!(refused.to_string(), message);
    store.commit(put("a")).await.unwrap();
    store.close().await.unwrap();
    let again = SqliteStore::open(&path).unwrap();
    assert_eq!(again.count(Kind::Thing, "").await.unwrap(), 1);
    // The first knows that it is closed, and may be closed again.
    assert_eq!(store.commit(put("b")).await.unwrap_err(), StoreError::Closed);
    assert_eq!(store.get(Kind::Thing, "a").await.unwrap_err(), StoreError::Closed);
    store.close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(put("a")).await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort_unstable();
    let state = ["state.db", "state.db-journal"];
    let store = ["store.db", "store.db-shm", "store.db-wal", "store.db.lock"];
    assert_eq!(names, [&state[..], &store[..]].concat());
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_files_before_any_close() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let crashed = tempfile::tempdir().unwrap();
    for number in 0..20 {
        store.commit(put(&number.to_string())).await.unwrap();
        // What a killed process leaves: the files as they are, with no goodbye.
        for name in ["store.db", "store.db-wal"] {
            std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
        }
        let found = SqliteStore::open(&crashed.path().join("store.db")).unwrap();
        assert_eq!(found.count(Kind::Thing, "").await.unwrap(), number + 1);
    }
}

#[tokio::test]
async fn numbers_of_changes_do_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    for _ in 0..3 {
        store.commit(changed()).await.unwrap();
    }
    store.prune_changes(3).await.unwrap();
    assert_eq!(store.changes_after(0, 9).await.unwrap().len(), 1);
    store.prune_changes(4).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(*store.newest_change().borrow(), 3);
    assert_eq!(store.commit(changed()).await.unwrap().change_seq, 4);
    assert_eq!(store.changes_after(0, 9).await.unwrap()[0].0, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_share_a_sync_fail_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let writers: Vec<_> = (0..200)
        .map(|number| {
            let store = Arc::clone(&store);
            let mut tx = put(&format!("{}", number / 2));
            tx.changes = changed().changes;
            tx.preconditions = vec![Precondition::Absent(Kind::Thing, tx.puts[0].1.clone())];
            tokio::spawn(async move { store.commit(tx).await })
        })
        .collect();
    let mut numbers = Vec::new();
    let mut refused = 0;
    for writer in writers {
        match writer.await.unwrap() {
            Ok(committed) => numbers.push(committed.change_seq),
            Err(StoreError::Precondition(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    numbers.sort_unstable();
    assert_eq!((numbers, refused), ((1..=100).collect(), 100));
    assert_eq!(store.count(Kind::Thing, "").await.unwrap(), 100);
    assert_eq!(*store.newest_change().borrow(), 100);
}

#[tokio::test]
async fn a_waiter_finds_the_change_that_woke_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let mut newest = store.newest_change();
    let waiter = Arc::clone(&store);
    let found = tokio::spawn(async move {
        let seq = *newest.wait_for(|seq| *seq > 0).await.unwrap();
        waiter.changes_after(seq - 1, 9).await.unwrap()
    });
    store.commit(changed()).await.unwrap();
    let found = Clock::system().timeout(Duration::from_secs(10), found).await.unwrap().unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn more_rows_than_one_write_removes_expire() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let changes = vec![changed().changes.remove(0); EXPIRED_ROWS_PER_WRITE * 2 + 1];
    store.commit(Tx { changes, ..Tx::default() }).await.unwrap();
    store.prune_changes(u64::MAX).await.unwrap();
    assert!(store.changes_after(0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, "this is not a database, whatever its name says; far from it").unwrap();
    let refused = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::Failed { .. }), "{refused}");
}

#[tokio::test]
async fn a_body_that_is_damaged_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    store.commit(changed()).await.unwrap();
    store.close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE change SET body = x'ff'", []).unwrap();
    drop(other);
    let store = SqliteStore::open(&path).unwrap();
    let error = store.changes_after(0, 9).await.unwrap_err().to_string();
    assert!(error.starts_with("change \"1\" is corrupt: "), "{error}");
}

#[tokio::test]
async fn each_question_uses_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    SqliteStore::open(&path).unwrap().close().await.unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let check = |sql: &str| {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<_> = plan.map(Result::unwrap).collect();
        let scans = plan.iter().any(|step| step.starts_with("SCAN") && !step.contains("INDEX"));
        assert!(!scans, "{sql}: {plan:?}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts, "{sql}: {plan:?}");
    };
    check("SELECT key FROM document WHERE kind = 1 AND key >= 'a' AND key < 'b' ORDER BY key");
    let (open, events) = (
        kept::rows_of("violation", FormatLevel::CURRENT),
        kept::rows_of("event", FormatLevel::CURRENT),
    );
    // Each has an index that brings its rows in order, but for what most rows have.
    let rare =
        ["suppressed = 1 AND ", "criteria = 2 AND ", "verification = 2 AND verification <> 0 AND "];
    let filters = ["", "thing = 'a' AND near = 5 AND ", "profile = 5 AND "];
    for filter in filters.into_iter().chain(rare) {
        check(&format!("{open} WHERE {filter} id > 'b' ORDER BY id"));
        check(&format!(
            "{events} WHERE {filter} at_ms BETWEEN 1 AND 2 AND (at_ms, row) < (2, 3)
             ORDER BY at_ms DESC, row DESC"
        ));
    }
    let failed = "status = 0 AND failures > 0 AND stranger = 0";
    check(&format!("SELECT min(due_ms) FROM alert WHERE {failed} AND due_ms > 5"));
    let lane = "near = 5 AND target = 6 AND thing = 'a'";
    check(&format!("SELECT min(id) FROM alert WHERE {lane} AND status IN (0, 1)"));
    let told = "status <> 4 AND reason <> 'untold'";
    check(&format!(
        "SELECT id FROM alert WHERE {lane} AND behavior = 7 AND {told} ORDER BY id DESC LIMIT 1"
    ));
    check("SELECT id FROM alert WHERE event = 5 AND target = 6");
    check("SELECT id FROM alert WHERE key = 'k'");
    for held in ["due_ms <= 5 ORDER BY due_ms, id", "reason = 'muted' AND id > 5 ORDER BY id"] {
        check(&format!("SELECT id FROM alert WHERE status = 4 AND {held} LIMIT 9"));
    }
    check("SELECT id FROM alert WHERE status NOT IN (0, 1, 2, 3, 4)");
    check("DELETE FROM alert WHERE status IN (2, 3) AND created_ms < 5");
    check("DELETE FROM event WHERE at_ms < 4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_what_was_acknowledged_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let limit_pages = async |pages: u32| {
        let limit = move |w: &mut writer::Writing<'_>| {
            // The limit never falls below what the file has.
            Ok(w.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
        };
        store.writer.write(limit).await.unwrap();
    };
    store.commit(put("before")).await.unwrap();
    limit_pages(30).await;
    let writers: Vec<_> = (0..60)
        .map(|number| {
            let store = Arc::clone(&store);
            let mut tx = put(&format!("during {number}"));
            // Every other write needs some pages of its own.
            tx.puts[0].2 = vec![0; (number % 2) * 20_000];
            tokio::spawn(async move { (tx.puts[0].1.clone(), store.commit(tx).await) })
        })
        .collect();
    let mut written = vec!["before".to_owned()];
    let mut refused = 0;
    for writer in writers {
        match writer.await.unwrap() {
            (key, Ok(_)) => written.push(key),
            (_, Err(StoreError::Full { .. })) => refused += 1,
            (_, Err(error)) => panic!("{error}"),
        }
    }
    assert!(refused > 0);
    limit_pages(1_000_000).await;
    store.commit(put("after")).await.unwrap();
    written.push("after".to_owned());
    written.sort_unstable();
    store.close().await.unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let found = store.list(Kind::Thing, "", None, usize::MAX).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|document| document.key).collect();
    assert_eq!(found, written);
}
