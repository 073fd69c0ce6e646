use fleetward_domain::{EventType, Notification, VerificationState};

use super::fixtures::{CASE, Case, alert, alerts, verify};
use super::on_each;
use crate::limits::ALERT_LONGEST_WAIT_MS;
use crate::{AlertStatus, DueAlert, Store};

const OTHER: Case = Case { id: "other", thing: "door", ..CASE };

async fn due(store: &dyn Store, now_ms: i64) -> Vec<(String, EventType)> {
    let due = store.due_alerts(now_ms, 10).await.unwrap();
    let what = |due: DueAlert| {
        let Notification::Violation(event) = due.alert.notification;
        (due.alert.target_arn, event.event_type)
    };
    due.into_iter().map(what).collect()
}

async fn first(store: &dyn Store, now_ms: i64) -> DueAlert {
    store.due_alerts(now_ms, 1).await.unwrap().remove(0)
}

fn named(target: &str, event_type: EventType) -> (String, EventType) {
    (target.to_owned(), event_type)
}

#[tokio::test]
async fn a_target_hears_of_a_thing_in_order() {
    use EventType::{AlarmCleared, InAlarm};
    on_each(async |store| {
        let both = vec![
            alert(CASE, "t1", InAlarm, 10),
            alert(CASE, "t2", InAlarm, 10),
            alert(CASE, "t1", AlarmCleared, 20),
            alert(OTHER, "t1", InAlarm, 5),
        ];
        store.commit_detection(alerts(both.clone())).await.unwrap();
        let found = store.due_alerts(0, 10).await.unwrap();
        let sent: Vec<_> = found.iter().map(|due| due.alert.clone()).collect();
        assert_eq!(sent, [both[0].clone(), both[1].clone(), both[3].clone()]);
        assert_eq!((found[0].failures, found[0].created_ms), (0, 10));
        assert_eq!(store.due_alerts(0, 2).await.unwrap(), found[..2]);
        store.alert_delivered(found[0].id).await.unwrap();
        // It goes on behind the other thing, which has not had its turn.
        let expected = [named("t2", InAlarm), named("t1", InAlarm), named("t1", AlarmCleared)];
        assert_eq!(due(store, 0).await, expected);
        // Again, and of one that never was: nothing happens.
        store.alert_delivered(found[0].id).await.unwrap();
        store.alert_delivered(-1).await.unwrap();
        assert_eq!(due(store, 0).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_failed_alert_is_tried_later_and_holds_back_what_follows() {
    use EventType::{AlarmCleared, InAlarm};
    on_each(async |store| {
        let two = vec![alert(CASE, "t", InAlarm, 10), alert(CASE, "t", AlarmCleared, 20)];
        store.commit_detection(alerts(two)).await.unwrap();
        assert_eq!(store.next_alert_ms(0).await.unwrap(), None);
        let id = first(store, 50).await.id;
        store.alert_failed(id, Some(100), "refused").await.unwrap();
        assert!(due(store, 99).await.is_empty());
        assert_eq!(store.next_alert_ms(99).await.unwrap(), Some(100));
        assert_eq!(store.next_alert_ms(100).await.unwrap(), None);
        let again = first(store, 100).await;
        assert_eq!((again.id, again.failures), (id, 1));
        store.alert_failed(id, None, "too old").await.unwrap();
        assert_eq!(due(store, 100).await, [named("t", AlarmCleared)]);
        // A dead letter stays dead.
        store.alert_failed(id, Some(0), "late").await.unwrap();
        store.alert_delivered(id).await.unwrap();
        assert_eq!(due(store, 100).await, [named("t", AlarmCleared)]);
    })
    .await;
}

#[tokio::test]
async fn an_alert_put_off_by_a_clock_that_was_set_back_is_due_at_once() {
    on_each(async |store| {
        let one = vec![alert(CASE, "t", EventType::InAlarm, 10)];
        store.commit_detection(alerts(one)).await.unwrap();
        let (now_ms, id) = (5_000, first(store, 5_000).await.id);
        store.alert_failed(id, Some(now_ms + ALERT_LONGEST_WAIT_MS), "refused").await.unwrap();
        assert!(due(store, now_ms).await.is_empty(), "no clock was set");
        store.alert_failed(id, Some(now_ms + 3_600_000), "refused").await.unwrap();
        assert_eq!(first(store, now_ms).await.id, id);
    })
    .await;
}

#[tokio::test]
async fn what_was_delivered_or_given_up_is_not_sent_again() {
    use EventType::InAlarm;
    on_each(async |store| {
        let replayed = alerts(vec![alert(CASE, "t1", InAlarm, 10), alert(CASE, "t2", InAlarm, 10)]);
        store.commit_detection(replayed.clone()).await.unwrap();
        for _ in 0..2 {
            store.commit_detection(replayed.clone()).await.unwrap();
        }
        let found = store.due_alerts(0, 9).await.unwrap();
        assert_eq!(found.len(), 2);
        store.alert_delivered(found[0].id).await.unwrap();
        store.alert_failed(found[1].id, None, "gone").await.unwrap();
        store.commit_detection(replayed.clone()).await.unwrap();
        assert!(due(store, i64::MAX).await.is_empty());
        // Their rows are kept as long as events are.
        store.expire_events(10).await.unwrap();
        store.commit_detection(replayed.clone()).await.unwrap();
        assert!(due(store, i64::MAX).await.is_empty());
        store.expire_events(11).await.unwrap();
        store.commit_detection(replayed).await.unwrap();
        assert_eq!(due(store, i64::MAX).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_pending_alert_never_expires() {
    on_each(async |store| {
        let one = alerts(vec![alert(CASE, "t", EventType::InAlarm, 10)]);
        store.commit_detection(one).await.unwrap();
        store.expire_events(1000).await.unwrap();
        assert_eq!(due(store, 0).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_alert_says_the_same_when_its_event_has_expired() {
    on_each(async |store| {
        let told = alert(CASE, "t", EventType::InAlarm, 10);
        let Notification::Violation(event) = told.notification.clone();
        let mut tx = alerts(vec![told.clone()]);
        tx.effects.events.push(event);
        store.commit_detection(tx.clone()).await.unwrap();
        verify(store, CASE.id, VerificationState::FalsePositive, None).await;
        assert_eq!(first(store, 0).await.alert, told);
        assert_eq!(store.expire_events(1000).await.unwrap(), 1);
        assert_eq!(first(store, 0).await.alert, told);
        // Applied again, it is there once.
        store.commit_detection(tx).await.unwrap();
        assert_eq!(due(store, 0).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_alert_wakes_who_waits() {
    on_each(async |store| {
        let mut newest = store.newest_event();
        let one = alerts(vec![alert(CASE, "t", EventType::InAlarm, 10)]);
        store.commit_detection(one).await.unwrap();
        assert!(newest.has_changed().unwrap());
        newest.mark_unchanged();
        verify(store, "none", VerificationState::Unknown, None).await;
        assert!(!newest.has_changed().unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_dead_letter_is_kept_with_its_reason_as_long_as_events_of_its_time() {
    use EventType::{AlarmCleared, InAlarm};
    on_each(async |store| {
        let three = vec![
            alert(CASE, "t", InAlarm, 10),
            alert(CASE, "t", AlarmCleared, 20),
            alert(CASE, "u", InAlarm, 10),
        ];
        store.commit_detection(alerts(three)).await.unwrap();
        let found = store.due_alerts(0, 9).await.unwrap();
        let [dead, delivered] = [found[0].id, found[1].id];
        let status = async |id| store.alert_status(id).await.unwrap();
        assert_eq!(status(dead).await, Some(AlertStatus::Waiting));
        store.alert_failed(dead, Some(5), "refused").await.unwrap();
        assert_eq!(status(dead).await, Some(AlertStatus::Waiting));
        store.alert_failed(dead, None, "too old").await.unwrap();
        store.alert_delivered(delivered).await.unwrap();
        // What comes late changes neither.
        store.alert_delivered(dead).await.unwrap();
        store.alert_failed(dead, None, "late").await.unwrap();
        store.alert_failed(delivered, None, "late").await.unwrap();
        let reason = "too old".to_owned();
        assert_eq!(status(dead).await, Some(AlertStatus::Dead { reason }));
        assert_eq!(status(delivered).await, Some(AlertStatus::Delivered));
        assert_eq!(status(first(store, 50).await.id).await, Some(AlertStatus::Waiting));
        assert_eq!(status(-1).await, None);
        store.expire_events(10).await.unwrap();
        assert!(status(dead).await.is_some() && status(delivered).await.is_some());
        store.expire_events(11).await.unwrap();
        assert_eq!((status(dead).await, status(delivered).await), (None, None));
    })
    .await;
}
