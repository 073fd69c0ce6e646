//! Alerts that are held, many of them.

use fleetward_domain::{EventType, Mute, MuteSubject, ProfileName};

use super::*;
use crate::conformance::fixtures::{CASE, Case, alert, alerts};
use crate::limits::ALERTS_LET_GO_AT_ONCE;
use crate::{Outbox, Partitions};

async fn held(store: &SqliteStore) -> usize {
    let count = |c: &rusqlite::Connection| {
        Ok(c.query_row("SELECT count(*) FROM alert WHERE status = 4", [], |row| row.get(0))?)
    };
    store.readers.read::<i64, _>(count).await.unwrap().unsigned_abs() as usize
}

/// Two steps and one alert more are held by a mute until this time.
async fn muted(path: &Path) -> (Arc<SqliteStore>, usize) {
    let store = SqliteStore::open(path).unwrap();
    let mute = Mute {
        id: "m".to_owned(),
        subject: MuteSubject::Profile(ProfileName::parse(CASE.profile).unwrap()),
        until_ms: 1_000,
        reason: String::new(),
        created_by: String::new(),
        created_ms: 0,
    };
    let mut tx = Tx::default();
    tx.put(&mute, store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
    let all = 2 * ALERTS_LET_GO_AT_ONCE + 1;
    let names = (0..all).map(|number| &*Box::leak(format!("v{number}").into_boxed_str()));
    let cases = names.map(|name| Case { id: name, thing: name, ..CASE });
    let begun = cases.map(|case| alert(case, "t", EventType::InAlarm, 10)).collect();
    store.commit_detection(alerts(begun)).await.unwrap();
    assert_eq!(held(&store).await, all);
    (store, all)
}

/// Each look lets go some, and wakes whoever looks until none is left.
async fn all_go_in_steps(store: &SqliteStore, all: usize, now_ms: i64) {
    for left in [all - ALERTS_LET_GO_AT_ONCE, 1, 0] {
        let newest = store.newest_alert();
        store.due_alerts(now_ms, 1).await.unwrap();
        assert!(newest.has_changed().unwrap());
        assert_eq!(held(store).await, left);
    }
    assert_eq!(store.due_alerts(now_ms, all + 1).await.unwrap().len(), all);
}

#[tokio::test]
async fn many_are_let_go_in_steps_when_their_mute_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (store, all) = muted(&folder.path().join("store.db")).await;
    assert!(store.due_alerts(999, 1).await.unwrap().is_empty());
    assert_eq!(held(&store).await, all);
    all_go_in_steps(&store, all, 1_000).await;
}

#[tokio::test]
async fn many_are_let_go_in_steps_when_their_mute_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let (store, all) = muted(&folder.path().join("store.db")).await;
    let mute = crate::find::<Mute>(&*store, "m").await.unwrap().unwrap();
    let mut tx = Tx::default();
    tx.remove::<Mute>("m", mute.version);
    store.commit(tx).await.unwrap();
    // Nothing was touched yet: how many are muted does not matter to who takes a mute away.
    assert_eq!(held(&store).await, all);
    all_go_in_steps(&store, all, 20).await;
    let again = |c: &rusqlite::Connection| {
        Ok(c.query_row("SELECT count(*) FROM alert_again", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(store.readers.read(again).await.unwrap(), 0);
}
