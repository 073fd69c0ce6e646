mod unreadable;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use fleetward_domain::{
    Alert, Behavior, BehaviorName, Effects, EventType, MetricValue, Notification, ProfileName,
    Severity, ThingName, VerificationState, ViolationEvent,
};
use fleetward_environment::{Chance, Clock};
use fleetward_store::memory::MemoryStore;
use fleetward_store::{DetectionTx, Store};

use super::*;
use crate::limits::{FIRST_RETRY_MS, LONGEST_RETRY_MS, RETRY_FOR_MS};
use crate::payload::Message;
use crate::receiver::{Answer, Receiver};
use crate::target::{Target, Webhook};

/// When everything happens; an alert counts its age from its event.
const AT_MS: EpochMs = 1_700_000_000_000;
const ARN: &str = "arn:aws:sns:us-east-1:123456789012:alarms";
const OTHER_ARN: &str = "arn:aws:sns:us-east-1:123456789012:other";

/// A wall clock that stands until it is set on; who waits for it notices within a second.
#[derive(Clone)]
struct HandClock(Arc<AtomicI64>);

impl HandClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(AT_MS)))
    }

    fn advance(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let told = Arc::clone(&self.0);
        Clock::new(move || told.load(Ordering::SeqCst))
    }
}

fn alert(thing: &str, event_type: EventType, arn: &str) -> Alert {
    Alert {
        target_arn: arn.to_owned(),
        notification: Notification::Violation(ViolationEvent {
            violation_id: format!("violation of {thing}"),
            thing: ThingName::parse(thing).unwrap(),
            profile: ProfileName::parse("lamps").unwrap(),
            severity: Severity::Medium,
            behavior: Behavior {
                name: BehaviorName::parse("ports").unwrap(),
                metric: None,
                dimension: None,
                criteria: None,
                suppress_alerts: false,
                export_metric: None,
            },
            value: Some(MetricValue::Ports(vec![23])),
            event_type,
            at_ms: AT_MS,
            verification: VerificationState::Unknown,
            verification_description: None,
        }),
    }
}

/// A store with an outbox, and its delivery.
struct Stage {
    store: Arc<dyn Store>,
    clock: HandClock,
    running: Option<Running>,
}

impl Stage {
    fn start(targets: &[(&str, &Receiver)]) -> Self {
        let stage =
            Self { store: Arc::new(MemoryStore::new()), clock: HandClock::new(), running: None };
        stage.restart(targets)
    }

    fn restart(mut self, targets: &[(&str, &Receiver)]) -> Self {
        let target = |(arn, receiver): &(&str, &Receiver)| {
            let webhook = Webhook::parse(&format!("http://{}/", receiver.address)).unwrap();
            ((*arn).to_owned(), Target::Webhook(webhook))
        };
        let settings = Settings {
            targets: targets.iter().map(target).collect(),
            allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
            clock: self.clock.clock(),
            ..Settings::default()
        };
        self.running = Some(Alerts::start(settings, self.store.clone()).unwrap());
        self
    }

    async fn commit(&self, alerts: Vec<Alert>) {
        let event = |alert: &Alert| {
            let Notification::Violation(event) = &alert.notification;
            event.clone()
        };
        let events = alerts.iter().map(event).collect();
        let tx = DetectionTx::from(Effects { alerts, events, ..Effects::default() });
        self.store.commit_detection(tx).await.unwrap();
    }

    /// Every row that is neither delivered nor dead, and is first for its thing and target.
    async fn left(&self) -> Vec<DueAlert> {
        self.store.due_alerts(EpochMs::MAX, 10_000).await.unwrap()
    }

    async fn until_left(&self, rows: usize) {
        until(async || self.left().await.len() == rows).await;
    }

    /// Waits until the first row has failed this often.
    async fn until_failures(&self, failures: u32) {
        until(async || self.left().await.first().is_some_and(|due| due.failures == failures)).await;
    }
}

/// Waits for something to hold.
async fn until(holds: impl AsyncFn() -> bool) {
    let clock = Clock::system();
    let waiting = async {
        while !holds().await {
            clock.sleep(Duration::from_millis(5)).await;
        }
    };
    clock.timeout(Duration::from_secs(8), waiting).await.expect("it holds within 8 s");
}

#[tokio::test]
async fn an_alert_is_delivered_once_and_leaves_the_outbox() {
    let receiver = Receiver::listen(|_, _| Answer::Status(200)).await;
    let stage = Stage::start(&[(ARN, &receiver)]);
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    until(async || receiver.seen().len() == 1).await;
    stage.until_left(0).await;
    stage.clock.advance(LONGEST_RETRY_MS);
    // Detection that replays its log stores the same alert again: it is the same row.
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    stage.commit(vec![alert("lamp", EventType::AlarmCleared, ARN)]).await;
    until(async || receiver.seen().len() >= 2).await;
    stage.running.unwrap().shutdown().await;
    assert_eq!(receiver.summaries(), ["lamp in-alarm", "lamp alarm-cleared"]);
    assert_ne!(
        receiver.seen()[0].headers["x-amz-sns-message-id"],
        receiver.seen()[1].headers["x-amz-sns-message-id"]
    );
}

#[tokio::test]
async fn a_failure_is_retried_later_and_later() {
    let receiver =
        Receiver::listen(|_, before| Answer::Status(if before < 2 { 500 } else { 200 })).await;
    let other = Receiver::listen(|_, _| Answer::Status(200)).await;
    let stage = Stage::start(&[(ARN, &receiver), (OTHER_ARN, &other)]);
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    stage.until_failures(1).await;
    stage.clock.advance(FIRST_RETRY_MS / 2 - 1);
    // Another alert makes the outbox look: the first one is not due yet.
    stage.commit(vec![alert("door", EventType::InAlarm, OTHER_ARN)]).await;
    until(async || other.seen().len() == 1).await;
    stage.until_left(1).await;
    assert_eq!(receiver.seen().len(), 1, "not before its time");
    stage.clock.advance(FIRST_RETRY_MS / 2 + 1);
    stage.until_failures(2).await;
    stage.clock.advance(2 * FIRST_RETRY_MS);
    stage.until_left(0).await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    let id = |nth: usize| seen[nth].headers["x-amz-sns-message-id"].clone();
    assert_eq!((id(0), id(1)), (id(1), id(2)), "a repetition carries the same id");
}

#[tokio::test]
async fn alerts_of_one_thing_keep_their_order_and_others_go_ahead() {
    let receiver = Receiver::listen(|received, before| {
        let is_first_of_lamp = before == 0 && received.summary() == "lamp in-alarm";
        Answer::Status(if is_first_of_lamp { 503 } else { 200 })
    })
    .await;
    let stage = Stage::start(&[(ARN, &receiver)]);
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    stage.until_failures(1).await;
    stage
        .commit(vec![
            alert("lamp", EventType::AlarmCleared, ARN),
            alert("door", EventType::InAlarm, ARN),
        ])
        .await;
    until(async || receiver.seen().len() == 2).await;
    stage.clock.advance(FIRST_RETRY_MS);
    until(async || receiver.seen().len() == 4).await;
    assert_eq!(
        receiver.summaries(),
        ["lamp in-alarm", "door in-alarm", "lamp in-alarm", "lamp alarm-cleared"]
    );
}

#[tokio::test]
async fn a_target_that_hangs_delays_nobody_else() {
    let hanging = Receiver::listen(|_, _| Answer::Never).await;
    let well = Receiver::listen(|_, _| Answer::Status(200)).await;
    let stage = Stage::start(&[(ARN, &hanging), (OTHER_ARN, &well)]);
    // More than a page of the outbox, all older than the one that must not wait.
    let hung = |n: usize| alert(&format!("lamp-{n}"), EventType::InAlarm, ARN);
    stage.commit((0..3 * crate::limits::PAGE).map(hung).collect()).await;
    stage.commit(vec![alert("door", EventType::InAlarm, OTHER_ARN)]).await;
    until(async || well.seen().len() == 1).await;
    assert_eq!(well.summaries(), ["door in-alarm"]);
    // They are of things that nobody registered.
    assert_eq!(hanging.seen().len(), crate::limits::SLOTS_FOR_STRANGERS);
}

#[tokio::test]
async fn after_a_day_an_alert_is_given_up() {
    let receiver = Receiver::listen(|_, _| Answer::Status(404)).await;
    let stage = Stage::start(&[(ARN, &receiver)]);
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    stage.until_failures(1).await;
    stage.clock.advance(RETRY_FOR_MS - 60_000);
    stage.until_failures(2).await;
    stage.clock.advance(60_001);
    stage.until_left(0).await;
    assert_eq!(receiver.seen().len(), 3);
    stage.clock.advance(RETRY_FOR_MS);
    // The dead letter is in nobody's way.
    stage.commit(vec![alert("lamp", EventType::AlarmCleared, ARN)]).await;
    until(async || receiver.seen().len() == 4).await;
    assert_eq!(receiver.summaries()[3], "lamp alarm-cleared");
}

#[tokio::test]
async fn a_target_without_a_webhook_makes_dead_letters() {
    let receiver = Receiver::listen(|_, _| Answer::Status(200)).await;
    let stage = Stage::start(&[(ARN, &receiver)]);
    stage
        .commit(vec![
            alert("lamp", EventType::InAlarm, OTHER_ARN),
            alert("lamp", EventType::InAlarm, ARN),
        ])
        .await;
    stage.until_left(0).await;
    assert_eq!(receiver.summaries(), ["lamp in-alarm"]);
}

#[tokio::test]
async fn what_was_not_delivered_goes_out_after_a_restart() {
    let receiver =
        Receiver::listen(|_, before| Answer::Status(if before == 0 { 500 } else { 200 })).await;
    let mut stage = Stage::start(&[(ARN, &receiver)]);
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    stage.until_failures(1).await;
    stage.running.take().unwrap().shutdown().await;
    stage.clock.advance(FIRST_RETRY_MS);
    let stage = stage.restart(&[(ARN, &receiver)]);
    stage.until_left(0).await;
    assert_eq!(receiver.summaries(), ["lamp in-alarm", "lamp in-alarm"]);
}

/// Notes when it was asked to deliver, and refuses the first few times.
struct Refuses {
    times: usize,
    clock: Clock,
    asked_ms: Mutex<Vec<EpochMs>>,
}

#[async_trait::async_trait]
impl Deliver for Refuses {
    async fn deliver(&self, _: &Target, _: &Message) -> Result<(), AlertsError> {
        let mut asked_ms = self.asked_ms.lock().unwrap();
        asked_ms.push(self.clock.now_ms() - AT_MS);
        if asked_ms.len() > self.times { Ok(()) } else { Err(AlertsError::Timeout) }
    }
}

/// When an alert whose target refuses eight times is tried, in milliseconds after it was made:
/// on virtual time, so that half an hour takes none.
async fn tries_with(seed: u64) -> Vec<EpochMs> {
    let clock = Clock::of_the_runtime(AT_MS);
    let carrier = Arc::new(Refuses { times: 8, clock: clock.clone(), asked_ms: Mutex::default() });
    let webhook = Webhook::parse("https://hooks.example/").unwrap();
    let settings = Settings {
        targets: [(ARN.to_owned(), Target::Webhook(webhook))].into(),
        clock: clock.clone(),
        chance: Chance::seeded(seed),
        ..Settings::default()
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let running = Alerts::start_with(settings, store.clone(), carrier.clone()).unwrap();
    let stage = Stage { store, clock: HandClock::new(), running: None };
    stage.commit(vec![alert("lamp", EventType::InAlarm, ARN)]).await;
    clock.sleep(Duration::from_secs(3600)).await;
    assert!(stage.left().await.is_empty(), "delivered in the end");
    running.shutdown().await;
    carrier.asked_ms.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_simulated_target_is_tried_at_times_that_the_seed_decides() {
    let tries = tries_with(7).await;
    assert_eq!(tries.len(), 9);
    let pauses: Vec<EpochMs> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (failures, pause_ms) in (0..).zip(&pauses) {
        let full_ms = FIRST_RETRY_MS << failures;
        assert!((full_ms / 2..=full_ms).contains(pause_ms), "{failures}: {pause_ms} ms");
    }
    assert_eq!(tries_with(7).await, tries);
    assert_ne!(tries_with(8).await, tries);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let webhook = Webhook::parse("https://hooks.example/").unwrap();
    let settings = |arns: Vec<String>| Settings {
        targets: arns
            .into_iter()
            .map(|arn| (arn, Target::Webhook(webhook.clone())))
            .collect::<BTreeMap<_, _>>(),
        ..Settings::default()
    };
    let many = (0..=crate::limits::TARGETS).map(|n| format!("arn:{n}")).collect();
    let refused = Alerts::start(settings(many), store.clone()).unwrap_err();
    assert_eq!(refused.to_string(), "alert targets: 33 are more than 32");
    let refused = Alerts::start(settings(vec!["arn:\n".into()]), store.clone()).unwrap_err();
    assert_eq!(refused.to_string(), "alert target \"arn:\\n\" must be visible ASCII characters");
    let unrooted = Settings { trusted_roots: vec![vec![0].into()], ..Settings::default() };
    assert!(matches!(Alerts::start(unrooted, store), Err(AlertsError::Tls(_))));
}

#[tokio::test]
async fn an_honest_alarm_beside_forged_names_leaves_at_once() {
    // The target takes its time: whoever gets a slot keeps it.
    let hanging = Receiver::listen(|received, _| match received.summary().as_str() {
        "honest in-alarm" => Answer::Status(200),
        _ => Answer::Never,
    })
    .await;
    let stage = Stage::start(&[(ARN, &hanging)]);
    let thing = fleetward_domain::Thing {
        name: ThingName::parse("honest").unwrap(),
        id: String::new(),
        attributes: BTreeMap::new(),
        groups: Vec::new(),
        version: 1,
        created_ms: AT_MS,
    };
    let mut tx = fleetward_store::Tx::default();
    tx.put(&thing, stage.store.format_level()).unwrap();
    stage.store.commit(tx).await.unwrap();
    let forged = |n: usize| alert(&format!("forged-{n}"), EventType::InAlarm, ARN);
    stage.commit((0..3 * crate::limits::PAGE).map(forged).collect()).await;
    until(async || hanging.seen().len() == crate::limits::SLOTS_FOR_STRANGERS).await;
    stage.commit(vec![alert("honest", EventType::InAlarm, ARN)]).await;
    until(async || hanging.summaries().contains(&"honest in-alarm".to_owned())).await;
    assert_eq!(hanging.seen().len(), crate::limits::SLOTS_FOR_STRANGERS + 1);
}
