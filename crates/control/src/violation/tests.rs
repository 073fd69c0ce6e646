use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, Effects, EventType,
    Judgement, Metric, MetricValue, ProfileName, Severity, ThingName, VerificationState, Violation,
    ViolationEvent,
};
use fleetward_store::DetectionTx;
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::Plane;

fn behavior(suppress_alerts: bool) -> Behavior {
    let comparison = Comparison::new(ComparisonOperator::LessThan, MetricValue::Count(10)).unwrap();
    Behavior {
        name: BehaviorName::parse("sent").unwrap(),
        metric: Some(Metric::MessagesSent),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Static(comparison),
            duration_seconds: Some(300),
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        suppress_alerts,
        export_metric: None,
    }
}

fn shown(suppress_alerts: bool) -> Value {
    json!({"name": "sent", "metric": "aws:num-messages-sent", "suppressAlerts": suppress_alerts,
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 10},
            "durationSeconds": 300}})
}

fn violation(id: &str, thing: &str, profile: &str, suppressed: bool) -> Violation {
    Violation {
        id: id.to_owned(),
        thing: ThingName::parse(thing).unwrap(),
        profile: ProfileName::parse(profile).unwrap(),
        behavior: behavior(suppressed),
        severity: Severity::Medium,
        last_value: MetricValue::Count(12),
        last_violation_ms: 1_780_000_600_000,
        started_ms: 1_780_000_300_500,
        verification: VerificationState::Unknown,
        verification_description: None,
    }
}

fn event(id: &str, thing: &str, event_type: EventType, at_ms: i64) -> ViolationEvent {
    ViolationEvent {
        violation_id: id.to_owned(),
        thing: ThingName::parse(thing).unwrap(),
        profile: ProfileName::parse("p").unwrap(),
        behavior: behavior(false),
        severity: Severity::Medium,
        value: (event_type == EventType::InAlarm).then_some(MetricValue::Count(11)),
        event_type,
        at_ms,
        verification: VerificationState::Unknown,
        verification_description: None,
    }
}

async fn detected(violations: Vec<Violation>, events: Vec<ViolationEvent>) -> Plane {
    let plane = Plane::new().await;
    for name in ["p", "q"] {
        plane.ok(Op::CreateSecurityProfile, json!({"securityProfileName": name})).await;
    }
    let tx = DetectionTx::from(Effects { violations, events, ..Effects::default() });
    plane.store.commit_detection(tx).await.unwrap();
    plane
}

async fn ids(plane: &Plane, operation: Op, list: &str, mut input: Value) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let page = plane.ok(operation, input.clone()).await;
        let items = page[list].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["violationId"].as_str().unwrap().to_owned()));
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn an_open_violation_is_shown_whole() {
    let plane = detected(vec![violation("v1", "lamp", "p", false)], Vec::new()).await;
    let answer = plane.ok(Op::ListActiveViolations, json!({})).await;
    let expected = json!({"activeViolations": [{
        "violationId": "v1", "thingName": "lamp", "securityProfileName": "p",
        "behavior": shown(false), "lastViolationValue": {"count": 12},
        "verificationState": "UNKNOWN", "lastViolationTime": 1_780_000_600,
        "violationStartTime": 1_780_000_300.5}]});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn open_violations_are_filtered_and_paged() {
    let plane = detected(
        vec![
            violation("v3", "b", "q", false),
            violation("v1", "a", "p", false),
            violation("v2", "a", "q", true),
        ],
        Vec::new(),
    )
    .await;
    for (input, expected) in [
        (json!({}), vec!["v1", "v2", "v3"]),
        (json!({"thingName": "a"}), vec!["v1", "v2"]),
        (json!({"securityProfileName": "q"}), vec!["v2", "v3"]),
        (json!({"listSuppressedAlerts": true}), vec!["v2"]),
        (json!({"listSuppressedAlerts": false}), vec!["v1", "v3"]),
        (json!({"verificationState": "TRUE_POSITIVE"}), vec![]),
        (json!({"behaviorCriteriaType": "STATIC"}), vec!["v1", "v2", "v3"]),
        (json!({"behaviorCriteriaType": "STATISTICAL"}), vec![]),
        (json!({"behaviorCriteriaType": "MACHINE_LEARNING"}), vec![]),
    ] {
        for items in [1, 2, 250] {
            let mut input = input.clone();
            input["maxResults"] = json!(items);
            let ids = ids(&plane, Op::ListActiveViolations, "activeViolations", input.clone());
            assert_eq!(ids.await, expected, "{input}");
        }
    }
    let nobodys = json!({"securityProfileName": "nowhere"});
    let told = plane.refused(Op::ListActiveViolations, nobodys).await;
    assert!(told.starts_with("ResourceNotFoundException"), "{told}");
}

#[tokio::test]
async fn events_of_a_time_range_are_listed_newest_first() {
    let at_ms = 1_780_000_000_000;
    let plane = detected(
        Vec::new(),
        vec![
            event("v1", "a", EventType::InAlarm, at_ms),
            event("v2", "b", EventType::InAlarm, at_ms + 1000),
            event("v1", "a", EventType::AlarmCleared, at_ms + 2000),
            event("v2", "b", EventType::AlarmInvalidated, at_ms + 3000),
        ],
    )
    .await;
    let from = |from: i64, to: i64| json!({"startTime": from, "endTime": to});
    let seconds = at_ms / 1000;
    let answer = plane.ok(Op::ListViolationEvents, from(seconds + 2, seconds + 2)).await;
    let expected = json!({"violationEvents": [{
        "violationId": "v1", "thingName": "a", "securityProfileName": "p",
        "behavior": shown(false), "violationEventType": "alarm-cleared",
        "verificationState": "UNKNOWN", "violationEventTime": seconds + 2}]});
    assert_eq!(answer, expected);
    let whole = from(seconds, seconds + 9);
    let mut of_b = whole.clone();
    of_b["thingName"] = json!("b");
    let mut learned = whole.clone();
    learned["behaviorCriteriaType"] = json!("MACHINE_LEARNING");
    for (input, expected) in [
        (whole, vec!["v2", "v1", "v2", "v1"]),
        (of_b, vec!["v2", "v2"]),
        (learned, vec![]),
        (from(seconds + 1, seconds + 2), vec!["v1", "v2"]),
        (from(seconds + 60, seconds + 90), vec![]),
    ] {
        for items in [1, 3, 250] {
            let mut input = input.clone();
            input["maxResults"] = json!(items);
            let ids = ids(&plane, Op::ListViolationEvents, "violationEvents", input.clone());
            assert_eq!(ids.await, expected, "{input}");
        }
    }
    let told = plane.refused(Op::ListViolationEvents, from(seconds, seconds - 1)).await;
    assert!(told.starts_with("InvalidRequestException: startTime"), "{told}");
}

#[tokio::test]
async fn a_word_on_a_violation_is_shown_with_it_and_with_its_events() {
    let at_ms = 1_780_000_000_000;
    let events =
        vec![event("v1", "a", EventType::InAlarm, at_ms), event("v2", "b", EventType::InAlarm, 1)];
    let plane = detected(vec![violation("v1", "a", "p", false)], events).await;
    let say = |state: &str, why: Option<&str>| {
        let mut input = json!({"violationId": "v1", "verificationState": state});
        if let Some(why) = why {
            input["verificationStateDescription"] = json!(why);
        }
        input
    };
    let put = Op::PutVerificationStateOnViolation;
    for (state, why) in [("BENIGN_POSITIVE", Some("a drill")), ("TRUE_POSITIVE", None)] {
        assert_eq!(plane.ok(put, say(state, why)).await, json!({}));
        let open = plane.ok(Op::ListActiveViolations, json!({"verificationState": state})).await;
        let events = json!({"startTime": 0, "endTime": at_ms, "thingName": "a"});
        let events = plane.ok(Op::ListViolationEvents, events).await;
        for shown in [&open["activeViolations"][0], &events["violationEvents"][0]] {
            assert_eq!(shown["verificationState"], state);
            assert_eq!(shown.get("verificationStateDescription"), why.map(Value::from).as_ref());
        }
    }
    let mut over = say("UNKNOWN", None);
    over["violationId"] = json!("v2");
    plane.ok(put, over.clone()).await;
    over["violationId"] = json!("v3");
    let told = plane.refused(put, over).await;
    assert_eq!(told, "InvalidRequestException: Violation v3 does not exist.");
    let told = plane.refused(put, say("UNKNOWN", Some(&"x".repeat(1001)))).await;
    assert!(told.contains("verificationStateDescription"), "{told}");
}
