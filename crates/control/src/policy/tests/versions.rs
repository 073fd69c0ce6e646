use fleetward_domain::{Change, Policy};
use fleetward_store::find;
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use super::CONNECT;
use crate::testing::Plane;

const NOTHING: &str = r#"{"Version":"2012-10-17",
    "Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

async fn kept(plane: &Plane) -> Policy {
    find(&*plane.store, "p").await.unwrap().unwrap().value
}

fn version(document: &str, is_default: bool) -> Value {
    json!({"policyName": "p", "policyDocument": document, "setAsDefault": is_default})
}

#[tokio::test]
async fn a_new_version_applies_once_it_is_the_default() {
    let plane = Plane::new().await;
    plane.ok(Op::CreatePolicy, json!({"policyName": "p", "policyDocument": CONNECT})).await;
    let made = plane.ok(Op::CreatePolicyVersion, version(NOTHING, false)).await;
    let expected = json!({"policyArn": plane.arn("policy/p"), "policyDocument": NOTHING,
        "policyVersionId": "2", "isDefaultVersion": false});
    assert_eq!(made, expected);
    assert_eq!(kept(&plane).await.document, CONNECT);
    assert_eq!(plane.changes().await.len(), 1, "it changes nothing for anybody yet");
    let set = |number: &str| json!({"policyName": "p", "policyVersionId": number});
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::SetDefaultPolicyVersion, set("2")).await, json!({}));
        assert_eq!((kept(&plane).await.version, plane.changes().await.len()), (2, 2));
    }
    assert_eq!(kept(&plane).await.document, NOTHING);
    let made = plane.ok(Op::CreatePolicyVersion, version(CONNECT, true)).await;
    assert_eq!((&made["policyVersionId"], &made["isDefaultVersion"]), (&json!("3"), &json!(true)));
    assert_eq!(kept(&plane).await.document, CONNECT);
    let name = kept(&plane).await.name;
    assert_eq!(plane.changes().await, vec![Change::Policy(name); 3]);
    plane.ok(Op::SetDefaultPolicyVersion, set("1")).await;
    assert_eq!((kept(&plane).await.version, kept(&plane).await.document.as_str()), (1, CONNECT));
}

#[tokio::test]
async fn a_policy_has_at_most_five_versions() {
    let plane = Plane::new().await;
    plane.ok(Op::CreatePolicy, json!({"policyName": "p", "policyDocument": CONNECT})).await;
    let create = || plane.call(Op::CreatePolicyVersion, version(NOTHING, true));
    let both = tokio::join!(create(), create(), create(), create(), create());
    let all = [both.0, both.1, both.2, both.3, both.4];
    assert_eq!(all.iter().filter(|made| made.is_ok()).count(), 4, "{all:?}");
    assert_eq!(kept(&plane).await.count_versions(), 5);
    let error = create().await.unwrap_err();
    assert_eq!((error.status(), error.code.as_str()), (409, "VersionsLimitExceededException"));
    let told = "The policy p already has the maximum number of versions (5).";
    assert_eq!(error.message, told);
}

#[tokio::test]
async fn a_version_that_is_not_there_or_no_policy_is_refused() {
    let plane = Plane::new().await;
    let told = plane.refused(Op::CreatePolicyVersion, version(NOTHING, true)).await;
    assert_eq!(told, "ResourceNotFoundException: Policy p does not exist.");
    plane.ok(Op::CreatePolicy, json!({"policyName": "p", "policyDocument": CONNECT})).await;
    let told = plane.refused(Op::CreatePolicyVersion, version("{}", true)).await;
    assert!(told.starts_with("MalformedPolicyException"), "{told}");
    let set = json!({"policyName": "p", "policyVersionId": "2"});
    let told = plane.refused(Op::SetDefaultPolicyVersion, set).await;
    assert_eq!(told, "ResourceNotFoundException: Version 2 of policy p does not exist.");
}
