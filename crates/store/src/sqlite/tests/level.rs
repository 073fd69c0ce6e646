//! The format level of a file.

use fleetward_domain::{Effects, EventType, ThingName};

use super::*;
use crate::conformance::fixtures::{CASE, Case, always, event, violation};
use crate::{EventFilter, Noun, Partitions, RelayPosition, ViolationFilter, Violations, find};

const FIRST: FormatLevel = FormatLevel::First;
const CURRENT: FormatLevel = FormatLevel::CURRENT;

async fn opened_at(path: &Path) -> FormatLevel {
    let store = SqliteStore::open(path).unwrap();
    let level = store.format_level();
    store.close().await.unwrap();
    level
}

/// A file as the first release left it: documents, and no word of a level.
async fn file_of_the_first_release(path: &Path) {
    let store = SqliteStore::open_or_make(path, FIRST).unwrap();
    store.commit(put("a")).await.unwrap();
    store.close().await.unwrap();
    let other = rusqlite::Connection::open(path).unwrap();
    let gone = other.execute("DELETE FROM document WHERE key = CAST('format-level' AS BLOB)", []);
    assert_eq!(gone.unwrap(), 1);
}

fn schema_version(path: &Path) -> i64 {
    let other = rusqlite::Connection::open(path).unwrap();
    other.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_new_file_is_made_at_the_current_level_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    assert_eq!(opened_at(&path).await, CURRENT);
    assert_eq!(opened_at(&path).await, CURRENT);
    // A level of its own is what a file keeps, whatever a new one would get.
    let older = folder.path().join("older.db");
    drop(SqliteStore::open_or_make(&older, FIRST).unwrap());
    assert_eq!(opened_at(&older).await, FIRST);
}

#[tokio::test]
async fn a_file_of_the_first_release_stays_one_until_the_upgrade_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    file_of_the_first_release(&path).await;
    for _ in 0..2 {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.format_level(), FIRST);
        store.commit(put("b")).await.unwrap();
        store.close().await.unwrap();
        // The tables are those that the first release knows, and nothing tells of a level.
        assert_eq!(schema_version(&path), 1);
    }
    assert_eq!(SqliteStore::finish_upgrade(&path).unwrap(), FIRST);
    assert_eq!(schema_version(&path), 3);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.format_level(), CURRENT);
    let stored = find::<FormatLevel>(&*store, CURRENT.key()).await.unwrap().unwrap();
    assert_eq!(stored.value, CURRENT);
    assert_eq!(store.count(Kind::Thing, "").await.unwrap(), 2);
    store.close().await.unwrap();
    assert_eq!(SqliteStore::finish_upgrade(&path).unwrap(), CURRENT);
}

#[tokio::test]
async fn an_upgrade_is_not_finished_under_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open_or_make(&path, FIRST).unwrap();
    let refused = SqliteStore::finish_upgrade(&path).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    drop(store);
    assert_eq!(opened_at(&path).await, FIRST);
}

#[tokio::test]
async fn a_file_of_a_level_that_is_not_known_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    assert_eq!(opened_at(&path).await, CURRENT);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE document SET value = CAST('4' AS BLOB)", []).unwrap();
    drop(other);
    for refused in [SqliteStore::open(&path).err(), SqliteStore::finish_upgrade(&path).err()] {
        let refused = refused.unwrap().to_string();
        assert!(refused.starts_with("the data has format level 4"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_written_at_the_first_level_says_nothing_of_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    file_of_the_first_release(&path).await;
    let store = SqliteStore::open(&path).unwrap();
    let mut tx = Tx::default();
    tx.put(&RelayPosition(4), store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
    let settings = store.list(Kind::Setting, "", None, 9).await.unwrap();
    let keys: Vec<_> = settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(keys, [RelayPosition::KEY]);
}

/// Behaviors are kept as long as an event or an open violation refers to them.
#[tokio::test]
async fn a_behavior_to_which_nothing_refers_is_forgotten() {
    const DAY_MS: i64 = 86_400_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut effects = Effects::default();
    for (id, at_ms) in [("ended", 0), ("open", 0), ("later", 9 * DAY_MS)] {
        let case = Case { id, ..CASE };
        let mut happened = event(case, EventType::InAlarm, at_ms);
        happened.behavior.name = id.to_owned().try_into().unwrap();
        if id == "open" {
            let mut open = violation(case, at_ms);
            open.behavior.clone_from(&happened.behavior);
            effects.violations.push(open);
        }
        effects.events.push(happened);
    }
    store.commit_detection(effects.into()).await.unwrap();
    let kept = async || {
        let count = |c: &rusqlite::Connection| {
            let sql = "SELECT count(*) FROM kept_behavior";
            Ok(c.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        };
        store.readers.read(count).await.unwrap()
    };
    // An event of a day after the noted use may refer to it.
    for (before_ms, left) in [(DAY_MS, 3), (DAY_MS + 1, 2), (99 * DAY_MS, 1)] {
        store.expire_events(before_ms).await.unwrap();
        assert_eq!(kept().await, left, "{before_ms}");
    }
    let open = store.active_violations(&ViolationFilter::default(), None, 9).await.unwrap();
    assert_eq!(open[0].behavior.name.as_str(), "open");
}

/// Rows that a release below wrote hold their behavior; they are found and read as new ones are.
#[tokio::test]
async fn violations_and_events_of_an_older_level_are_found_beside_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let case = |id| Case { id, ..CASE };
    let effects = |id| Effects {
        violations: vec![violation(case(id), 10)],
        events: vec![event(case(id), EventType::InAlarm, 10)],
        ..Effects::default()
    };
    let store = SqliteStore::open_or_make(&path, FormatLevel::Named).unwrap();
    store.commit_detection(effects("1").into()).await.unwrap();
    store.close().await.unwrap();
    SqliteStore::finish_upgrade(&path).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    store.commit_detection(effects("2").into()).await.unwrap();
    for thing in [None, Some(ThingName::parse(CASE.thing).unwrap())] {
        let filter = ViolationFilter { thing, ..ViolationFilter::default() };
        let open = store.active_violations(&filter, None, 9).await.unwrap();
        assert_eq!(open, ["1", "2"].map(|id| violation(case(id), 10)));
        let events = EventFilter { violations: filter, ..always() };
        let events = store.violation_events(&events, None, 9).await.unwrap();
        let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        assert_eq!(events, ["2", "1"].map(|id| event(case(id), EventType::InAlarm, 10)));
    }
    store.close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    let kept = other.query_row("SELECT count(*) FROM kept_behavior", [], |row| row.get(0));
    assert_eq!(kept, Ok(1), "violation and event refer to one");
}
