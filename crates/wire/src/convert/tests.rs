use std::collections::BTreeMap;

use fleetward_domain::{
    CustomMetricName, CustomMetricType, EventType, Metric, MetricValue, VerificationState,
    ViolationEvent,
};
use serde_json::{Value, json};

use super::*;
use crate::types;

const RULES: BehaviorRules = BehaviorRules { period_seconds: 300, custom_metrics: BTreeMap::new() };

fn behaviors(json: Value) -> Vec<types::Behavior> {
    serde_json::from_value(json).unwrap()
}

/// What is said of one behavior named `b`, without the part that names it.
fn problems_with(rules: &BehaviorRules, mut behavior: Value) -> Vec<String> {
    behavior["name"] = json!("b");
    match read_behaviors(&behaviors(json!([behavior])), rules) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|problem| problem.strip_prefix("Behavior 'b': ").unwrap().to_owned())
            .collect(),
    }
}

fn criteria(metric: &str, operator: &str, value: Value, duration: Option<i32>) -> Value {
    let mut criteria = json!({"comparisonOperator": operator, "value": value});
    if let Some(duration) = duration {
        criteria["durationSeconds"] = json!(duration);
    }
    json!({"metric": metric, "criteria": criteria})
}

#[test]
fn what_is_read_is_shown_again() {
    let given = json!([
        {"name": "a", "suppressAlerts": false},
        {"name": "b", "metric": "aws:source-ip-address", "suppressAlerts": true,
            "metricDimension": {"dimensionName": "d", "operator": "NOT_IN"}},
        {"name": "c", "metric": "aws:all-bytes-out", "suppressAlerts": false,
            "exportMetric": false,
            "criteria": {"comparisonOperator": "greater-than-equals", "value": {"count": 0},
                "durationSeconds": 3600, "consecutiveDatapointsToAlarm": 10,
                "consecutiveDatapointsToClear": 1}},
        {"name": "d", "metric": "aws:num-listening-tcp-ports", "suppressAlerts": false,
            "criteria": {"comparisonOperator": "less-than", "value": {"count": 5},
                "durationSeconds": 300}},
        {"name": "e", "metric": "aws:listening-udp-ports", "suppressAlerts": false,
            "criteria": {"comparisonOperator": "not-in-port-set",
                "value": {"ports": [0, 65535]}}},
        {"name": "g", "metric": "aws:num-messages-sent", "suppressAlerts": false,
            "criteria": {"comparisonOperator": "less-than-equals", "durationSeconds": 900,
                "statisticalThreshold": {"statistic": "p0.01"}}},
        {"name": "f", "metric": "aws:destination-ip-addresses", "suppressAlerts": false,
            "criteria": {"comparisonOperator": "in-cidr-set",
                "value": {"cidrs": ["12.8.0.0/16", "2001:db8::/32"]}}},
    ]);
    let read = read_behaviors(&behaviors(given.clone()), &RULES).unwrap();
    let shown: Vec<types::Behavior> = read.iter().map(show_behavior).collect();
    assert_eq!(serde_json::to_value(shown).unwrap(), given);
}

#[test]
fn every_metric_that_is_measured_takes_its_operators_and_its_value_only() {
    let count = ["less-than", "less-than-equals", "greater-than", "greater-than-equals"];
    let ports = ["in-port-set", "not-in-port-set"];
    let cidrs = ["in-cidr-set", "not-in-cidr-set"];
    let durations = ["aws:disconnect-duration", "fleetward:seconds-since-report"];
    type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a str, Option<i32>);
    let table: [Row<'_>; 5] = [
        (
            &[
                "aws:num-messages-sent",
                "aws:num-messages-received",
                "aws:num-authorization-failures",
                "aws:num-connection-attempts",
                "aws:num-disconnects",
                "aws:all-bytes-in",
                "aws:all-bytes-out",
                "aws:all-packets-in",
                "aws:all-packets-out",
            ],
            &count,
            "count",
            Some(300),
        ),
        (
            &[
                "aws:num-established-tcp-connections",
                "aws:num-listening-tcp-ports",
                "aws:num-listening-udp-ports",
                "aws:message-byte-size",
            ],
            &count,
            "count",
            None,
        ),
        (&durations, &count[..2], "count", None),
        (&["aws:listening-tcp-ports", "aws:listening-udp-ports"], &ports, "ports", None),
        (&["aws:destination-ip-addresses", "aws:source-ip-address"], &cidrs, "cidrs", None),
    ];
    let is_listed = |metric: &Metric| table.iter().any(|row| row.0.contains(&metric.as_str()));
    assert!(Metric::BUILT_IN.iter().all(|metric| is_listed(metric) == metric.is_measured()));
    let values = [
        ("count", json!({"count": 1})),
        ("ports", json!({"ports": [1]})),
        ("cidrs", json!({"cidrs": ["10.0.0.0/8"]})),
        ("number", json!({"number": 1.5})),
        ("numbers", json!({"numbers": [1.5]})),
        ("strings", json!({"strings": ["a"]})),
    ];
    for (metrics, operators, member, duration) in table {
        for (metric, operator) in
            metrics.iter().flat_map(|m| types::ComparisonOperator::ALL.map(|op| (m, op.as_str())))
        {
            for (name, value) in &values {
                let behavior = criteria(metric, operator, value.clone(), duration);
                let mut expected = Vec::new();
                if !operators.contains(&operator) {
                    expected.push(format!(
                        "criteria.comparisonOperator {operator} does not fit metric {metric}: \
                         use {}",
                        operators.join(", ")
                    ));
                }
                if *name != member {
                    expected.push(format!("criteria.value must hold {member} for metric {metric}"));
                }
                assert_eq!(problems_with(&RULES, behavior), expected);
            }
        }
    }
}

#[test]
fn a_window_is_asked_for_where_there_is_one() {
    let sum =
        |duration| criteria("aws:num-disconnects", "less-than", json!({"count": 1}), duration);
    let gauge = |duration| {
        criteria("aws:num-listening-tcp-ports", "less-than", json!({"count": 1}), duration)
    };
    let list = |duration| {
        criteria("aws:listening-tcp-ports", "in-port-set", json!({"ports": [1]}), duration)
    };
    let missing = "criteria.durationSeconds is missing: metric aws:num-disconnects needs it";
    let on_list = "criteria.durationSeconds cannot be used with metric aws:listening-tcp-ports, \
                   which is a list";
    let wrong = |given: i32| {
        vec![format!("criteria.durationSeconds {given} must be one of 300, 600, 900, 1800, 3600")]
    };
    for (behavior, expected) in [
        (sum(None), vec![missing.to_owned()]),
        (sum(Some(300)), vec![]),
        (sum(Some(600)), vec![]),
        (sum(Some(900)), vec![]),
        (sum(Some(1800)), vec![]),
        (sum(Some(3600)), vec![]),
        (sum(Some(301)), wrong(301)),
        (sum(Some(0)), wrong(0)),
        (sum(Some(-300)), wrong(-300)),
        (gauge(None), vec![]),
        (gauge(Some(300)), vec![]),
        (gauge(Some(7)), wrong(7)),
        (list(None), vec![]),
        (list(Some(300)), vec![on_list.to_owned()]),
    ] {
        assert_eq!(problems_with(&RULES, behavior.clone()), expected, "{behavior}");
    }
    let short = BehaviorRules { period_seconds: 5, ..RULES };
    for (seconds, is_allowed) in [(4, false), (5, true), (7, true), (300, true), (3601, false)] {
        let problems = problems_with(&short, sum(Some(seconds)));
        assert_eq!(problems.is_empty(), is_allowed, "{seconds}: {problems:?}");
    }
    let told = problems_with(&short, sum(Some(4))).join("");
    assert!(told.ends_with("or any from the period of 5 up to 3600"), "{told}");
}

#[test]
fn a_statistical_threshold_needs_a_number_a_window_and_no_value_beside_it() {
    let statistical = |metric: &str, operator: &str, more: Value| {
        let mut criteria = json!({"comparisonOperator": operator, "durationSeconds": 300,
            "statisticalThreshold": {"statistic": "p99.9"}});
        for (field, value) in more.as_object().unwrap() {
            criteria[field] = value.clone();
        }
        problems_with(&RULES, json!({"metric": metric, "criteria": criteria}))
    };
    let none = || json!({});
    for metric in ["aws:num-messages-sent", "aws:num-listening-tcp-ports", "aws:all-bytes-out"] {
        for operator in ["less-than", "less-than-equals", "greater-than", "greater-than-equals"] {
            assert!(statistical(metric, operator, none()).is_empty(), "{metric} {operator}");
        }
        let operators = "less-than, less-than-equals, greater-than, greater-than-equals";
        let expected = format!(
            "criteria.comparisonOperator in-set does not fit metric {metric}: use {operators}"
        );
        assert_eq!(statistical(metric, "in-set", none()), [expected]);
        let told = statistical(metric, "less-than", json!({"durationSeconds": null}));
        let who = if metric.contains("-ports") { "a statisticalThreshold on" } else { "metric" };
        let expected = format!("criteria.durationSeconds is missing: {who} {metric} needs it");
        assert_eq!(told, [expected]);
    }
    let list = "aws:listening-tcp-ports";
    assert_eq!(
        statistical(list, "in-port-set", json!({"durationSeconds": null})),
        [format!(
            "criteria.statisticalThreshold cannot be used with metric {list}, which is a list"
        )]
    );
    let both = json!({"value": {"count": 3}});
    assert_eq!(
        statistical("aws:all-bytes-in", "less-than", both),
        ["criteria.statisticalThreshold cannot be used beside criteria.value: give one of them"]
    );
    let field = "criteria.statisticalThreshold.statistic";
    let missing = json!({"statisticalThreshold": {}});
    let told = statistical("aws:all-bytes-in", "less-than", missing);
    assert_eq!(told, [format!("{field} is missing")]);
    let average = json!({"statisticalThreshold": {"statistic": "Average"}});
    let told = statistical("aws:all-bytes-in", "less-than", average).join("");
    assert!(told.starts_with(&format!("{field} Average is not one of p0, p0.01, p0.1,")), "{told}");
}

#[test]
fn criteria_that_nobody_would_judge_are_refused() {
    let learned = json!({"metric": "aws:num-messages-sent", "criteria": {
        "mlDetectionConfig": {"confidenceLevel": "HIGH"}}});
    let yet = "criteria.mlDetectionConfig is not supported yet: behaviors are judged against a \
               fixed value or a statisticalThreshold only";
    assert_eq!(problems_with(&RULES, learned), [yet]);
}

#[test]
fn what_grows_with_time_alone_is_bounded_by_a_count_whatever_the_duration() {
    for metric in ["aws:disconnect-duration", "fleetward:seconds-since-report"] {
        for duration in [None, Some(300)] {
            let bound = criteria(metric, "less-than-equals", json!({"count": 5}), duration);
            assert!(problems_with(&RULES, bound).is_empty(), "{metric}");
        }
        let ranked = json!({"metric": metric, "criteria": {"comparisonOperator": "less-than",
            "durationSeconds": 300, "statisticalThreshold": {"statistic": "p90"}}});
        let told = format!(
            "criteria.statisticalThreshold cannot be used with metric {metric}: give a value"
        );
        assert_eq!(problems_with(&RULES, ranked), [told]);
    }
}

/// The other half, that the detector measures the same metrics, is a test of the room `detect`.
#[test]
fn criteria_are_refused_on_exactly_those_metrics_that_nothing_measures() {
    for metric in Metric::BUILT_IN {
        let criteria = json!({"metric": metric.as_str(), "criteria": {}});
        let told = problems_with(&RULES, criteria).concat();
        assert_eq!(told.contains("is not measured yet"), !metric.is_measured(), "{metric}: {told}");
    }
}

#[test]
fn parts_that_do_not_fit_each_other_are_told() {
    let empty = json!({"metric": "aws:num-disconnects", "criteria": {}});
    let no_metric = json!({"criteria": {"comparisonOperator": "less-than", "value": {"count": 1}},
        "metricDimension": {"dimensionName": "d"}});
    let no_dimension =
        json!({"metric": "aws:num-disconnects", "metricDimension": {"dimensionName": "d"}});
    let datapoints = json!({"metric": "aws:num-listening-tcp-ports", "criteria": {
        "comparisonOperator": "less-than", "value": {"count": 1},
        "consecutiveDatapointsToAlarm": 0, "consecutiveDatapointsToClear": 11}});
    let two_values =
        criteria("aws:num-disconnects", "less-than", json!({"count": 1, "ports": [2]}), Some(300));
    for (behavior, expected) in [
        (json!({"metric": "cpu"}), vec!["metric cpu: custom metric cpu does not exist"]),
        (
            json!({"metric": "aws:cpu"}),
            vec!["metric aws:cpu is not a metric of AWS IoT Device Defender"],
        ),
        (json!({"metric": "a b"}), vec!["metric a b is not a metric of AWS IoT Device Defender"]),
        (
            empty,
            vec![
                "criteria.comparisonOperator is missing",
                "criteria.value is missing",
                "criteria.durationSeconds is missing: metric aws:num-disconnects needs it",
            ],
        ),
        (
            no_metric,
            vec![
                "criteria needs a metric, and metric is missing",
                "metricDimension needs a metric, and metric is missing",
            ],
        ),
        (no_dimension, vec!["metricDimension cannot be used with metric aws:num-disconnects"]),
        (
            datapoints,
            vec![
                "criteria.consecutiveDatapointsToAlarm 0 is not 1 to 10",
                "criteria.consecutiveDatapointsToClear 11 is not 1 to 10",
            ],
        ),
        (
            two_values,
            vec![
                "criteria.value must hold exactly one of count, cidrs, ports, number, numbers and \
             strings",
            ],
        ),
    ] {
        assert_eq!(problems_with(&RULES, behavior.clone()), expected, "{behavior}");
    }
}

#[test]
fn every_behavior_is_told_of_and_names_are_used_once() {
    let given = json!([{"name": "a", "metric": "x"}, {"name": "b"}, {"name": "a"}]);
    let problems = read_behaviors(&behaviors(given), &RULES).unwrap_err();
    assert_eq!(
        problems,
        [
            "Behavior 'a': metric x: custom metric x does not exist",
            "Behavior 'a': name is used by more than one behavior of the profile",
        ]
    );
}

#[test]
fn values_are_checked_one_by_one() {
    let read = |value: Value| read_value(&serde_json::from_value(value).unwrap());
    let networks = MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    assert_eq!(read(json!({"cidrs": ["10.0.0.0/8"]})).unwrap(), networks);
    assert_eq!(read(json!({"ports": []})).unwrap(), MetricValue::Ports(Vec::new()));
    assert_eq!(read(json!({"count": u32::MAX})).unwrap(), MetricValue::Count(4_294_967_295));
    for (value, problem) in [
        (json!({}), "exactly one"),
        (json!({"count": -1}), "negative"),
        (json!({"cidrs": ["10.0.0.0/8", "10.0.0.0/33"]}), "'10.0.0.0/33', which is not"),
        (json!({"cidrs": ["host"]}), "'host', which is not"),
        (json!({"ports": [65_536]}), "65536, which is not"),
        (json!({"ports": [-1]}), "-1, which is not"),
    ] {
        let told = read(value.clone()).unwrap_err();
        assert!(told.contains(problem), "{value}: {told}");
    }
    let infinite = types::MetricValue { number: Some(f64::INFINITY), ..Default::default() };
    assert!(read_value(&infinite).unwrap_err().contains("not finite"));
}

#[test]
fn both_lists_of_metrics_to_retain_are_one() {
    let new: Vec<types::MetricToRetain> = serde_json::from_value(json!([
        {"metric": "aws:num-messages-sent", "metricDimension": {"dimensionName": "d"}},
        {"metric": "aws:all-bytes-in", "exportMetric": true},
    ]))
    .unwrap();
    let old = ["aws:all-bytes-in".to_owned(), "aws:num-messages-sent".to_owned()];
    let read = read_metrics_to_retain(Some(&old), Some(&new), &RULES).unwrap();
    let metrics: Vec<_> = read.iter().map(|m| (m.metric.clone(), m.dimension.is_some())).collect();
    assert_eq!(
        metrics,
        [(Metric::MessagesSent, true), (Metric::AllBytesIn, false), (Metric::MessagesSent, false),]
    );
    assert_eq!(read[1].export_metric, Some(true));
    let wrong = ["cpu".to_owned(), "aws:x".to_owned()];
    let problems = read_metrics_to_retain(Some(&wrong), None, &RULES).unwrap_err();
    assert_eq!(
        problems,
        [
            "Metric to retain 'cpu': metric cpu: custom metric cpu does not exist",
            "Metric to retain 'aws:x': metric aws:x is not a metric of AWS IoT Device Defender",
        ]
    );
}

#[test]
fn an_alert_target_is_an_sns_topic() {
    let targets = |arn: &str| {
        serde_json::from_value(json!({"SNS": {"alertTargetArn": arn, "roleArn": "role"}})).unwrap()
    };
    let read = read_alert_targets(&targets("arn:aws:sns:eu-west-1:123456789012:t")).unwrap();
    assert_eq!(read[0].role_arn, "role");
    for wrong in ["t", "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:sns"] {
        let problems = read_alert_targets(&targets(wrong)).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains(&format!("'{wrong}'")), "{problems:?}");
    }
}

#[test]
fn an_event_without_a_value_shows_none() {
    let behavior = read_behaviors(&behaviors(json!([{"name": "b"}])), &RULES).unwrap().remove(0);
    let event = ViolationEvent {
        severity: fleetward_domain::Severity::Medium,
        violation_id: "v".to_owned(),
        thing: fleetward_domain::ThingName::parse("t").unwrap(),
        profile: fleetward_domain::ProfileName::parse("p").unwrap(),
        behavior,
        value: None,
        event_type: EventType::AlarmInvalidated,
        at_ms: 1500,
        verification: VerificationState::BenignPositive,
        verification_description: Some("a test".to_owned()),
    };
    let expected = json!({"violationId": "v", "thingName": "t", "securityProfileName": "p",
        "behavior": {"name": "b", "suppressAlerts": false},
        "violationEventType": "alarm-invalidated", "verificationState": "BENIGN_POSITIVE",
        "verificationStateDescription": "a test", "violationEventTime": 1.5});
    assert_eq!(serde_json::to_value(show_event(&event)).unwrap(), expected);
    for state in types::VerificationState::ALL {
        let event = ViolationEvent { verification: read_verification(state), ..event.clone() };
        assert_eq!(show_event(&event).verification_state, Some(state));
    }
}

/// The rules where a custom metric of each type is registered.
fn with_custom_metrics() -> BehaviorRules {
    let metric = |name: &str, metric_type| (CustomMetricName::parse(name).unwrap(), metric_type);
    let custom_metrics = BTreeMap::from([
        metric("temperature", CustomMetricType::Number),
        metric("codes", CustomMetricType::NumberList),
        metric("users", CustomMetricType::StringList),
        metric("peers", CustomMetricType::IpAddressList),
    ]);
    BehaviorRules { custom_metrics, ..RULES }
}

#[test]
fn operator_and_value_fit_the_type_of_a_custom_metric() {
    let rules = with_custom_metrics();
    for (metric, operator, value, other) in [
        ("temperature", "less-than", json!({"number": -1.5}), json!({"count": 1})),
        ("codes", "in-set", json!({"numbers": [1.0, 2.5]}), json!({"strings": ["a"]})),
        ("users", "not-in-set", json!({"strings": ["root"]}), json!({"numbers": [1.0]})),
        ("peers", "in-cidr-set", json!({"cidrs": ["10.0.0.0/8"]}), json!({"ports": [1]})),
    ] {
        let behavior = |operator: &str, value: &Value| {
            json!({"name": "b", "metric": metric,
                "criteria": {"comparisonOperator": operator, "value": value}})
        };
        let given = behavior(operator, &value);
        let read = read_behaviors(&behaviors(json!([given])), &rules).unwrap();
        let shown = serde_json::to_value(show_behavior(&read[0])).unwrap();
        assert_eq!(shown["criteria"], given["criteria"]);
        let (member, _) = value.as_object().unwrap().iter().next().unwrap();
        assert_eq!(
            problems_with(&rules, behavior(operator, &other)),
            [format!("criteria.value must hold {member} for metric {metric}")]
        );
        let told = problems_with(&rules, behavior("in-port-set", &value)).join("; ");
        assert!(told.contains("in-port-set does not fit metric"), "{told}");
    }
}

#[test]
fn custom_metrics_take_no_dimension_and_lists_no_window() {
    let rules = with_custom_metrics();
    let dimension = json!({"metric": "temperature", "metricDimension": {"dimensionName": "d"}});
    assert_eq!(
        problems_with(&rules, dimension),
        ["metricDimension cannot be used with metric temperature"]
    );
    let window = |metric: &str, operator: &str, value: Value| {
        json!({"metric": metric, "criteria": {"comparisonOperator": operator, "value": value,
            "durationSeconds": 300}})
    };
    let number = window("temperature", "less-than", json!({"number": 1.0}));
    assert_eq!(problems_with(&rules, number), Vec::<String>::new());
    let told = problems_with(&rules, window("users", "in-set", json!({"strings": ["a"]})));
    assert!(told.join("; ").contains("users, which is a list"), "{told:?}");
}
