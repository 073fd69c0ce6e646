//! Whose turn it is in the outbox, and what is held.

use fleetward_domain::{Alert, EventType, Notification, Thing, ThingName};

use super::fixtures::{CASE, Case, alert, alerts};
use super::on_each;
use crate::{AlertStatus, DueAlert, Store, Tx};

const TEN_MINUTES_MS: i64 = 600_000;

async fn enqueue(store: &dyn Store, enqueued: Vec<Alert>) {
    store.commit_detection(alerts(enqueued)).await.unwrap();
}

async fn register(store: &dyn Store, name: &str) {
    let thing = Thing {
        name: ThingName::parse(name).unwrap(),
        id: String::new(),
        attributes: std::collections::BTreeMap::new(),
        groups: Vec::new(),
        version: 1,
        created_ms: 0,
    };
    let mut tx = Tx::default();
    tx.put(&thing, store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
}

fn said(due: &DueAlert) -> String {
    let Notification::Violation(event) = &due.alert.notification;
    format!("{} {} {}", event.thing, event.violation_id, event.event_type.as_str())
}

async fn due(store: &dyn Store, now_ms: i64) -> Vec<String> {
    store.due_alerts(now_ms, 1_000).await.unwrap().iter().map(said).collect()
}

/// Delivers all that is due, one after the other.
async fn sent(store: &dyn Store, now_ms: i64) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(next) = store.due_alerts(now_ms, 1).await.unwrap().first() {
        sent.push(said(next));
        store.alert_delivered(next.id).await.unwrap();
    }
    sent
}

/// The behavior of `lamp` comes and goes: one violation a second, over half a second later.
async fn flap(store: &dyn Store, seconds: std::ops::Range<i64>) {
    for second in seconds {
        let case = Case { id: Box::leak(format!("v{second}").into_boxed_str()), ..CASE };
        let begins = alert(case, "t", EventType::InAlarm, second * 1_000);
        let ends = alert(case, "t", EventType::AlarmCleared, second * 1_000 + 500);
        enqueue(store, vec![begins]).await;
        enqueue(store, vec![ends]).await;
    }
}

#[tokio::test]
async fn an_honest_alarm_beside_a_flood_leaves_next() {
    on_each(async |store| {
        for thing in ["flood", "honest"] {
            register(store, thing).await;
        }
        // A device that alternates, each time by another behavior so that nothing is held, and
        // names that somebody made up.
        for number in 0..50 {
            let id: &str = Box::leak(format!("f{number}").into_boxed_str());
            let mut noise = alert(Case { id, thing: "flood", ..CASE }, "t", EventType::InAlarm, 1);
            let Notification::Violation(event) = &mut noise.notification;
            event.behavior.name = format!("b{number}").try_into().unwrap();
            let name: &str = Box::leak(format!("forged-{number}").into_boxed_str());
            let forged = Case { id: name, thing: name, ..CASE };
            enqueue(store, vec![noise, alert(forged, "t", EventType::InAlarm, 1)]).await;
        }
        let first = store.due_alerts(9, 1).await.unwrap();
        store.alert_delivered(first[0].id).await.unwrap();
        let honest = alert(Case { id: "h", thing: "honest", ..CASE }, "t", EventType::InAlarm, 2);
        enqueue(store, vec![honest]).await;
        let found = store.due_alerts(9, 4).await.unwrap();
        assert_eq!(said(&first[0]), "flood f0 in-alarm");
        let order: Vec<String> = found.iter().map(said).collect();
        assert!(order[..2].contains(&"honest h in-alarm".to_owned()), "{order:?}");
        let strangers: Vec<bool> = found.iter().map(|due| due.is_of_stranger).collect();
        assert_eq!(strangers, [false, false, true, true]);
        // Once more: whose alert was delivered goes behind.
        let flood = found.iter().find(|due| said(due).starts_with("flood")).unwrap();
        store.alert_delivered(flood.id).await.unwrap();
        assert_eq!(due(store, 9).await[0], "honest h in-alarm");
    })
    .await;
}

#[tokio::test]
async fn what_comes_and_goes_too_often_is_held_and_told_by_what_is_true() {
    on_each(async |store| {
        flap(store, 0..100).await;
        let told = sent(store, 200_000).await;
        assert_eq!(told.len(), 10, "{told:?}");
        assert_eq!(told.last().unwrap(), "lamp v4 alarm-cleared");
        // All that was held has come and gone.
        assert_eq!(store.next_alert_ms(200_000).await.unwrap(), None);
        // One that stays is told of when ten minutes have passed since the first.
        let stays = Case { id: "stays", ..CASE };
        enqueue(store, vec![alert(stays, "t", EventType::InAlarm, 210_000)]).await;
        assert_eq!(sent(store, TEN_MINUTES_MS - 1).await, Vec::<String>::new());
        assert_eq!(store.next_alert_ms(300_000).await.unwrap(), Some(TEN_MINUTES_MS));
        let found = store.due_alerts(TEN_MINUTES_MS, 9).await.unwrap();
        assert_eq!(said(&found[0]), "lamp stays in-alarm");
        assert_eq!(found[0].created_ms, TEN_MINUTES_MS, "its age counts from here");
    })
    .await;
}

#[tokio::test]
async fn an_end_that_is_held_comes_with_the_beginning_after_it_and_never_alone() {
    on_each(async |store| {
        // Nine go; the tenth is a beginning, the eleventh its end.
        let odd = Case { id: "odd", ..CASE };
        enqueue(store, vec![alert(odd, "t", EventType::AlarmCleared, 0)]).await;
        flap(store, 1..6).await;
        let told = sent(store, 10_000).await;
        assert_eq!(told.last().unwrap(), "lamp v5 in-alarm", "{told:?}");
        flap(store, 6..40).await;
        let open = Case { id: "open", ..CASE };
        enqueue(store, vec![alert(open, "t", EventType::InAlarm, 50_000)]).await;
        assert!(sent(store, TEN_MINUTES_MS - 1).await.is_empty());
        let told = sent(store, TEN_MINUTES_MS).await;
        assert_eq!(told, ["lamp v5 alarm-cleared", "lamp open in-alarm"]);
    })
    .await;
}

#[tokio::test]
async fn other_behaviors_things_and_targets_are_not_held() {
    on_each(async |store| {
        flap(store, 0..20).await;
        let mut other_behavior = alert(Case { id: "b", ..CASE }, "t", EventType::InAlarm, 30_000);
        let Notification::Violation(event) = &mut other_behavior.notification;
        event.behavior.name = "another".to_owned().try_into().unwrap();
        let other_thing = Case { id: "o", thing: "door", ..CASE };
        let honest = vec![
            other_behavior,
            alert(other_thing, "t", EventType::InAlarm, 30_000),
            alert(Case { id: "u", ..CASE }, "u", EventType::InAlarm, 30_000),
        ];
        enqueue(store, honest).await;
        let told = sent(store, 40_000).await;
        for expected in ["lamp b in-alarm", "door o in-alarm", "lamp u in-alarm"] {
            assert!(told.contains(&expected.to_owned()), "{expected}: {told:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_held_says_until_when() {
    on_each(async |store| {
        flap(store, 0..5).await;
        let held = Case { id: "held", ..CASE };
        enqueue(store, vec![alert(held, "t", EventType::InAlarm, 20_000)]).await;
        let told = sent(store, 30_000).await;
        assert_eq!(told.len(), 10);
        let found = store.due_alerts(TEN_MINUTES_MS, 1).await.unwrap();
        assert_eq!(store.alert_status(found[0].id).await.unwrap(), Some(AlertStatus::Waiting));
        // The same again, after a crash: it is there once.
        enqueue(store, vec![alert(held, "t", EventType::InAlarm, 20_000)]).await;
        assert_eq!(due(store, TEN_MINUTES_MS).await, ["lamp held in-alarm"]);
    })
    .await;
}

#[tokio::test]
async fn what_comes_and_goes_is_not_held_by_a_clock_that_was_set_back() {
    const HOUR_MS: i64 = 3_600_000;
    on_each(async |store| {
        // By the clock an hour ahead: ten go, and one is held.
        flap(store, 3_600..3_605).await;
        let held = Case { id: "held", ..CASE };
        enqueue(store, vec![alert(held, "t", EventType::InAlarm, HOUR_MS + 20_000)]).await;
        assert_eq!(sent(store, HOUR_MS + 20_000).await.len(), 10);
        assert_eq!(
            store.next_alert_ms(HOUR_MS + 20_000).await.unwrap(),
            Some(HOUR_MS + TEN_MINUTES_MS)
        );
        // The clock is right again: neither that one waits nor what comes now.
        assert_eq!(store.next_alert_ms(30_000).await.unwrap(), None);
        assert_eq!(sent(store, 30_000).await, ["lamp held in-alarm"]);
        let now = Case { id: "now", ..CASE };
        enqueue(store, vec![alert(now, "t", EventType::InAlarm, 30_000)]).await;
        assert_eq!(sent(store, 30_000).await, ["lamp now in-alarm"]);
        // Ten by this clock have gone, and what comes and goes is held as ever.
        flap(store, 40..140).await;
        assert_eq!(sent(store, 150_000).await.len(), 9);
    })
    .await;
}
