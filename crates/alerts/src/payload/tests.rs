use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, EventType, Judgement, Metric,
    MetricValue, ProfileName, Severity, ThingName, VerificationState, ViolationEvent,
};
use serde_json::json;

use super::*;

fn alert(value: Option<MetricValue>, event_type: EventType) -> Alert {
    let comparison =
        Comparison::new(ComparisonOperator::InPortSet, MetricValue::Ports(vec![22, 8883]));
    Alert {
        target_arn: "arn:aws:sns:us-east-1:123456789012:alarms".into(),
        notification: Notification::Violation(ViolationEvent {
            violation_id: "0b7f".into(),
            // A name that JSON must escape.
            thing: ThingName::parse("lamp \"7\"").unwrap(),
            profile: ProfileName::parse("lamps").unwrap(),
            severity: Severity::Medium,
            behavior: Behavior {
                name: BehaviorName::parse("ports").unwrap(),
                metric: Some(Metric::ListeningTcpPorts),
                dimension: None,
                criteria: Some(Criteria {
                    judgement: Judgement::Static(comparison.unwrap()),
                    duration_seconds: None,
                    datapoints_to_alarm: Some(2),
                    datapoints_to_clear: None,
                }),
                suppress_alerts: false,
                export_metric: None,
            },
            value,
            event_type,
            at_ms: 1_599_500_533_406,
            verification: VerificationState::Unknown,
            verification_description: None,
        }),
    }
}

#[test]
fn the_body_is_what_aws_sends_to_sns() {
    let alert = alert(Some(MetricValue::Ports(vec![23])), EventType::InAlarm);
    let message = Message::of(&alert).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
    let expected = json!({
        "violationEventTime": 1_599_500_533_406_i64,
        "thingName": "lamp \"7\"",
        "behavior": {
            "name": "ports",
            "metric": "aws:listening-tcp-ports",
            "criteria": {
                "comparisonOperator": "in-port-set",
                "value": {"ports": [22, 8883]},
                "consecutiveDatapointsToAlarm": 2
            },
            "suppressAlerts": false
        },
        "violationEventType": "in-alarm",
        "metricValue": {"ports": [23]},
        "violationId": "0b7f",
        "securityProfileName": "lamps"
    });
    assert_eq!(body, expected);
}

#[test]
fn a_value_that_is_not_there_is_left_out() {
    let message = Message::of(&alert(None, EventType::AlarmInvalidated)).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
    assert_eq!(body.get("metricValue"), None);
    assert_eq!(body["violationEventType"], "alarm-invalidated");
}

#[test]
fn the_id_tells_repetitions_from_news() {
    let opened = alert(None, EventType::InAlarm);
    let again = Message::of(&opened).unwrap();
    assert_eq!(Message::of(&opened).unwrap().id, again.id);
    let cleared = Message::of(&alert(None, EventType::AlarmCleared)).unwrap();
    assert_ne!(cleared.id, again.id);
    let other_target = Alert { target_arn: "arn:aws:sns:::b".into(), ..opened };
    assert_ne!(Message::of(&other_target).unwrap().id, again.id);
}
