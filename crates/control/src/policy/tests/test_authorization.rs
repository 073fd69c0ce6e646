use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::certificate::tests::certificate;
use crate::testing::Plane;

const OWN_TOPICS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect",
        "Resource":"arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}"},
    {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],
        "Resource":"arn:aws:iot:us-east-1:123456789012:topic/${iot:ClientId}/*"}]}"#;
const NO_SECRETS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Action":"iot:*",
        "Resource":"arn:aws:iot:us-east-1:123456789012:topic/lamp/secret"}]}"#;

/// A certificate of thing `lamp` with policy `own`; policy `no-secrets` is attached to nobody.
async fn scene() -> (Plane, String) {
    let plane = Plane::new().await;
    let (_, arn) = certificate(&plane).await;
    for (name, document) in [("own", OWN_TOPICS), ("no-secrets", NO_SECRETS)] {
        let policy = json!({"policyName": name, "policyDocument": document});
        plane.ok(Op::CreatePolicy, policy).await;
    }
    plane.ok(Op::AttachPolicy, json!({"policyName": "own", "target": arn})).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    plane.ok(Op::AttachThingPrincipal, json!({"thingName": "lamp", "principal": arn})).await;
    (plane, arn)
}

fn asks(plane: &Plane, action: &str, resources: &[&str]) -> Value {
    let resources: Vec<String> = resources.iter().map(|resource| plane.arn(resource)).collect();
    json!({"actionType": action, "resources": resources})
}

/// Of each: the decision, who allows, who denies, who does neither, and what is missing.
fn shown(answer: &Value) -> Vec<Value> {
    let names = |list: &Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|policy| policy["policyName"].clone()).collect()
    };
    let results = answer["authResults"].as_array().unwrap().iter();
    let show = |result: &Value| {
        let denied = &result["denied"];
        json!([
            result["authDecision"],
            names(&result["allowed"]["policies"]),
            names(&denied["explicitDeny"]["policies"]),
            names(&denied["implicitDeny"]["policies"]),
            result["missingContextValues"],
        ])
    };
    results.map(show).collect()
}

#[tokio::test]
async fn each_question_is_answered_as_a_front_door_would_decide() {
    let (plane, principal) = scene().await;
    let answer = plane
        .ok(
            Op::TestAuthorization,
            json!({"principal": principal, "clientId": "lamp",
            "policyNamesToAdd": ["no-secrets"], "authInfos": [
                asks(&plane, "CONNECT", &["client/lamp"]),
                asks(&plane, "CONNECT", &["client/door"]),
                asks(&plane, "PUBLISH", &["topic/lamp/a", "topic/lamp/b"]),
                asks(&plane, "PUBLISH", &["topic/lamp/a", "topic/door/a"]),
                asks(&plane, "RECEIVE", &["topic/lamp/a", "topic/lamp/secret"]),
                asks(&plane, "SUBSCRIBE", &["topicfilter/lamp/#"]),
            ]}),
        )
        .await;
    let thing = "iot:Connection.Thing.ThingName";
    let expected = [
        json!(["ALLOWED", ["own"], [], ["no-secrets"], []]),
        json!(["IMPLICIT_DENY", [], [], ["no-secrets", "own"], [thing]]),
        json!(["ALLOWED", ["own"], [], ["no-secrets"], []]),
        json!(["IMPLICIT_DENY", ["own"], [], ["no-secrets"], []]),
        json!(["EXPLICIT_DENY", ["own"], ["no-secrets"], [], []]),
        json!(["IMPLICIT_DENY", [], [], ["no-secrets", "own"], []]),
    ];
    assert_eq!(shown(&answer), expected);
    assert_eq!(
        answer["authResults"][0]["allowed"]["policies"][0]["policyArn"],
        plane.arn("policy/own")
    );
    assert_eq!(
        answer["authResults"][0]["authInfo"],
        asks(&plane, "CONNECT", &["client/lamp"]),
        "what was asked is said again"
    );
}

#[tokio::test]
async fn what_is_not_known_is_said_to_be_missing_and_allows_nothing() {
    let (plane, principal) = scene().await;
    let ask = asks(&plane, "PUBLISH", &["topic/lamp/a"]);
    let answer =
        plane.ok(Op::TestAuthorization, json!({"principal": principal, "authInfos": [ask]})).await;
    let expected = json!(["IMPLICIT_DENY", [], [], ["own"], ["iot:ClientId"]]);
    assert_eq!(shown(&answer), [expected]);
}

#[tokio::test]
async fn a_policy_that_is_skipped_plays_no_part_even_if_it_is_added() {
    let (plane, principal) = scene().await;
    let ask = asks(&plane, "PUBLISH", &["topic/lamp/secret"]);
    let mut input = json!({"principal": principal, "clientId": "lamp", "authInfos": [ask],
        "policyNamesToAdd": ["no-secrets"], "policyNamesToSkip": ["no-secrets"]});
    let answer = plane.ok(Op::TestAuthorization, input.clone()).await;
    assert_eq!(shown(&answer), [json!(["ALLOWED", ["own"], [], [], []])]);
    input["policyNamesToSkip"] = json!(["own"]);
    let answer = plane.ok(Op::TestAuthorization, input).await;
    assert_eq!(shown(&answer), [json!(["EXPLICIT_DENY", [], ["no-secrets"], [], []])]);
}

#[tokio::test]
async fn what_cannot_be_tested_is_refused() {
    let (plane, principal) = scene().await;
    let good = asks(&plane, "PUBLISH", &["topic/a"]);
    let unfit = asks(&plane, "PUBLISH", &["topicfilter/a"]);
    let untyped = json!({"resources": [plane.arn("topic/a")]});
    let unknown = plane.arn(&format!("cert/{}", "ab".repeat(32)));
    for (input, told) in [
        (json!({"authInfos": [good]}), "InvalidRequestException: principal: it is required"),
        (
            json!({"principal": unknown, "authInfos": [good]}),
            "ResourceNotFoundException: Certificate",
        ),
        (
            json!({"principal": plane.arn("thinggroup/g"), "authInfos": [good]}),
            "ResourceNotFoundException: Thing group g",
        ),
        (
            json!({"principal": principal, "authInfos": [unfit]}),
            "InvalidRequestException: authInfos.resources: ",
        ),
        (
            json!({"principal": principal, "authInfos": [untyped]}),
            "InvalidRequestException: authInfos: each needs an actionType",
        ),
        (
            json!({"principal": principal, "authInfos": [good], "policyNamesToAdd": ["q"]}),
            "ResourceNotFoundException: Policy q",
        ),
        (
            json!({"principal": principal, "authInfos": [good], "policyNamesToSkip": ["q"]}),
            "ResourceNotFoundException: Policy q",
        ),
    ] {
        let found = plane.refused(Op::TestAuthorization, input.clone()).await;
        assert!(found.starts_with(told), "{input}: {found}");
    }
}

#[tokio::test]
async fn questions_are_bounded() {
    let (plane, principal) = scene().await;
    let topics = |count: usize| vec!["topic/lamp/a"; count];
    let input = |count: usize, names: usize| {
        let names: Vec<&str> = vec!["own"; names];
        json!({"principal": principal, "clientId": "lamp", "policyNamesToAdd": names,
            "authInfos": [asks(&plane, "PUBLISH", &topics(count))]})
    };
    plane.ok(Op::TestAuthorization, input(1_000, 100)).await;
    for over in [input(1_001, 1), input(1, 101)] {
        let told = plane.refused(Op::TestAuthorization, over).await;
        assert!(told.starts_with("LimitExceededException"), "{told}");
    }
}
