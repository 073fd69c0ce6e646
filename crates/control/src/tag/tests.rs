use fleetward_domain::Change;
use fleetward_domain::limits::TAGS_OF_A_RESOURCE as TAGS;
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::Plane;

/// One of every kind that can be tagged, with one tag each; gives their ARNs.
async fn taggable(plane: &Plane) -> Vec<String> {
    let tags = json!([{"Key": "first", "Value": "1"}]);
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;
    for (operation, mut input) in [
        (Op::CreateSecurityProfile, json!({"securityProfileName": "a"})),
        (
            Op::CreateDimension,
            json!({"name": "a", "type": "TOPIC_FILTER", "stringValues": ["a/#"],
                "clientRequestToken": "t"}),
        ),
        (
            Op::CreateCustomMetric,
            json!({"metricName": "a", "metricType": "number", "clientRequestToken": "t"}),
        ),
        (Op::CreateThingGroup, json!({"thingGroupName": "a"})),
        (Op::CreatePolicy, json!({"policyName": "a", "policyDocument": policy})),
    ] {
        input["tags"] = tags.clone();
        plane.ok(operation, input).await;
    }
    let kinds = ["securityprofile", "dimension", "custommetric", "thinggroup", "policy"];
    kinds.map(|kind| plane.arn(&format!("{kind}/a"))).to_vec()
}

async fn tags_of(plane: &Plane, arn: &str) -> Value {
    plane.ok(Op::ListTagsForResource, json!({"resourceArn": arn})).await["tags"].clone()
}

#[tokio::test]
async fn whatever_can_be_tagged_is_tagged_listed_and_untagged() {
    let plane = Plane::new().await;
    for arn in taggable(&plane).await {
        let first = json!([{"Key": "first", "Value": "1"}]);
        assert_eq!(tags_of(&plane, &arn).await, first, "{arn}");
        let tags = json!([{"Key": "zone", "Value": "b"}, {"Key": "first"}]);
        let tag = json!({"resourceArn": arn, "tags": tags});
        for _ in 0..2 {
            assert_eq!(plane.ok(Op::TagResource, tag.clone()).await, json!({}));
        }
        let expected = json!([{"Key": "first", "Value": ""}, {"Key": "zone", "Value": "b"}]);
        assert_eq!(tags_of(&plane, &arn).await, expected, "{arn}");
        let untag = json!({"resourceArn": arn, "tagKeys": ["first", "nothing"]});
        for _ in 0..2 {
            assert_eq!(plane.ok(Op::UntagResource, untag.clone()).await, json!({}));
        }
        assert_eq!(tags_of(&plane, &arn).await, json!([{"Key": "zone", "Value": "b"}]), "{arn}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_has_no_tags_is_refused() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateThing, json!({"thingName": "a"})).await;
    for (arn, code) in [
        (plane.arn("dimension/b"), "ResourceNotFoundException: Dimension b does not exist."),
        (plane.arn("thing/a"), "InvalidRequestException: resourceArn"),
        (plane.arn("cert/ab"), "InvalidRequestException: resourceArn"),
        ("arn:aws:iot:eu-west-1:123456789012:policy/a".into(), "InvalidRequestException"),
        ("somewhere".into(), "InvalidRequestException: resourceArn: somewhere is not an ARN"),
    ] {
        for (operation, input) in [
            (Op::TagResource, json!({"resourceArn": arn, "tags": []})),
            (Op::UntagResource, json!({"resourceArn": arn, "tagKeys": []})),
            (Op::ListTagsForResource, json!({"resourceArn": arn})),
        ] {
            let told = plane.refused(operation, input).await;
            assert!(told.starts_with(code), "{told}");
        }
    }
    let token = json!({"resourceArn": plane.arn("policy/a"), "nextToken": "AAAA"});
    let told = plane.refused(Op::ListTagsForResource, token).await;
    assert!(told.starts_with("InvalidRequestException: The nextToken"), "{told}");
}

#[tokio::test]
async fn keys_are_an_operators_own_given_once_and_at_most_fifty() {
    let plane = Plane::new().await;
    let arn = taggable(&plane).await.remove(1);
    for (tags, problem) in [
        (json!([{"Key": "Aws:x"}]), "begins with aws:"),
        (json!([{"Key": "k"}, {"Key": "k", "Value": "2"}]), "the key k is given twice"),
    ] {
        let told = plane.refused(Op::TagResource, json!({"resourceArn": arn, "tags": tags})).await;
        assert!(told.starts_with("InvalidRequestException: tags: "), "{told}");
        assert!(told.contains(problem), "{told}");
        let input = json!({"securityProfileName": "p", "tags": tags});
        let told = plane.refused(Op::CreateSecurityProfile, input).await;
        assert!(told.contains(problem), "{told}");
    }
    let tags = |count: usize| -> Vec<Value> {
        (0..count).map(|number| json!({"Key": format!("k{number}")})).collect()
    };
    let full = json!({"resourceArn": arn, "tags": tags(TAGS - 1)});
    plane.ok(Op::TagResource, full).await;
    let over = json!({"resourceArn": arn, "tags": [{"Key": "one more"}]});
    let told = plane.refused(Op::TagResource, over).await;
    assert!(told.starts_with("LimitExceededException"), "{told}");
    let input = json!({"thingGroupName": "g", "tags": tags(TAGS + 1)});
    let told = plane.refused(Op::CreateThingGroup, input).await;
    assert!(told.starts_with("InvalidRequestException: tags: "), "{told}");
}

#[tokio::test]
async fn detectors_learn_of_a_profiles_tags_and_its_version_stays() {
    let plane = Plane::new().await;
    let arn = taggable(&plane).await.remove(0);
    let target = json!({"securityProfileName": "a",
        "securityProfileTargetArn": plane.arn("all/things")});
    plane.ok(Op::AttachSecurityProfile, target).await;
    let tag = json!({"resourceArn": arn, "tags": [{"Key": "fleetward:severity", "Value": "LOW"}]});
    plane.ok(Op::TagResource, tag).await;
    match plane.changes().await.pop() {
        Some(Change::Profile(profile, targets)) => {
            assert_eq!((profile.version, targets.len()), (1, 1));
            assert!(profile.tags.contains(&("fleetward:severity".into(), "LOW".into())));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_severity_that_is_none_is_refused_by_name() {
    let plane = Plane::new().await;
    let tags = |value: &str| json!([{"Key": "fleetward:severity", "Value": value}]);
    let create = |value: &str| json!({"securityProfileName": "p", "tags": tags(value)});
    let told = plane.refused(Op::CreateSecurityProfile, create("high")).await;
    assert!(told.contains("tags: the value of fleetward:severity is LOW"), "{told}");
    plane.ok(Op::CreateSecurityProfile, create("HIGH")).await;
    let arn = plane.arn("securityprofile/p");
    let add = |value: &str| json!({"resourceArn": arn, "tags": tags(value)});
    let told = plane.refused(Op::TagResource, add("urgent")).await;
    assert!(told.contains("CRITICAL"), "{told}");
    plane.ok(Op::TagResource, add("CRITICAL")).await;
}
