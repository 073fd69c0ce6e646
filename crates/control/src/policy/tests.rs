use fleetward_domain::{Change, PolicyName};
use fleetward_store::Kind;
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::certificate::tests::{certificate, stored};
use crate::testing::Plane;

mod test_authorization;
mod versions;

const CONNECT: &str = r#"{"Version":"2012-10-17",
    "Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;

fn policy(name: &str) -> Value {
    json!({"policyName": name, "policyDocument": CONNECT})
}

#[tokio::test]
async fn a_policy_is_answered_with_its_first_version_and_its_name_is_used_once() {
    let plane = Plane::new().await;
    let created = plane.ok(Op::CreatePolicy, policy("p@1")).await;
    let expected = json!({"policyName": "p@1", "policyArn": plane.arn("policy/p@1"),
        "policyDocument": CONNECT, "policyVersionId": "1"});
    assert_eq!(created, expected);
    assert_eq!(plane.changes().await, [Change::Policy(PolicyName::parse("p@1").unwrap())]);
    let error = plane.call(Op::CreatePolicy, policy("p@1")).await.unwrap_err();
    assert_eq!((error.status(), error.resource_arn), (409, Some(plane.arn("policy/p@1"))));
}

#[tokio::test]
async fn what_is_no_policy_is_malformed() {
    let plane = Plane::new().await;
    for document in ["", "{}", "[", r#"{"Version":"2012-10-17","Statement":[{}]}"#] {
        let input = json!({"policyName": "p", "policyDocument": document});
        let told = plane.refused(Op::CreatePolicy, input).await;
        assert!(told.starts_with("MalformedPolicyException"), "{document}: {told}");
    }
}

#[tokio::test]
async fn policies_are_attached_to_certificates() {
    let plane = Plane::new().await;
    let (id, arn) = certificate(&plane).await;
    plane.ok(Op::CreatePolicy, policy("p")).await;
    let attach = json!({"policyName": "p", "target": arn});
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::AttachPolicy, attach.clone()).await, json!({}));
    }
    let attached = stored(&plane, &id).await.policies;
    assert_eq!(attached, [PolicyName::parse("p").unwrap()]);
    let changes = plane.changes().await;
    assert_eq!(changes.iter().filter(|c| matches!(c, Change::Certificate(_))).count(), 2);
    let unknown = plane.arn(&format!("cert/{}", "ab".repeat(32)));
    for (name, target, code) in [
        ("q", arn.clone(), "ResourceNotFoundException: Policy q"),
        ("p", unknown, "ResourceNotFoundException: Certificate"),
        (
            "p",
            plane.arn("thinggroup/g"),
            "InvalidRequestException: target: policies of thing groups",
        ),
        ("p", "somebody".to_owned(), "InvalidRequestException: target: somebody is not an ARN"),
    ] {
        let input = json!({"policyName": name, "target": target});
        let told = plane.refused(Op::AttachPolicy, input).await;
        assert!(told.starts_with(code), "{told}");
    }
}

#[tokio::test]
async fn a_certificate_has_at_most_ten_policies() {
    let plane = Plane::new().await;
    let (_, arn) = certificate(&plane).await;
    for number in 0..11 {
        let name = format!("p{number}");
        plane.ok(Op::CreatePolicy, policy(&name)).await;
        let attach = json!({"policyName": name, "target": arn});
        if number < 10 {
            plane.ok(Op::AttachPolicy, attach).await;
        } else {
            let told = plane.refused(Op::AttachPolicy, attach).await;
            assert!(told.starts_with("LimitExceededException"), "{told}");
        }
    }
}

#[tokio::test]
async fn what_is_attached_is_detached_and_what_is_not_is_no_matter() {
    let plane = Plane::new().await;
    let (id, arn) = certificate(&plane).await;
    plane.ok(Op::CreatePolicy, policy("p")).await;
    let pair = json!({"policyName": "p", "target": arn});
    plane.ok(Op::AttachPolicy, pair.clone()).await;
    let changes = plane.changes().await.len();
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::DetachPolicy, pair.clone()).await, json!({}));
    }
    assert!(stored(&plane, &id).await.policies.is_empty());
    assert_eq!(plane.store.count(Kind::PolicyOfTarget, "").await.unwrap(), 0);
    let told = plane.changes().await;
    assert_eq!(told[changes..], [Change::Certificate(stored(&plane, &id).await.id)]);
    plane.ok(Op::DetachPolicy, json!({"policyName": "nowhere", "target": arn})).await;
    plane.ok(Op::CreateThingGroup, json!({"thingGroupName": "g"})).await;
    let of_group = json!({"policyName": "p", "target": plane.arn("thinggroup/g")});
    plane.ok(Op::DetachPolicy, of_group).await;
}

#[tokio::test]
async fn nothing_is_detached_from_what_is_not_there() {
    let plane = Plane::new().await;
    let unknown = plane.arn(&format!("cert/{}", "ab".repeat(32)));
    for (target, told) in [
        (unknown, "InvalidRequestException: Invalid Target"),
        (plane.arn("thinggroup/g"), "InvalidRequestException: Invalid Target"),
        ("somebody".to_owned(), "InvalidRequestException: target: somebody is not an ARN"),
    ] {
        let input = json!({"policyName": "p", "target": target});
        let found = plane.refused(Op::DetachPolicy, input).await;
        assert!(found.starts_with(told), "{found}");
    }
}
