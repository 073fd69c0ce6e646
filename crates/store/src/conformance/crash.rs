use fleetward_domain::{Effects, EventType};

use super::fixtures::{CASE, Case, alert, always, change, event, violation};
use super::on_each_that_crashes;
use crate::{Chunk, DetectionTx, Kind, PartitionProgress, StateTx, Store, Tx, ViolationFilter};

fn put(keys: &[&str]) -> Tx {
    let puts = keys.iter().map(|key| (Kind::Thing, (*key).to_owned(), b"1".to_vec())).collect();
    Tx { puts, changes: vec![change("d")], ..Tx::default() }
}

fn detected(epoch: u64, offset: u64) -> DetectionTx {
    let other = Case { id: "other", thing: "door", ..CASE };
    DetectionTx {
        progress: vec![PartitionProgress { partition: 3, epoch, effects_offset: offset + 2 }],
        effects: Effects {
            violations: vec![violation(CASE, 10), violation(other, 10)],
            closed: vec!["other".to_owned()],
            events: vec![event(CASE, EventType::InAlarm, 10)],
            alerts: vec![
                alert(CASE, "t", EventType::InAlarm, 10),
                alert(CASE, "t", EventType::AlarmCleared, 20),
                alert(other, "t", EventType::InAlarm, 10),
            ],
            ..Effects::default()
        },
    }
}

fn state(epoch: u64, state_offset: u64) -> StateTx {
    let chunks = vec![Chunk { index: 1, bytes: vec![7] }];
    StateTx { partition: 3, epoch, state_offset, effects_offset: state_offset + 2, chunks }
}

async fn keys(store: &dyn Store) -> Vec<String> {
    let found = store.list(Kind::Thing, "", None, 99).await.unwrap();
    found.into_iter().map(|document| document.key).collect()
}

#[tokio::test]
async fn what_was_acknowledged_is_found_after_a_crash() {
    on_each_that_crashes(async |crashing| {
        let store = crashing.store();
        let level = store.format_level();
        store.commit(put(&["a", "b"])).await.unwrap();
        store.commit(put(&["b"])).await.unwrap();
        let claim = store.claim_partition(3).await.unwrap();
        store.commit_detection(detected(claim.epoch, 5)).await.unwrap();
        store.write_state(state(claim.epoch, 5)).await.unwrap();
        let due = store.due_alerts(0, 9).await.unwrap();
        store.alert_delivered(due[0].id).await.unwrap();
        store.alert_failed(due[1].id, Some(70), "refused").await.unwrap();

        crashing.crash().await;
        let store = crashing.store();
        assert_eq!(store.format_level(), level);
        assert_eq!(keys(store).await, ["a", "b"]);
        assert_eq!(store.get(Kind::Thing, "b").await.unwrap().unwrap().version, 2);
        assert_eq!(store.changes_after(0, 9).await.unwrap().len(), 2);
        let again = store.claim_partition(3).await.unwrap();
        assert_eq!((again.epoch, again.state_offset, again.effects_offset), (2, 5, 7));
        assert_eq!(store.load_chunks(3).await.unwrap()[0].bytes, [7]);
        let open = store.active_violations(&ViolationFilter::default(), None, 9).await.unwrap();
        assert_eq!(open, [violation(CASE, 10)]);
        assert_eq!(store.violation_events(&always(), None, 9).await.unwrap().len(), 1);
        // The delivered alert is over, the next of its thing has its turn, the failed one waits.
        let due = store.due_alerts(0, 9).await.unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].alert, alert(CASE, "t", EventType::AlarmCleared, 20));
        assert_eq!(store.next_alert_ms(0).await.unwrap(), Some(70));
    })
    .await;
}

#[tokio::test]
async fn numbers_go_on_after_a_crash_where_they_stood() {
    on_each_that_crashes(async |crashing| {
        for _ in 0..3 {
            crashing.store().commit(put(&["a"])).await.unwrap();
        }
        crashing.store().prune_changes(9).await.unwrap();
        crashing.crash().await;
        let store = crashing.store();
        assert_eq!(*store.newest_change().borrow(), 3);
        let committed = store.commit(put(&["a"])).await.unwrap();
        assert_eq!((committed.versions, committed.change_seq), (vec![4], 4));
    })
    .await;
}

#[tokio::test]
async fn a_former_owner_is_refused_after_a_crash() {
    on_each_that_crashes(async |crashing| {
        let before = crashing.store().claim_partition(3).await.unwrap();
        crashing.crash().await;
        crashing.store().claim_partition(3).await.unwrap();
        let refused = crashing.store().commit_detection(detected(before.epoch, 5)).await;
        assert!(refused.is_err());
        assert!(crashing.store().write_state(state(before.epoch, 5)).await.is_err());
        assert!(crashing.store().load_chunks(3).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_write_that_nobody_waited_for_is_found_whole_or_not_at_all() {
    on_each_that_crashes(async |crashing| {
        let store = crashing.store();
        for number in 0..8 {
            let (one, two) = (format!("{number}/1"), format!("{number}/2"));
            // It is asked for, and given up at once.
            tokio::select! {
                biased;
                _ = store.commit(put(&[&one, &two])) => {}
                () = std::future::ready(()) => {}
            }
        }
        store.commit(put(&["last"])).await.unwrap();
        crashing.crash().await;
        let found = keys(crashing.store()).await;
        for number in 0..8 {
            let parts = found.iter().filter(|key| key.starts_with(&format!("{number}/"))).count();
            assert!(parts == 0 || parts == 2, "{found:?}");
        }
        assert!(found.contains(&"last".to_owned()));
        let changes = crashing.store().changes_after(0, 99).await.unwrap().len();
        assert_eq!(changes, (found.len() - 1) / 2 + 1);
    })
    .await;
}
