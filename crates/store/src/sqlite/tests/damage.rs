//! Rows that something damaged.

use fleetward_domain::{Effects, EventType};

use super::*;
use crate::conformance::fixtures::{CASE, Case, alert, always, event, violation};
use crate::{DetectionTx, Outbox, Partitions, ViolationFilter, Violations};

/// Opens a file that holds this, after this SQL was done to it.
async fn damaged(
    tx: DetectionTx,
    changes: usize,
    sql: &str,
) -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    store.commit_detection(tx).await.unwrap();
    for _ in 0..changes {
        store.commit(changed()).await.unwrap();
    }
    store.close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    assert!(other.execute(sql, []).unwrap() > 0);
    drop(other);
    (folder, SqliteStore::open(&path).unwrap())
}

fn three() -> [Case; 3] {
    ["1", "2", "3"].map(|id| Case { id, ..CASE })
}

#[tokio::test]
async fn an_unreadable_violation_is_left_out_and_the_page_is_as_long() {
    let violations = three().map(|case| violation(case, 10)).to_vec();
    let tx = DetectionTx::from(Effects { violations, ..Effects::default() });
    let sql = "UPDATE violation SET body = x'7b' WHERE id = '1'";
    let (_folder, store) = damaged(tx, 0, sql).await;
    let page = store.active_violations(&ViolationFilter::default(), None, 2).await.unwrap();
    let ids: Vec<_> = page.iter().map(|violation| violation.id.as_str()).collect();
    assert_eq!(ids, ["2", "3"]);
    assert_eq!(store.unreadable().readings(), 1);
}

#[tokio::test]
async fn an_unreadable_event_is_left_out_and_the_page_is_as_long() {
    let events = three().map(|case| event(case, EventType::InAlarm, 10)).to_vec();
    let tx = DetectionTx::from(Effects { events, ..Effects::default() });
    let sql = "UPDATE event SET body = CAST('{\"v\":9}' AS BLOB) WHERE violation_id = '3'";
    let (_folder, store) = damaged(tx, 0, sql).await;
    let page = store.violation_events(&always(), None, 2).await.unwrap();
    let ids: Vec<_> = page.iter().map(|(_, event)| event.violation_id.as_str()).collect();
    assert_eq!(ids, ["2", "1"]);
    assert_eq!(store.unreadable().readings(), 1);
}

#[tokio::test]
async fn a_violation_with_an_unreadable_column_is_left_out_and_the_page_is_as_long() {
    for column in ["verification = 77", "verification = 'x'", "description = x'ff'"] {
        let violations = three().map(|case| violation(case, 10)).to_vec();
        let tx = DetectionTx::from(Effects { violations, ..Effects::default() });
        let sql = format!("UPDATE violation SET {column} WHERE id = '1'");
        let (_folder, store) = damaged(tx, 0, &sql).await;
        let page = store.active_violations(&ViolationFilter::default(), None, 2).await.unwrap();
        let ids: Vec<_> = page.iter().map(|violation| violation.id.as_str()).collect();
        assert_eq!(ids, ["2", "3"], "{column}");
        assert_eq!(store.unreadable().readings(), 1, "{column}");
    }
}

#[tokio::test]
async fn an_event_with_an_unreadable_column_is_left_out_and_the_page_is_as_long() {
    for column in ["verification = 77", "event_type = 77", "description = x'ff'"] {
        let events = three().map(|case| event(case, EventType::InAlarm, 10)).to_vec();
        let tx = DetectionTx::from(Effects { events, ..Effects::default() });
        let sql = format!("UPDATE event SET {column} WHERE violation_id = '3'");
        let (_folder, store) = damaged(tx, 0, &sql).await;
        let page = store.violation_events(&always(), None, 2).await.unwrap();
        let ids: Vec<_> = page.iter().map(|(_, event)| event.violation_id.as_str()).collect();
        assert_eq!(ids, ["2", "1"], "{column}");
        assert_eq!(store.unreadable().readings(), 1, "{column}");
    }
}

#[tokio::test]
async fn a_violation_whose_verification_is_unreadable_clears_and_detection_goes_on() {
    let tx =
        DetectionTx::from(Effects { violations: vec![violation(CASE, 10)], ..Effects::default() });
    let (_folder, store) = damaged(tx, 0, "UPDATE violation SET verification = 77").await;
    assert!(store.knows_violation(CASE.id).await.unwrap());
    let cleared = DetectionTx::from(Effects {
        events: vec![event(CASE, EventType::AlarmCleared, 20)],
        closed: vec![CASE.id.to_owned()],
        ..Effects::default()
    });
    store.commit_detection(cleared).await.unwrap();
    let events = store.violation_events(&always(), None, 9).await.unwrap();
    let said: Vec<_> = events.iter().map(|(_, event)| event.verification).collect();
    assert_eq!(said, [fleetward_domain::VerificationState::Unknown]);
    // Once as it was asked for, once as it was cleared.
    assert_eq!(store.unreadable().readings(), 2);
}

#[tokio::test]
async fn an_alert_of_an_unknown_status_is_counted_and_does_not_hold_back_those_that_follow() {
    let alerts = three().map(|case| alert(case, "t", EventType::InAlarm, 10)).to_vec();
    let tx = DetectionTx::from(Effects { alerts, ..Effects::default() });
    let (_folder, store) = damaged(tx, 0, "UPDATE alert SET status = 9 WHERE key LIKE '1/%'").await;
    assert!(store.due_alerts(0, 9).await.unwrap().is_empty());
    assert_eq!(store.expire_events(0).await.unwrap(), 0);
    assert_eq!(store.unreadable().readings(), 1);
    let due = store.due_alerts(0, 9).await.unwrap();
    assert_eq!(due[0].alert, alert(three()[1], "t", EventType::InAlarm, 10));
}

#[tokio::test]
async fn an_alert_that_nobody_can_read_does_not_hold_back_those_that_follow() {
    let alerts = three().map(|case| alert(case, "t", EventType::InAlarm, 10)).to_vec();
    let tx = DetectionTx::from(Effects { alerts, ..Effects::default() });
    let sql = "UPDATE alert SET body = x'7b' WHERE key LIKE '1/%'";
    let (_folder, store) = damaged(tx, 0, sql).await;
    assert!(store.due_alerts(0, 9).await.unwrap().is_empty());
    let due = store.due_alerts(0, 9).await.unwrap();
    assert_eq!(due[0].alert, alert(three()[1], "t", EventType::InAlarm, 10));
    assert_eq!(store.unreadable().readings(), 1);
}

#[tokio::test]
async fn an_alert_of_a_newer_release_waits_for_that_release() {
    let alerts = three().map(|case| alert(case, "t", EventType::InAlarm, 10)).to_vec();
    let tx = DetectionTx::from(Effects { alerts, ..Effects::default() });
    let sql = "UPDATE alert SET body = CAST('{\"v\":9}' AS BLOB) WHERE key LIKE '1/%'";
    let (_folder, store) = damaged(tx, 0, sql).await;
    for turn in 1..=2 {
        assert!(store.due_alerts(0, 9).await.unwrap().is_empty());
        assert_eq!(store.unreadable().readings(), turn);
    }
}

#[tokio::test]
async fn alerts_that_cannot_be_read_take_no_place_of_those_that_can() {
    let cases = [("1", "a"), ("2", "b"), ("3", "c")].map(|(id, thing)| Case { id, thing, ..CASE });
    let alerts = cases.map(|case| alert(case, "t", EventType::InAlarm, 10)).to_vec();
    let tx = DetectionTx::from(Effects { alerts, ..Effects::default() });
    let sql = "UPDATE alert SET body = CAST('{\"v\":9}' AS BLOB) WHERE thing <> 'c'";
    let (_folder, store) = damaged(tx, 0, sql).await;
    let due = store.due_alerts(0, 1).await.unwrap();
    assert_eq!(due[0].alert, alert(cases[2], "t", EventType::InAlarm, 10));
}

#[tokio::test]
async fn a_document_whose_key_is_no_text_is_left_out_and_the_page_is_as_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    for key in ["a", "b", "c"] {
        store.commit(put(key)).await.unwrap();
    }
    store.close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    // A byte that no UTF-8 has, and that stands between the others.
    other.execute("UPDATE document SET key = x'6180' WHERE key = CAST('b' AS BLOB)", []).unwrap();
    drop(other);
    let store = SqliteStore::open(&path).unwrap();
    let page = store.list(Kind::Thing, "", None, 2).await.unwrap();
    let keys: Vec<_> = page.into_iter().map(|document| document.key).collect();
    assert_eq!(keys, ["a", "c"]);
    assert_eq!(store.unreadable().readings(), 1);
}

#[tokio::test]
async fn readers_of_changes_have_what_comes_before_an_unreadable_one_and_stop_there() {
    let sql = "UPDATE change SET body = x'ff' WHERE seq = 3";
    let (_folder, store) = damaged(DetectionTx::default(), 4, sql).await;
    let before = store.changes_after(0, 9).await.unwrap();
    assert_eq!(before.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2]);
    let error = store.changes_after(2, 9).await.unwrap_err();
    assert!(error.is_about_what_is_stored(), "{error}");
    assert!(error.to_string().starts_with("change \"3\" is corrupt: "), "{error}");
}

#[tokio::test]
async fn a_value_that_is_not_what_was_written_is_unreadable_though_it_can_be_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    for key in ["a", "b", "c"] {
        store.commit(put(key)).await.unwrap();
    }
    store.commit(changed()).await.unwrap();
    store.close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE document SET value = x'32' WHERE key = CAST('b' AS BLOB)", []).unwrap();
    // Swapped keys keep their values, and are damage all the same.
    other.execute("UPDATE document SET key = x'64' WHERE key = CAST('c' AS BLOB)", []).unwrap();
    // Of the other name, in as many bytes.
    let body: Vec<u8> = other.query_row("SELECT body FROM change", [], |row| row.get(0)).unwrap();
    let body: Vec<u8> = body.iter().map(|b| if *b == b'd' { b'e' } else { *b }).collect();
    other.execute("UPDATE change SET body = ?", [body]).unwrap();
    drop(other);
    let store = SqliteStore::open(&path).unwrap();
    let page = store.list(Kind::Thing, "", None, 9).await.unwrap();
    assert_eq!(page.into_iter().map(|document| document.key).collect::<Vec<_>>(), ["a"]);
    assert_eq!(store.unreadable().documents(), 2);
    let error = store.get(Kind::Thing, "b").await.unwrap_err();
    assert!(error.is_about_what_is_stored(), "{error}");
    let error = store.changes_after(0, 9).await.unwrap_err().to_string();
    assert!(error.contains("its bytes are not those that its checksum was made of"), "{error}");
    // Written again, it is well.
    store.commit(put("b")).await.unwrap();
    assert!(store.get(Kind::Thing, "b").await.unwrap().is_some());
}
