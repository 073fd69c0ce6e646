use fleetward_policy::PolicyDocument;
use serde_json::json;

use super::*;
use crate::testing::Plane;

#[tokio::test]
async fn every_served_operation_has_a_handler_and_no_other_has() {
    let plane = Plane::new().await;
    let caller = Caller::operator(&plane.place);
    for operation in Operation::ALL {
        let answer = dispatch(&plane.control, &caller, operation, &json!({})).await;
        let is_missing = matches!(answer, Err(Refusal::NotServed));
        assert_eq!(is_missing, !operation.is_served(), "{operation:?}");
        if !operation.is_served() {
            let error = plane.control.call(&caller, operation, json!({})).await.unwrap_err();
            assert!(error.message.contains(operation.name()), "{error}");
        }
    }
}

#[tokio::test]
async fn what_is_prepared_is_authorised_and_checked_and_not_written() {
    let plane = Plane::new().await;
    let operator = Caller::operator(&plane.place);
    let prepare = |caller: &Caller, input: Value| {
        let (control, caller) = (Arc::clone(&plane.control), caller.clone());
        async move { control.prepare(&caller, Operation::CreateThing, &input).await }
    };
    let prepared = prepare(&operator, json!({"thingName": "lamp"})).await.unwrap();
    assert_eq!(prepared.answer["thingArn"], plane.arn("thing/lamp"));
    assert!(plane.changes().await.is_empty());
    plane.store.commit(prepared.tx.unwrap()).await.unwrap();
    let again = prepare(&operator, json!({"thingName": "lamp"})).await.unwrap();
    assert!(again.tx.is_none(), "an equal thing is there");
    let told = prepare(&operator, json!({"thingName": "a b"})).await.unwrap_err();
    assert_eq!(told.status(), 400);
    let nothing = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let policy = PolicyDocument::parse_api_key_policy(nothing).unwrap();
    let caller = Caller::with_key(&plane.place, "AKIAEXAMPLE", policy);
    let told = prepare(&caller, json!({"thingName": "door"})).await.unwrap_err();
    assert_eq!(told.status(), 403);
}

#[tokio::test]
async fn a_caller_may_do_what_its_policy_allows_and_is_told_what_it_does_not() {
    let plane = Plane::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["iot:CreateThing","iot:ListThings"],
         "Resource":"arn:aws:iot:us-east-1:123456789012:thing/lamp-*"},
        {"Effect":"Deny","Action":"iot:*","Resource":"arn:aws:iot:*:*:thing/lamp-9"}]}"#;
    let policy = PolicyDocument::parse_api_key_policy(policy).unwrap();
    let caller = Caller::with_key(&plane.place, "AKIAEXAMPLE", policy);
    let call = |operation, input| plane.control.call(&caller, operation, input);
    call(Operation::CreateThing, json!({"thingName": "lamp-1"})).await.unwrap();
    for (operation, input, resource) in [
        (Operation::CreateThing, json!({"thingName": "lamp-9"}), plane.arn("thing/lamp-9")),
        (Operation::CreateThing, json!({"thingName": "door"}), plane.arn("thing/door")),
        (Operation::DescribeThing, json!({"thingName": "lamp-1"}), plane.arn("thing/lamp-1")),
        (Operation::ListThings, json!({}), "*".to_owned()),
    ] {
        let error = call(operation, input).await.unwrap_err();
        let expected = format!(
            "User: arn:aws:iam::123456789012:user/AKIAEXAMPLE is not authorized to perform: \
             iot:{} on resource: {resource}",
            operation.name()
        );
        assert_eq!((error.status(), error.message), (403, expected));
    }
}

#[tokio::test]
async fn who_may_not_learns_so_before_what_is_wrong_with_the_input() {
    let plane = Plane::new().await;
    let nothing = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let policy = PolicyDocument::parse_api_key_policy(nothing).unwrap();
    let caller = Caller::with_key(&plane.place, "AKIAEXAMPLE", policy);
    let input = json!({"thingName": "not a name"});
    let error = plane.control.call(&caller, Operation::CreateThing, input.clone()).await;
    assert_eq!(error.unwrap_err().status(), 403);
    let told = plane.refused(Operation::CreateThing, input).await;
    assert!(told.contains("Member must satisfy regular expression pattern"), "{told}");
}

#[tokio::test]
async fn an_endpoint_is_a_bare_host() {
    let plane = Plane::new().await;
    for input in [json!({}), json!({"endpointType": "iot:Data-ATS"})] {
        let answer = plane.ok(Operation::DescribeEndpoint, input).await;
        assert_eq!(answer, json!({"endpointAddress": "iot.example"}));
    }
    let told =
        plane.refused(Operation::DescribeEndpoint, json!({"endpointType": "iot:Mail"})).await;
    assert!(told.starts_with("InvalidRequestException: endpointType: 'iot:Mail'"), "{told}");
}
