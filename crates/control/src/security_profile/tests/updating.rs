use super::*;

async fn whole(plane: &Plane) {
    let input = json!({
        "securityProfileName": "p",
        "securityProfileDescription": "old",
        "behaviors": [behavior("a")],
        "alertTargets": {"SNS": {"alertTargetArn": "arn:aws:sns:us-east-1:123456789012:alarms",
            "roleArn": "arn:aws:iam::123456789012:role/alarms"}},
        "additionalMetricsToRetainV2": [{"metric": "aws:all-bytes-in"}],
        "metricsExportConfig": {"mqttTopic": "export",
            "roleArn": "arn:aws:iam::123456789012:role/export"},
    });
    plane.ok(Op::CreateSecurityProfile, input).await;
}

async fn update(plane: &Plane, mut parts: Value) -> Value {
    parts["securityProfileName"] = json!("p");
    plane.ok(Op::UpdateSecurityProfile, parts).await
}

#[tokio::test]
async fn what_is_given_is_replaced_and_the_rest_stays() {
    let plane = Plane::new().await;
    whole(&plane).await;
    let attach = json!({"securityProfileName": "p",
        "securityProfileTargetArn": plane.arn("all/registered-things")});
    plane.ok(Op::AttachSecurityProfile, attach).await;
    let mut expected = describe(&plane, "p").await;
    plane.later_ms(1500);
    let parts = json!({"securityProfileDescription": "new", "behaviors": [behavior("b")]});
    let answer = update(&plane, parts).await;
    expected["securityProfileDescription"] = json!("new");
    expected["behaviors"] = json!([behavior("b")]);
    expected["version"] = json!(2);
    expected["lastModifiedDate"] = json!((START_MS + 1500) as f64 / 1000.0);
    assert_eq!(answer, expected);
    assert_eq!(describe(&plane, "p").await, expected);
    let (profile, targets) = last_profile_change(&plane).await;
    assert_eq!(profile.behaviors[0].name.as_str(), "b");
    assert_eq!(targets, [Target::RegisteredThings]);
}

#[tokio::test]
async fn each_flag_clears_its_part_only() {
    for (flag, parts) in [
        ("deleteBehaviors", vec!["behaviors"]),
        ("deleteAlertTargets", vec!["alertTargets"]),
        (
            "deleteAdditionalMetricsToRetain",
            vec!["additionalMetricsToRetain", "additionalMetricsToRetainV2"],
        ),
        ("deleteMetricsExportConfig", vec!["metricsExportConfig"]),
    ] {
        let plane = Plane::new().await;
        whole(&plane).await;
        let mut expected = describe(&plane, "p").await;
        expected["version"] = json!(2);
        for part in parts {
            expected.as_object_mut().unwrap().remove(part).unwrap();
        }
        assert_eq!(update(&plane, json!({flag: true})).await, expected, "{flag}");
        let again = update(&plane, json!({flag: false})).await;
        expected["version"] = json!(3);
        assert_eq!(again, expected, "{flag}: false clears nothing");
    }
}

#[tokio::test]
async fn a_flag_and_its_part_contradict_each_other() {
    let plane = Plane::new().await;
    whole(&plane).await;
    let before = describe(&plane, "p").await;
    for (flag, part, value) in [
        ("deleteBehaviors", "behaviors", json!([behavior("b")])),
        (
            "deleteAlertTargets",
            "alertTargets",
            json!({"SNS": {"alertTargetArn": "arn:aws:sns:us-east-1:123456789012:a",
                "roleArn": "arn:aws:iam::123456789012:role/a"}}),
        ),
        (
            "deleteAdditionalMetricsToRetain",
            "additionalMetricsToRetain",
            json!(["aws:all-bytes-in"]),
        ),
        (
            "deleteAdditionalMetricsToRetain",
            "additionalMetricsToRetainV2",
            json!([{"metric": "aws:all-bytes-in"}]),
        ),
        (
            "deleteMetricsExportConfig",
            "metricsExportConfig",
            json!({"mqttTopic": "t", "roleArn": "arn:aws:iam::123456789012:role/e"}),
        ),
    ] {
        let input = json!({"securityProfileName": "p", flag: true, part: value});
        let told = plane.refused(Op::UpdateSecurityProfile, input).await;
        assert!(told.starts_with(&format!("InvalidRequestException: {flag} is true")), "{told}");
    }
    assert_eq!(describe(&plane, "p").await, before);
}

#[tokio::test]
async fn metrics_are_exported_to_no_topic_that_nobody_can_publish_to() {
    let plane = Plane::new().await;
    whole(&plane).await;
    let role = "arn:aws:iam::123456789012:role/export";
    for topic in ["$aws/things/t/defender/metrics/json", "$share/x", "a/+/b", "a/#"] {
        for (operation, name) in
            [(Op::CreateSecurityProfile, "q"), (Op::UpdateSecurityProfile, "p")]
        {
            let export = json!({"mqttTopic": topic, "roleArn": role});
            let input = json!({"securityProfileName": name, "metricsExportConfig": export});
            let told = plane.refused(operation, input).await;
            assert!(told.starts_with("InvalidRequestException: "), "{told}");
            assert!(told.contains("metricsExportConfig.mqttTopic"), "{told}");
        }
    }
    let export = json!({"mqttTopic": "exports/$p", "roleArn": role});
    assert_eq!(
        update(&plane, json!({"metricsExportConfig": export})).await["metricsExportConfig"],
        export
    );
}

#[tokio::test]
async fn an_empty_list_clears_nothing() {
    let plane = Plane::new().await;
    whole(&plane).await;
    let answer = update(&plane, json!({"behaviors": [], "additionalMetricsToRetainV2": []})).await;
    assert_eq!(answer["behaviors"], json!([behavior("a")]));
    assert_eq!(answer["additionalMetricsToRetain"], json!(["aws:all-bytes-in"]));
}

#[tokio::test]
async fn an_update_of_another_version_than_expected_is_a_conflict() {
    let plane = Plane::new().await;
    whole(&plane).await;
    update(&plane, json!({"expectedVersion": 1, "securityProfileDescription": "two"})).await;
    let input = json!({"securityProfileName": "p", "expectedVersion": 1,
        "securityProfileDescription": "other"});
    let error = plane.call(Op::UpdateSecurityProfile, input).await.unwrap_err();
    assert_eq!((error.status(), error.code.as_str()), (409, "VersionConflictException"));
    let missing = json!({"securityProfileName": "q"});
    let told = plane.refused(Op::UpdateSecurityProfile, missing).await;
    assert!(told.starts_with("ResourceNotFoundException"), "{told}");
}

#[tokio::test]
async fn of_two_who_expect_the_same_version_one_updates() {
    let plane = Plane::new().await;
    whole(&plane).await;
    let update = |description: &'static str| {
        let input = json!({"securityProfileName": "p", "expectedVersion": 1,
            "securityProfileDescription": description});
        plane.call(Op::UpdateSecurityProfile, input)
    };
    let (one, two) = tokio::join!(update("one"), update("two"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(describe(&plane, "p").await["version"], 2);
}

#[tokio::test]
async fn updates_at_once_all_count() {
    let plane = Plane::new().await;
    whole(&plane).await;
    let update = || update(&plane, json!({"securityProfileDescription": "new"}));
    tokio::join!(update(), update(), update(), update());
    assert_eq!(describe(&plane, "p").await["version"], 5);
}

#[tokio::test]
async fn a_dimension_that_is_no_longer_used_can_be_deleted_and_one_that_is_cannot() {
    let plane = Plane::new().await;
    dimension(&plane, "d").await;
    dimension(&plane, "e").await;
    let with = |name: &str| {
        let mut with = behavior("a");
        with["metricDimension"] = json!({"dimensionName": name});
        json!([with])
    };
    create(&plane, "p", with("d")).await;
    update(&plane, json!({"behaviors": with("e")})).await;
    plane.ok(Op::DeleteDimension, json!({"name": "d"})).await;
    let told = plane.refused(Op::DeleteDimension, json!({"name": "e"})).await;
    assert!(told.contains("in use"), "{told}");
}
