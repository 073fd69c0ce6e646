//! The messages, word for word.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::{Found, check, value};
use crate::generated::operations::Operation;
use crate::limits::MAX_SHOWN_ERRORS;
use crate::shape::{Bounds, Kind, Location, Member, Shape};

#[track_caller]
fn told(operation: Operation, input: Value, expected: Expect) {
    let error = check(operation, &input).unwrap_err();
    assert_eq!(error.code.as_str(), "InvalidRequestException");
    expected.assert_eq(&error.message);
}

fn profile(members: Value) -> Value {
    let mut input = json!({"securityProfileName": "p"});
    let members = members.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(members);
    input
}

#[test]
fn what_fits_passes() {
    let input = profile(json!({
        "behaviors": [{"name": "a:b_c-1", "criteria": {"comparisonOperator": "in-set"}}],
        "alertTargets": {
            "SNS": {"alertTargetArn": "a", "roleArn": "arn:aws:iam::123456789012:role/r"},
        },
        "tags": [{"Key": "k"}],
    }));
    assert_eq!(check(Operation::CreateSecurityProfile, &input), Ok(()));
}

#[test]
fn every_failing_member_is_told_at_once() {
    told(
        Operation::CreateSecurityProfile,
        profile(json!({
            "behaviors": [{"name": "a b"}, {"metric": "m"}],
            "alertTargets": {"SNS": {"alertTargetArn": "a"}},
        })),
        expect![
            "3 validation errors detected: Value 'a b' at 'behaviors.1.member.name' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+; \
             Value null at 'behaviors.2.member.name' failed to satisfy constraint: Member must \
             not be null; Value null at 'alertTargets.SNS.member.roleArn' failed to satisfy \
             constraint: Member must not be null"
        ],
    );
}

#[test]
fn lengths_count_characters() {
    let describe =
        |name: &str| (Operation::DescribeSecurityProfile, json!({"securityProfileName": name}));
    let (operation, input) = describe("");
    told(
        operation,
        input,
        expect![
            "2 validation errors detected: Value '' at 'securityProfileName' failed to satisfy \
             constraint: Member must have length greater than or equal to 1; Value '' at \
             'securityProfileName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [a-zA-Z0-9:_-]+"
        ],
    );
    let (operation, input) = describe(&"n".repeat(129));
    let message = check(operation, &input).unwrap_err().message;
    assert!(
        message.ends_with(
            "nnn' at 'securityProfileName' failed to satisfy constraint: \
        Member must have length less than or equal to 128"
        ),
        "{message}"
    );
    let tag = |value: String| profile(json!({"tags": [{"Key": "k", "Value": value}]}));
    let operation = Operation::CreateSecurityProfile;
    assert_eq!(check(operation, &tag("\u{fc}".repeat(256))), Ok(()));
    assert!(check(operation, &tag("\u{fc}".repeat(257))).is_err());
}

#[test]
fn ranges_and_enumerations() {
    told(
        Operation::ListActiveViolations,
        json!({"maxResults": 0, "behaviorCriteriaType": "OTHER"}),
        expect![
            "2 validation errors detected: Value 'OTHER' at 'behaviorCriteriaType' failed to \
             satisfy constraint: Member must satisfy enum value set: [STATIC, STATISTICAL, \
             MACHINE_LEARNING]; Value '0' at 'maxResults' failed to satisfy constraint: Member \
             must have value greater than or equal to 1"
        ],
    );
    told(
        Operation::ListActiveViolations,
        json!({"maxResults": 251}),
        expect![
            "1 validation error detected: Value '251' at 'maxResults' failed to satisfy \
             constraint: Member must have value less than or equal to 250"
        ],
    );
}

fn dimension(string_values: Value) -> Value {
    json!({
        "name": "d",
        "type": "TOPIC_FILTER",
        "clientRequestToken": "t",
        "stringValues": string_values,
    })
}

#[test]
fn lists_and_maps_of_plain_values_are_told_whole() {
    told(
        Operation::CreateDimension,
        dimension(json!(["ok", ""])),
        expect![
            "1 validation error detected: Value '[ok, ]' at 'stringValues' failed to satisfy \
             constraint: Member must satisfy constraint: [Member must have length less than or \
             equal to 256, Member must have length greater than or equal to 1]"
        ],
    );
    told(
        Operation::CreateDimension,
        dimension(json!([])),
        expect![
            "1 validation error detected: Value '[]' at 'stringValues' failed to satisfy \
             constraint: Member must have length greater than or equal to 1"
        ],
    );
    told(
        Operation::CreateThing,
        json!({"thingName": "t", "attributePayload": {"attributes": {"a b": "c d", "e": null}}}),
        expect![
            "2 validation errors detected: Value '{a b=c d, e=null}' at \
             'attributePayload.attributes' failed to satisfy constraint: Map keys must satisfy \
             constraint: [Member must have length less than or equal to 128, Member must satisfy \
             regular expression pattern: [a-zA-Z0-9_.,@/:#-]+]; Value '{a b=c d, e=null}' at \
             'attributePayload.attributes' failed to satisfy constraint: Map value must satisfy \
             constraint: [Member must have length less than or equal to 800, Member must satisfy \
             regular expression pattern: [a-zA-Z0-9_.,@/:#=\\[\\]-]*, Member must not be null]"
        ],
    );
    told(
        Operation::CreateSecurityProfile,
        profile(json!({"behaviors": [null], "alertTargets": {"SMS": null}})),
        expect![
            "3 validation errors detected: Value null at 'behaviors.1.member' failed to satisfy \
             constraint: Member must not be null; Value '{SMS=null}' at 'alertTargets' failed to \
             satisfy constraint: Map keys must satisfy constraint: [Member must satisfy enum \
             value set: [SNS]]; Value null at 'alertTargets.SMS.member' failed to satisfy \
             constraint: Member must not be null"
        ],
    );
}

#[test]
fn long_values_are_cut_and_many_errors_counted() {
    let policy = json!({"policyName": "p", "policyDocument": "x".repeat(404_601)});
    let message = check(Operation::CreatePolicy, &policy).unwrap_err().message;
    assert!(message.contains(&format!("Value '{}...' at 'policyDocument'", "x".repeat(256))));
    let targets: serde_json::Map<String, Value> =
        (0..5000).map(|at| (format!("{at:0>100}"), Value::Null)).collect();
    let input = profile(json!({"alertTargets": targets}));
    let message = check(Operation::CreateSecurityProfile, &input).unwrap_err().message;
    assert!(message.starts_with("5001 validation errors detected: "));
    assert_eq!(message.matches(" failed to satisfy ").count(), MAX_SHOWN_ERRORS);
    assert!(message.len() < 100_000);
}

#[test]
fn sensitive_values_are_masked() {
    static KEY: Shape = Shape {
        name: "Key",
        is_sensitive: true,
        kind: Kind::Text { length: Bounds::new(Some(9), None), pattern: None, values: &[] },
    };
    static INPUT: Shape = Shape {
        name: "Input",
        is_sensitive: false,
        kind: Kind::Structure(&[Member::new("key", &KEY, Location::Body)]),
    };
    let mut found = Found::default();
    value(&INPUT, &json!({"key": "secret"}), "", &mut found);
    expect![
        "1 validation error detected: Value '*** Sensitive Data Redacted ***' at 'key' \
        failed to satisfy constraint: Member must have length greater than or equal to 9"
    ]
    .assert_eq(&found.into_result().unwrap_err().message);
}

#[test]
fn an_answer_does_not_show_a_private_key() {
    let pair = crate::types::KeyPair {
        public_key: Some("public".to_owned()),
        private_key: Some("private".to_owned()),
    };
    assert_eq!(
        format!("{pair:?}"),
        "KeyPair { public_key: Some(\"public\"), private_key: <redacted> }"
    );
}
