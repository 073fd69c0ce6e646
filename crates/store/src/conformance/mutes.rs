//! What is muted is held, and sent at the mute's end if it is still so.

use std::collections::BTreeMap;

use fleetward_domain::{
    Alert, BehaviorName, Effects, EventType, GroupName, Mute, MuteSubject, Notification,
    ProfileName, Severity, Thing, ThingGroup, ThingName,
};

use super::fixtures::{CASE, Case, alert, alerts};
use super::on_each;
use crate::{Store, Tx, find};

const DAY_MS: i64 = 24 * 3_600_000;

fn mute(id: &str, subject: MuteSubject, until_ms: i64) -> Mute {
    let (reason, created_by) = ("works".to_owned(), "arn".to_owned());
    Mute { id: id.to_owned(), subject, until_ms, reason, created_by, created_ms: 0 }
}

fn profile() -> MuteSubject {
    MuteSubject::Profile(ProfileName::parse(CASE.profile).unwrap())
}

async fn put(store: &dyn Store, mute: &Mute) {
    let mut tx = Tx::default();
    tx.put(mute, store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
}

async fn enqueue(store: &dyn Store, id: &'static str, event_type: EventType, at_ms: i64) {
    let one = alert(Case { id, ..CASE }, "t", event_type, at_ms);
    store.commit_detection(alerts(vec![one])).await.unwrap();
}

/// Delivers all that is due, one after the other.
async fn sent(store: &dyn Store, now_ms: i64) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(next) = store.due_alerts(now_ms, 1).await.unwrap().first() {
        let Notification::Violation(event) = &next.alert.notification;
        sent.push(format!("{} {}", event.violation_id, event.event_type.as_str()));
        store.alert_delivered(next.id).await.unwrap();
    }
    sent
}

#[tokio::test]
async fn what_begins_while_muted_is_sent_at_the_end_once_if_it_is_still_so() {
    use EventType::{AlarmCleared, InAlarm};
    on_each(async |store| {
        enqueue(store, "before", InAlarm, 5).await;
        put(store, &mute("m", profile(), 1_000)).await;
        enqueue(store, "stays", InAlarm, 10).await;
        enqueue(store, "goes", InAlarm, 20).await;
        enqueue(store, "goes", AlarmCleared, 30).await;
        // The end of what was told of goes out even while muted.
        enqueue(store, "before", AlarmCleared, 40).await;
        assert_eq!(sent(store, 50).await, ["before in-alarm", "before alarm-cleared"]);
        assert_eq!(store.next_alert_ms(50).await.unwrap(), Some(1_000));
        assert_eq!(sent(store, 1_000).await, ["stays in-alarm"]);
        enqueue(store, "stays", AlarmCleared, 1_100).await;
        assert_eq!(sent(store, 1_100).await, ["stays alarm-cleared"]);
        enqueue(store, "after", InAlarm, 1_200).await;
        assert_eq!(sent(store, 1_200).await, ["after in-alarm"]);
    })
    .await;
}

#[tokio::test]
async fn what_came_and_went_while_muted_is_not_sent_when_it_is_applied_again() {
    use EventType::{AlarmInvalidated, InAlarm};
    on_each(async |store| {
        put(store, &mute("m", profile(), 1_000)).await;
        // A crash in the middle of a record: what came of it comes once more, from its first step.
        for _ in 0..2 {
            enqueue(store, "v", InAlarm, 10).await;
            enqueue(store, "v", AlarmInvalidated, 20).await;
            assert!(sent(store, 30).await.is_empty());
        }
        assert_eq!(store.next_alert_ms(30).await.unwrap(), None);
        assert!(sent(store, 1_000).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn nothing_is_sent_at_the_end_of_a_mute_for_a_violation_that_is_over() {
    on_each(async |store| {
        put(store, &mute("m", profile(), 1_000)).await;
        enqueue(store, "v", EventType::InAlarm, 10).await;
        enqueue(store, "stays", EventType::InAlarm, 10).await;
        // The profile has other targets by now, or suppresses: this one hears of no end.
        let closed = vec!["v".to_owned()];
        let over = Effects { closed, ..Effects::default() };
        store.commit_detection(over.into()).await.unwrap();
        assert_eq!(sent(store, 1_000).await, ["stays in-alarm"]);
        assert_eq!(store.next_alert_ms(1_000).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_mute_that_is_taken_away_lets_go_unless_another_holds() {
    on_each(async |store| {
        put(store, &mute("one", profile(), 1_000)).await;
        put(store, &mute("two", profile(), 500)).await;
        enqueue(store, "v", EventType::InAlarm, 10).await;
        let remove = async |id: &str| {
            let found = find::<Mute>(store, id).await.unwrap().unwrap();
            let mut tx = Tx::default();
            tx.remove::<Mute>(id, found.version);
            let mut newest = store.newest_alert();
            newest.mark_unchanged();
            store.commit(tx).await.unwrap();
            assert!(newest.has_changed().unwrap(), "who delivers looks again");
        };
        remove("one").await;
        assert!(sent(store, 20).await.is_empty());
        assert_eq!(store.next_alert_ms(20).await.unwrap(), Some(500));
        remove("two").await;
        assert_eq!(sent(store, 30).await, ["v in-alarm"]);
    })
    .await;
}

#[tokio::test]
async fn things_groups_and_behaviors_are_muted_and_nothing_beside_them() {
    let name = |name: &str| GroupName::parse(name).unwrap();
    let thing = ThingName::parse(CASE.thing).unwrap();
    let behavior = BehaviorName::parse("bytes-out").unwrap();
    let of = ProfileName::parse(CASE.profile).unwrap();
    let subjects = [
        (MuteSubject::Thing(thing.clone()), true),
        (MuteSubject::Thing(ThingName::parse("door").unwrap()), false),
        // The thing is in `shelf`, which is in `hall`.
        (MuteSubject::Group(name("shelf")), true),
        (MuteSubject::Group(name("hall")), true),
        (MuteSubject::Group(name("attic")), false),
        // It was deleted, and the thing is still to leave it.
        (MuteSubject::Group(name("departed")), false),
        (MuteSubject::Behavior(of.clone(), behavior.clone()), true),
        (MuteSubject::Behavior(ProfileName::parse("other").unwrap(), behavior), false),
        (MuteSubject::Behavior(of, BehaviorName::parse("other").unwrap()), false),
    ];
    for (subject, is_muted) in subjects {
        let group = ThingGroup {
            name: name("shelf"),
            id: String::new(),
            ancestors: vec![name("hall")],
            description: None,
            attributes: BTreeMap::new(),
            tags: Vec::new(),
            created_ms: 0,
        };
        let lamp = Thing {
            name: thing.clone(),
            id: String::new(),
            attributes: BTreeMap::new(),
            groups: vec![name("shelf"), name("departed")],
            version: 1,
            created_ms: 0,
        };
        on_each(async |store| {
            let mut tx = Tx::default();
            tx.put(&group, store.format_level()).unwrap();
            tx.put(&lamp, store.format_level()).unwrap();
            store.commit(tx).await.unwrap();
            put(store, &mute("m", subject.clone(), 1_000)).await;
            enqueue(store, "v", EventType::InAlarm, 10).await;
            assert_eq!(sent(store, 10).await.is_empty(), is_muted, "{subject:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_critical_is_muted_for_a_day() {
    on_each(async |store| {
        put(store, &mute("m", profile(), 30 * DAY_MS)).await;
        let critical = |id, at_ms| -> Alert {
            let mut one = alert(Case { id, ..CASE }, "t", EventType::InAlarm, at_ms);
            let Notification::Violation(event) = &mut one.notification;
            event.severity = Severity::Critical;
            one
        };
        let two = vec![critical("first", DAY_MS - 1), critical("second", DAY_MS)];
        store.commit_detection(alerts(two)).await.unwrap();
        assert_eq!(sent(store, DAY_MS - 1).await, ["second in-alarm"]);
    })
    .await;
}
