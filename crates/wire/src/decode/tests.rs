//! Requests in, objects out.

use expect_test::{Expect, expect};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::decode;
use crate::check::check;
use crate::error::ApiError;
use crate::limits::MAX_BODY_BYTES;
use crate::operation::Input;
use crate::route::route;
use crate::types::{CreateSecurityProfileRequest, MetricValue};

fn request(method: &str, target: &str, body: &str) -> Result<Value, ApiError> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (operation, labels) = route(method, path).unwrap();
    decode(operation, &labels, query, &HeaderMap::new(), body.as_bytes())
}

fn create_profile(body: &str) -> Result<Value, ApiError> {
    request("POST", "/security-profiles/p", body)
}

#[track_caller]
fn check_refused(found: Result<Value, ApiError>, expected: Expect) {
    let error = found.unwrap_err();
    assert_eq!(error.code.as_str(), "InvalidRequestException");
    expected.assert_eq(&error.message);
}

#[test]
fn label_query_and_body_become_one_object() {
    let found = request(
        "PATCH",
        "/security-profiles/a%3Ab?expectedVersion=3&other=1",
        r#"{"securityProfileDescription":"d","deleteBehaviors":true,
            "unknown":[1],"behaviors":null}"#,
    );
    let expected = json!({
        "securityProfileName": "a:b",
        "expectedVersion": 3,
        "securityProfileDescription": "d",
        "deleteBehaviors": true,
    });
    assert_eq!(found.unwrap(), expected);
}

#[test]
fn a_header_is_a_member_too() {
    let (operation, labels) = route("PUT", "/things/t/principals").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-principal", HeaderValue::from_static("arn:cert"));
    let found = decode(operation, &labels, "", &headers, b"").unwrap();
    assert_eq!(found, json!({"thingName": "t", "principal": "arn:cert"}));
}

#[test]
fn query_values_get_the_type_of_the_model() {
    let target = "/violation-events?startTime=2026-11-01T00%3A00%3A00Z&endTime=1793500000.5\
                  &maxResults=20&listSuppressedAlerts=true&behaviorCriteriaType=STATIC\
                  &nextToken=a+b%2B";
    let expected = json!({
        "startTime": 1_793_491_200.0,
        "endTime": 1_793_500_000.5,
        "maxResults": 20,
        "listSuppressedAlerts": true,
        "behaviorCriteriaType": "STATIC",
        "nextToken": "a+b+",
    });
    assert_eq!(request("GET", target, "").unwrap(), expected);
}

#[test]
fn wrong_types_are_told_with_their_path() {
    let table = [
        (
            r#"{"behaviors":[{"name":"b"},{"name":1}]}"#,
            expect!["Expected a string at 'behaviors.2.member.name', found a number."],
        ),
        (r#"{"behaviors":{}}"#, expect!["Expected a list at 'behaviors', found an object."]),
        (
            r#"{"behaviors":[7]}"#,
            expect!["Expected an object at 'behaviors.1.member', found a number."],
        ),
        (
            r#"{"alertTargets":{"SNS":{"roleArn":[]}}}"#,
            expect!["Expected a string at 'alertTargets.SNS.member.roleArn', found a list."],
        ),
        (
            r#"{"behaviors":[{"criteria":{"durationSeconds":2.5}}]}"#,
            expect![
                "Expected a 32 bit integer at 'behaviors.1.member.criteria.durationSeconds', \
                 found another number."
            ],
        ),
        (
            r#"{"behaviors":[{"criteria":{"durationSeconds":4294967296}}]}"#,
            expect![
                "Expected a 32 bit integer at 'behaviors.1.member.criteria.durationSeconds', \
                 found another number."
            ],
        ),
        (
            r#"{"behaviors":[{"suppressAlerts":"yes"}]}"#,
            expect![
                "Expected true or false at 'behaviors.1.member.suppressAlerts', found a string."
            ],
        ),
        ("[]", expect!["The request body is not a JSON object."]),
        (
            "{",
            expect![
                "The request body is not valid JSON: EOF while parsing an object at line 1 column \
                 1."
            ],
        ),
    ];
    for (body, expected) in table {
        check_refused(create_profile(body), expected);
    }
    check_refused(
        request("GET", "/violation-events?startTime=yesterday", ""),
        expect!["Expected a timestamp at 'startTime', found another string."],
    );
    check_refused(
        request("GET", "/violation-events?maxResults=ten", ""),
        expect!["Expected a 32 bit integer at 'maxResults', found a string."],
    );
    check_refused(
        request("GET", "/violation-events?maxResults=%zz", ""),
        expect!["The query holds an escape that is not valid UTF-8 in percent encoding."],
    );
}

#[test]
fn large_and_deep_bodies_are_refused() {
    let error = create_profile(&" ".repeat(MAX_BODY_BYTES + 1)).unwrap_err();
    assert_eq!(error.message, "The request body has 524289 bytes; the limit is 524288 bytes.");
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let error = create_profile(&deep).unwrap_err();
    assert!(error.message.contains("recursion limit"), "{}", error.message);
}

#[test]
fn an_unserved_operation_is_not_decoded() {
    let error = request("PUT", "/jobs/j", "{}").unwrap_err();
    assert_eq!(error.message, "CreateJob is not implemented by Fleetward.");
}

#[test]
fn a_checked_object_becomes_the_input() {
    let body = r#"{"behaviors":[{"name":"big","metric":"aws:message-byte-size","criteria":{
        "comparisonOperator":"less-than-equals","value":{"count":5.0},"durationSeconds":300}}],
        "tags":[{"Key":"k","Value":"v"}]}"#;
    let object = create_profile(body).unwrap();
    assert!(check(CreateSecurityProfileRequest::OPERATION, &object).is_ok());
    let input = CreateSecurityProfileRequest::read(&object).unwrap();
    let behavior = &input.behaviors.as_ref().unwrap()[0];
    let criteria = behavior.criteria.as_ref().unwrap();
    assert_eq!(criteria.value, Some(MetricValue { count: Some(5), ..MetricValue::default() }));
    assert_eq!(criteria.duration_seconds, Some(300));
    assert_eq!(input.tags.as_ref().unwrap()[0].key, "k");
    let written = serde_json::to_value(&input).unwrap();
    assert_eq!(written["behaviors"][0]["criteria"]["value"], json!({"count": 5}));
    assert_eq!(written["tags"], json!([{"Key": "k", "Value": "v"}]));
}

/// Any JSON, often with members that the model knows.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    let name = "(behaviors|name|criteria|value|count|tags|alertTargets|SNS|Key|\\PC{0,3})";
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_decoded_and_checked_or_refused(body in any_json()) {
        if let Ok(object) = create_profile(&body.to_string())
            && check(CreateSecurityProfileRequest::OPERATION, &object).is_ok()
        {
            // What passes the check fits the type.
            prop_assert!(CreateSecurityProfileRequest::read(&object).is_ok());
        }
    }

    #[test]
    fn any_bytes_and_query_have_an_answer(
        body: Vec<u8>,
        query in "((startTime|maxResults|x)=\\PC{0,8}&?){0,5}",
    ) {
        for (method, path) in [("POST", "/security-profiles/p"), ("GET", "/violation-events")] {
            let (operation, labels) = route(method, path).unwrap();
            if let Ok(object) = decode(operation, &labels, &query, &HeaderMap::new(), &body) {
                let _ = check(operation, &object);
            }
        }
    }
}
