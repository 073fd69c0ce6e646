use fleetward_domain::limits::CUSTOM_METRICS;
use fleetward_domain::{FormatLevel, SecurityProfile};
use fleetward_store::{Kind, Tx, find};
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::{Plane, START_MS};

fn request(name: &str, metric_type: &str) -> Value {
    let token = name.replace(':', "-");
    json!({"metricName": name, "metricType": metric_type, "clientRequestToken": token})
}

fn behavior(metric: &str, operator: &str, value: Value) -> Value {
    json!([{"name": "b", "metric": metric, "suppressAlerts": false,
        "criteria": {"comparisonOperator": operator, "value": value}}])
}

async fn create_profile(plane: &Plane, name: &str, behaviors: Value) {
    let input = json!({"securityProfileName": name, "behaviors": behaviors});
    plane.ok(Op::CreateSecurityProfile, input).await;
}

#[tokio::test]
async fn a_custom_metric_is_described_as_it_was_created_until_it_is_deleted() {
    let plane = Plane::new().await;
    let mut input = request("battery", "number");
    input["displayName"] = json!("Battery, in percent");
    let created = plane.ok(Op::CreateCustomMetric, input).await;
    let arn = plane.arn("custommetric/battery");
    assert_eq!(created, json!({"metricName": "battery", "metricArn": arn}));
    plane.later_ms(1000);
    let (at, name) = (START_MS / 1000, json!({"metricName": "battery"}));
    let mut expected = json!({"metricName": "battery", "metricArn": arn, "metricType": "number",
        "displayName": "Battery, in percent", "creationDate": at, "lastModifiedDate": at});
    assert_eq!(plane.ok(Op::DescribeCustomMetric, name.clone()).await, expected);
    let update = json!({"metricName": "battery", "displayName": "Charge"});
    expected["displayName"] = json!("Charge");
    expected["lastModifiedDate"] = json!(at + 1);
    assert_eq!(plane.ok(Op::UpdateCustomMetric, update.clone()).await, expected);
    assert_eq!(plane.ok(Op::DescribeCustomMetric, name.clone()).await, expected);
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::DeleteCustomMetric, name.clone()).await, json!({}));
    }
    for (operation, input) in [(Op::DescribeCustomMetric, name), (Op::UpdateCustomMetric, update)] {
        let told = plane.refused(operation, input).await;
        assert_eq!(told, "ResourceNotFoundException: Custom metric battery does not exist.");
    }
}

#[tokio::test]
async fn a_name_and_a_token_are_good_for_one_custom_metric() {
    let plane = Plane::new().await;
    let first = plane.ok(Op::CreateCustomMetric, request("a", "number")).await;
    assert_eq!(plane.ok(Op::CreateCustomMetric, request("a", "number")).await, first);
    let mut other_name = request("b", "number");
    other_name["clientRequestToken"] = json!("a");
    for input in [request("a", "number-list"), other_name] {
        let error = plane.call(Op::CreateCustomMetric, input).await.unwrap_err();
        assert_eq!((error.status(), error.resource_id.as_deref()), (409, Some("a")));
        assert_eq!(error.resource_arn, Some(plane.arn("custommetric/a")));
    }
    for reserved in ["aws:mine", "fleetward:mine"] {
        let told = plane.refused(Op::CreateCustomMetric, request(reserved, "number")).await;
        assert!(told.starts_with("InvalidRequestException: metricName: it must not"), "{told}");
    }
}

#[tokio::test]
async fn an_account_has_a_hundred_custom_metrics_and_lists_them_by_name() {
    let plane = Plane::new().await;
    for number in 0..CUSTOM_METRICS {
        plane.ok(Op::CreateCustomMetric, request(&format!("m{number:03}"), "string-list")).await;
    }
    let told = plane.refused(Op::CreateCustomMetric, request("over", "number")).await;
    assert!(told.starts_with("LimitExceededException: There are 100 custom metrics"), "{told}");
    let first = plane.ok(Op::ListCustomMetrics, json!({"maxResults": 99})).await;
    let next = json!({"maxResults": 99, "nextToken": first["nextToken"]});
    let second = plane.ok(Op::ListCustomMetrics, next).await;
    assert_eq!(second, json!({"metricNames": ["m099"]}));
}

#[tokio::test]
async fn a_behavior_needs_its_custom_metric_and_fits_its_type() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateCustomMetric, request("battery", "number")).await;
    plane.ok(Op::CreateCustomMetric, request("users", "string-list")).await;
    for (behaviors, problem) in [
        (
            behavior("nowhere", "less-than", json!({"number": 1.0})),
            "Behavior 'b': metric nowhere: custom metric nowhere does not exist",
        ),
        (
            behavior("battery", "less-than", json!({"count": 1})),
            "Behavior 'b': criteria.value must hold number for metric battery",
        ),
        (
            behavior("users", "less-than", json!({"strings": ["root"]})),
            "Behavior 'b': criteria.comparisonOperator less-than does not fit metric users: use \
             in-set, not-in-set",
        ),
    ] {
        let input = json!({"securityProfileName": "p", "behaviors": behaviors});
        let told = plane.refused(Op::CreateSecurityProfile, input).await;
        assert_eq!(told, format!("InvalidRequestException: {problem}."));
        let input = json!({"behaviors": behaviors});
        let answer = plane.ok(Op::ValidateSecurityProfileBehaviors, input).await;
        let errors = json!([{"errorMessage": problem}]);
        assert_eq!(answer, json!({"valid": false, "validationErrors": errors}));
    }
    let fits = behavior("battery", "greater-than", json!({"number": 12.5}));
    let answer =
        plane.ok(Op::ValidateSecurityProfileBehaviors, json!({"behaviors": fits.clone()})).await;
    assert_eq!(answer, json!({"valid": true, "validationErrors": []}));
    create_profile(&plane, "p", fits.clone()).await;
    let described =
        plane.ok(Op::DescribeSecurityProfile, json!({"securityProfileName": "p"})).await;
    assert_eq!(described["behaviors"], fits);
}

#[tokio::test]
async fn a_custom_metric_in_use_cannot_be_deleted_and_knows_its_users() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateCustomMetric, request("battery", "number")).await;
    create_profile(&plane, "judged", behavior("battery", "less-than", json!({"number": 1.0})))
        .await;
    let retained = json!({"securityProfileName": "retained",
        "additionalMetricsToRetainV2": [{"metric": "battery"}]});
    plane.ok(Op::CreateSecurityProfile, retained).await;
    let name = json!({"metricName": "battery"});
    let told = plane.refused(Op::DeleteCustomMetric, name.clone()).await;
    let expected = "InvalidRequestException: Custom metric battery is in use by 2 security";
    assert!(told.starts_with(expected), "{told}");
    let listed = plane.ok(Op::ListSecurityProfiles, name.clone()).await;
    let names: Vec<_> = listed["securityProfileIdentifiers"].as_array().unwrap().to_vec();
    assert_eq!(names.iter().map(|i| &i["name"]).collect::<Vec<_>>(), ["judged", "retained"]);
    let clear = json!({"securityProfileName": "judged", "deleteBehaviors": true});
    plane.ok(Op::UpdateSecurityProfile, clear).await;
    plane.ok(Op::DeleteSecurityProfile, json!({"securityProfileName": "retained"})).await;
    plane.ok(Op::DeleteCustomMetric, name).await;
}

/// A release that does not know custom metrics yet, while one goes back to it, deletes and changes
/// profiles and leaves the edges.
#[tokio::test]
async fn an_edge_that_an_older_release_left_holds_no_custom_metric() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateCustomMetric, request("battery", "number")).await;
    for name in ["gone", "changed"] {
        create_profile(&plane, name, behavior("battery", "less-than", json!({"number": 1.0})))
            .await;
    }
    let mut tx = Tx::default();
    let changed = find::<SecurityProfile>(&*plane.store, "changed").await.unwrap().unwrap();
    let without = SecurityProfile { behaviors: Vec::new(), ..changed.value };
    tx.replace(&without, changed.version, FormatLevel::First).unwrap();
    tx.deletes.push((Kind::SecurityProfile, "gone".to_owned()));
    plane.store.commit(tx).await.unwrap();

    let name = json!({"metricName": "battery"});
    let listed = plane.ok(Op::ListSecurityProfiles, name.clone()).await;
    assert_eq!(listed["securityProfileIdentifiers"], json!([]));
    plane.ok(Op::DeleteCustomMetric, name).await;
}

#[tokio::test]
async fn a_custom_metric_is_never_deleted_under_a_profile_that_takes_it_up() {
    let plane = Plane::new().await;
    let behaviors = behavior("battery", "less-than", json!({"number": 1.0}));
    for round in 0..8 {
        plane.ok(Op::CreateCustomMetric, request("battery", "number")).await;
        let input = json!({"securityProfileName": "p", "behaviors": behaviors});
        let (created, deleted) =
            tokio::join!(plane.call(Op::CreateSecurityProfile, input), async {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                plane.call(Op::DeleteCustomMetric, json!({"metricName": "battery"})).await
            });
        assert!(created.is_ok() != deleted.is_ok(), "{round}: {created:?} {deleted:?}");
        plane.ok(Op::DeleteSecurityProfile, json!({"securityProfileName": "p"})).await;
        plane.ok(Op::DeleteCustomMetric, json!({"metricName": "battery"})).await;
    }
}
