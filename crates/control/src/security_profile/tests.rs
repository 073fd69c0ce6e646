use std::sync::Arc;

use fleetward_domain::{Change, FormatLevel, ProfileName, SecurityProfile, Target};
use fleetward_store::memory::MemoryStore;
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::{Plane, START_MS};

mod attaching;
mod listing;
mod updating;

/// A behavior on messages sent.
pub(super) fn behavior(name: &str) -> Value {
    json!({"name": name, "metric": "aws:num-messages-sent", "suppressAlerts": false,
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 10},
            "durationSeconds": 300}})
}

pub(super) async fn create(plane: &Plane, name: &str, behaviors: Value) {
    let input = json!({"securityProfileName": name, "behaviors": behaviors});
    plane.ok(Op::CreateSecurityProfile, input).await;
}

pub(super) async fn dimension(plane: &Plane, name: &str) {
    let input = json!({"name": name, "type": "TOPIC_FILTER", "stringValues": ["a/#"],
        "clientRequestToken": name});
    plane.ok(Op::CreateDimension, input).await;
}

pub(super) async fn describe(plane: &Plane, name: &str) -> Value {
    plane.ok(Op::DescribeSecurityProfile, json!({"securityProfileName": name})).await
}

/// The profile and the targets of the last change.
pub(super) async fn last_profile_change(plane: &Plane) -> (SecurityProfile, Vec<Target>) {
    match plane.changes().await.pop() {
        Some(Change::Profile(profile, targets)) => (profile, targets),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_example_of_aws_command_line_works_once_its_dimensions_exist() {
    let plane = Plane::new().await;
    let input = json!({
        "securityProfileName": "security-profile-for-smart-lights",
        "behaviors": [{
            "name": "num-messages-sent-to-unexpected-topic",
            "metric": "aws:num-messages-sent",
            "metricDimension": {"dimensionName": "FavoriteTopics", "operator": "NOT_IN"},
            "criteria": {"comparisonOperator": "less-than", "value": {"count": 1},
                "durationSeconds": 300}
        }],
        "additionalMetricsToRetainV2": [{
            "metric": "aws:num-messages-sent",
            "metricDimension": {"dimensionName": "TopicFilterForAuthMessages"}
        }]
    });
    let told = plane.refused(Op::CreateSecurityProfile, input.clone()).await;
    assert_eq!(
        told,
        "InvalidRequestException: Behavior 'num-messages-sent-to-unexpected-topic': \
         metricDimension.dimensionName: dimension FavoriteTopics does not exist; \
         Metric to retain 'aws:num-messages-sent': metricDimension.dimensionName: \
         dimension TopicFilterForAuthMessages does not exist."
    );
    dimension(&plane, "FavoriteTopics").await;
    dimension(&plane, "TopicFilterForAuthMessages").await;
    let created = plane.ok(Op::CreateSecurityProfile, input).await;
    let arn = plane.arn("securityprofile/security-profile-for-smart-lights");
    let name = "security-profile-for-smart-lights";
    assert_eq!(created, json!({"securityProfileName": name, "securityProfileArn": arn}));
}

#[tokio::test]
async fn a_profile_is_described_as_it_was_created() {
    let plane = Plane::new().await;
    dimension(&plane, "d").await;
    let behaviors = json!([
        behavior("sent"),
        {"name": "ports", "metric": "aws:listening-tcp-ports", "suppressAlerts": true,
            "exportMetric": true,
            "criteria": {"comparisonOperator": "in-port-set", "value": {"ports": [443, 8883]},
                "consecutiveDatapointsToAlarm": 2, "consecutiveDatapointsToClear": 3}},
        {"name": "peers", "metric": "aws:destination-ip-addresses", "suppressAlerts": false,
            "criteria": {"comparisonOperator": "in-cidr-set",
                "value": {"cidrs": ["10.0.0.0/8", "2001:db8::/32"]}}},
        {"name": "kept", "metric": "aws:message-byte-size", "suppressAlerts": false},
    ]);
    let input = json!({
        "securityProfileName": "p",
        "securityProfileDescription": "what is normal",
        "behaviors": behaviors,
        "alertTargets": {"SNS": {
            "alertTargetArn": "arn:aws:sns:us-east-1:123456789012:alarms",
            "roleArn": "arn:aws:iam::123456789012:role/alarms"}},
        "additionalMetricsToRetain": ["aws:all-bytes-in"],
        "additionalMetricsToRetainV2": [
            {"metric": "aws:num-messages-sent", "exportMetric": true,
                "metricDimension": {"dimensionName": "d"}},
            {"metric": "aws:all-bytes-in"}],
        "metricsExportConfig": {"mqttTopic": "export/metrics",
            "roleArn": "arn:aws:iam::123456789012:role/export"},
        "tags": [{"Key": "k"}],
    });
    plane.ok(Op::CreateSecurityProfile, input.clone()).await;
    let mut expected = input;
    let members = expected.as_object_mut().unwrap();
    members.remove("tags");
    members.insert("securityProfileArn".into(), json!(plane.arn("securityprofile/p")));
    members.insert("version".into(), json!(1));
    members.insert("creationDate".into(), json!(START_MS / 1000));
    members.insert("lastModifiedDate".into(), json!(START_MS / 1000));
    members["additionalMetricsToRetainV2"][0]["metricDimension"]["operator"] = json!("IN");
    assert_eq!(describe(&plane, "p").await, expected);

    let (profile, targets) = last_profile_change(&plane).await;
    assert_eq!((profile.name.as_str(), profile.behaviors.len()), ("p", 4));
    assert_eq!(profile.tags, [("k".to_owned(), String::new())]);
    assert!(targets.is_empty());
}

#[tokio::test]
async fn a_name_is_used_once() {
    let plane = Plane::new().await;
    create(&plane, "p", json!([])).await;
    let input = json!({"securityProfileName": "p"});
    let error = plane.call(Op::CreateSecurityProfile, input.clone()).await.unwrap_err();
    assert_eq!((error.status(), error.resource_id.as_deref()), (409, Some("p")));
    assert_eq!(error.resource_arn, Some(plane.arn("securityprofile/p")));
    let other = json!({"securityProfileName": "q"});
    let create = || plane.call(Op::CreateSecurityProfile, other.clone());
    let (one, two) = tokio::join!(create(), create());
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn behaviors_are_validated_by_the_same_rules_that_refuse_them() {
    let plane = Plane::new().await;
    let mut wrong = behavior("a");
    wrong["criteria"]["durationSeconds"] = json!(301);
    let mut other = behavior("b");
    other["metricDimension"] = json!({"dimensionName": "nowhere"});
    for behaviors in [json!([wrong, {"name": "c", "metric": "cpu"}]), json!([other])] {
        let input = json!({"behaviors": behaviors});
        let answer = plane.ok(Op::ValidateSecurityProfileBehaviors, input).await;
        assert_eq!(answer["valid"], false);
        let errors = answer["validationErrors"].as_array().unwrap();
        let texts: Vec<&str> =
            errors.iter().map(|error| error["errorMessage"].as_str().unwrap()).collect();
        let input = json!({"securityProfileName": "p", "behaviors": behaviors});
        let told = plane.refused(Op::CreateSecurityProfile, input).await;
        assert_eq!(told, format!("InvalidRequestException: {}.", texts.join("; ")));
    }
    let input = json!({"behaviors": [behavior("a")]});
    let answer = plane.ok(Op::ValidateSecurityProfileBehaviors, input).await;
    assert_eq!(answer, json!({"valid": true, "validationErrors": []}));
}

#[tokio::test]
async fn windows_may_be_as_short_as_the_period_where_the_period_is_short() {
    let mut short = behavior("a");
    short["criteria"]["durationSeconds"] = json!(2);
    let input = json!({"securityProfileName": "p", "behaviors": [short]});
    Plane::with_period(1).await.ok(Op::CreateSecurityProfile, input.clone()).await;
    for period_seconds in [3, 300] {
        let plane = Plane::with_period(period_seconds).await;
        let told = plane.refused(Op::CreateSecurityProfile, input.clone()).await;
        assert!(told.contains("Behavior 'a': criteria.durationSeconds 2 must be"), "{told}");
    }
}

#[tokio::test]
async fn a_profile_has_at_most_a_thousand_value_elements() {
    let plane = Plane::new().await;
    let ports = |name: &str, count: u16| {
        json!({"name": name, "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "in-port-set",
                "value": {"ports": (0..count).collect::<Vec<_>>()}}})
    };
    create(&plane, "full", json!([ports("a", 999), behavior("b")])).await;
    let over = json!([ports("a", 999), ports("b", 2)]);
    let input = json!({"securityProfileName": "over", "behaviors": over});
    let told = plane.refused(Op::CreateSecurityProfile, input).await;
    assert!(told.starts_with("InvalidRequestException") && told.contains("1001"), "{told}");
    let answer = plane.ok(Op::ValidateSecurityProfileBehaviors, json!({"behaviors": over})).await;
    assert_eq!(answer["valid"], false);
}

#[tokio::test]
async fn a_profile_has_at_most_a_hundred_behaviors() {
    let plane = Plane::new().await;
    let behaviors = |count: usize| -> Vec<Value> {
        (0..count).map(|number| behavior(&format!("b{number}"))).collect()
    };
    create(&plane, "full", json!(behaviors(100))).await;
    let input = json!({"securityProfileName": "over", "behaviors": behaviors(101)});
    let told = plane.refused(Op::CreateSecurityProfile, input).await;
    assert!(told.contains("'behaviors'"), "{told}");
}

#[tokio::test]
async fn deleting_a_profile_takes_its_attachments_along() {
    let plane = Plane::new().await;
    dimension(&plane, "d").await;
    let mut with_dimension = behavior("a");
    with_dimension["metricDimension"] = json!({"dimensionName": "d"});
    create(&plane, "p", json!([with_dimension])).await;
    let target = plane.arn("all/things");
    let attach = json!({"securityProfileName": "p", "securityProfileTargetArn": target});
    plane.ok(Op::AttachSecurityProfile, attach).await;
    let delete = |version: i64| json!({"securityProfileName": "p", "expectedVersion": version});
    let told = plane.refused(Op::DeleteSecurityProfile, delete(2)).await;
    assert!(told.starts_with("VersionConflictException"), "{told}");
    assert_eq!(plane.ok(Op::DeleteSecurityProfile, delete(1)).await, json!({}));
    let change = plane.changes().await.pop();
    assert_eq!(change, Some(Change::ProfileDeleted(ProfileName::parse("p").unwrap())));
    let told =
        plane.refused(Op::DescribeSecurityProfile, json!({"securityProfileName": "p"})).await;
    assert_eq!(told, "ResourceNotFoundException: Security profile p does not exist.");
    let of_target = json!({"securityProfileTargetArn": target});
    let listed = plane.ok(Op::ListSecurityProfilesForTarget, of_target).await;
    assert_eq!(listed, json!({"securityProfileTargetMappings": []}));
    plane.ok(Op::DeleteDimension, json!({"name": "d"})).await;
    assert_eq!(plane.ok(Op::DeleteSecurityProfile, delete(7)).await, json!({}), "is not there");
}

#[tokio::test]
async fn a_dimension_is_never_deleted_under_a_profile_that_takes_it_up() {
    let plane = Plane::new().await;
    let mut with_dimension = behavior("a");
    with_dimension["metricDimension"] = json!({"dimensionName": "d"});
    for round in 0..8 {
        dimension(&plane, "d").await;
        let input = json!({"securityProfileName": "p", "behaviors": [with_dimension]});
        let (created, deleted) =
            tokio::join!(plane.call(Op::CreateSecurityProfile, input), async {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                plane.call(Op::DeleteDimension, json!({"name": "d"})).await
            },);
        assert!(created.is_ok() != deleted.is_ok(), "{round}: {created:?} {deleted:?}");
        plane.ok(Op::DeleteSecurityProfile, json!({"securityProfileName": "p"})).await;
        plane.ok(Op::DeleteDimension, json!({"name": "d"})).await;
    }
}

/// Below that level front doors cannot say these, and an alarm would be waited for in vain.
#[tokio::test]
async fn criteria_on_what_the_level_cannot_say_are_refused_with_the_cure() {
    let older = MemoryStore::at_level(FormatLevel::Named);
    let older = Plane::on(Arc::new(older), 300).await;
    let newer = Plane::new().await;
    create(&older, "q", json!([])).await;
    let count = json!({"comparisonOperator": "less-than", "value": {"count": 5}});
    let cidrs = json!({"comparisonOperator": "in-cidr-set", "value": {"cidrs": ["10.0.0.0/8"]}});
    for (metric, criteria) in [
        ("aws:message-byte-size", &count),
        ("aws:source-ip-address", &cidrs),
        ("aws:disconnect-duration", &count),
        ("fleetward:seconds-since-report", &count),
    ] {
        let behaviors = json!([{"name": "b", "metric": metric, "criteria": criteria}]);
        let sentence = format!(
            "Behavior 'b': criteria on metric {metric} are judged from format level 3 on: run \
             `fleetward upgrade finish` first."
        );
        for (operation, name) in
            [(Op::CreateSecurityProfile, "p"), (Op::UpdateSecurityProfile, "q")]
        {
            let input = json!({"securityProfileName": name, "behaviors": behaviors});
            let told = older.refused(operation, input).await;
            assert_eq!(told, format!("InvalidRequestException: {sentence}"));
        }
        let input = json!({"behaviors": behaviors});
        let told = older.ok(Op::ValidateSecurityProfileBehaviors, input).await;
        assert_eq!(told["validationErrors"], json!([{"errorMessage": sentence}]));
        create(&newer, &metric.replace(':', "-"), behaviors).await;
    }
    create(&older, "p", json!([behavior("b"), {"name": "c", "metric": "aws:message-byte-size"}]))
        .await;
}
