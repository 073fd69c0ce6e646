use fleetward_domain::ThingName;
use fleetward_store::Tx;
use serde_json::{Value, json};

use super::*;
use crate::caller::Caller;
use crate::certificate::tests::{certificate, stored};
use crate::limits::{ATTRIBUTES, THINGS_PER_CERTIFICATE};
use crate::testing::Plane;

#[test]
fn every_variant_has_the_code_that_its_name_says() {
    let text = || "It is so.".to_owned();
    let failed = |error: ControlError| Refusal::from(error);
    let too_large = StoreError::TooLarge { what: "a value", size_bytes: 2, limit_bytes: 1 };
    let no_room = StoreError::Full { problem: "so it says".to_owned() };
    let no_policy = fleetward_policy::PolicyDocument::parse("").unwrap_err();
    for (refusal, code) in [
        (Refusal::not_found("Thing", "t"), ErrorCode::ResourceNotFound),
        (
            Refusal::exists::<fleetward_domain::Thing>("t", "", "t", "arn"),
            ErrorCode::ResourceAlreadyExists,
        ),
        (Refusal::VersionConflict(text()), ErrorCode::VersionConflict),
        (Refusal::InUse(text()), ErrorCode::DeleteConflict),
        (Refusal::State(text()), ErrorCode::CertificateState),
        (Refusal::Versions(text()), ErrorCode::VersionsLimitExceeded),
        (Refusal::Limit(text()), ErrorCode::LimitExceeded),
        (failed(too_large.into()), ErrorCode::LimitExceeded),
        (failed(no_room.into()), ErrorCode::ServiceUnavailable),
        (Refusal::field("thingName", "is not so"), ErrorCode::InvalidRequest),
        (Refusal::Invalid(text()), ErrorCode::InvalidRequest),
        (Refusal::MalformedPolicy(no_policy), ErrorCode::MalformedPolicy),
        (Refusal::NotServed, ErrorCode::NotImplemented),
        (failed(ControlError::Busy), ErrorCode::ServiceUnavailable),
        (failed(ControlError::Crypto(text())), ErrorCode::InternalFailure),
        (Refusal::Told(ApiError::internal()), ErrorCode::InternalFailure),
    ] {
        let shown = format!("{refusal:?}");
        assert_eq!(refusal.in_its_own_code(Operation::CreateThing).code, code, "{shown}");
    }
}

#[test]
fn a_row_is_of_a_served_operation_that_has_no_such_error() {
    for operation in Operation::ALL.into_iter().filter(|operation| operation.is_served()) {
        // What falls back falls on this one.
        assert!(operation.errors().contains(&ErrorCode::InvalidRequest), "{operation:?}");
    }
    for (operation, code) in fallback::ROWS {
        assert!(operation.is_served(), "{operation:?}");
        assert!(!code.is_common() && !operation.errors().contains(&code), "{operation:?} {code:?}");
    }
}

/// More than fits, and what is in use.
async fn stage(plane: &Plane) -> String {
    let dimension = json!({"name": "d", "type": "TOPIC_FILTER", "stringValues": ["a/#"],
        "clientRequestToken": "t"});
    plane.ok(Operation::CreateDimension, dimension).await;
    let metric = json!({"metricName": "m", "metricType": "number", "clientRequestToken": "t"});
    plane.ok(Operation::CreateCustomMetric, metric).await;
    let retained = json!([{"metric": "m"}, {"metric": "aws:num-messages-sent",
        "metricDimension": {"dimensionName": "d"}}]);
    let profile = json!({"securityProfileName": "p", "additionalMetricsToRetainV2": retained});
    plane.ok(Operation::CreateSecurityProfile, profile).await;
    plane.ok(Operation::CreateThing, json!({"thingName": "lamp"})).await;
    for number in 0..=10 {
        let group = json!({"thingGroupName": format!("g{number}"), "thingName": "lamp"});
        plane
            .ok(Operation::CreateThingGroup, json!({"thingGroupName": group["thingGroupName"]}))
            .await;
        if number < 10 {
            plane.ok(Operation::AddThingToThingGroup, group).await;
        }
    }
    let (id, arn) = certificate(plane).await;
    let mut full = stored(plane, &id).await;
    let names = (0..THINGS_PER_CERTIFICATE).map(|number| ThingName::parse(format!("t{number}")));
    full.things = names.map(Result::unwrap).collect();
    let mut tx = Tx::default();
    tx.put(&full, plane.store.format_level()).unwrap();
    plane.store.commit(tx).await.unwrap();
    arn
}

#[tokio::test]
async fn every_row_happens() {
    let plane = Plane::new().await;
    let certificate_arn = stage(&plane).await;
    let attributes: serde_json::Map<String, Value> =
        (0..=ATTRIBUTES).map(|number| (format!("a{number}"), json!("x"))).collect();
    let attributes = json!({"attributes": attributes});
    let ports: Vec<u16> = (0..1001).collect();
    let behaviors = json!([{"name": "b", "metric": "aws:listening-tcp-ports",
        "criteria": {"comparisonOperator": "in-port-set", "value": {"ports": ports}}}]);
    let values: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    let mut happened = Vec::new();
    for (operation, input) in [
        (Operation::AddThingToThingGroup, json!({"thingName": "lamp", "thingGroupName": "g10"})),
        (
            Operation::AttachThingPrincipal,
            json!({"thingName": "lamp", "principal": certificate_arn}),
        ),
        (
            Operation::CreateSecurityProfile,
            json!({"securityProfileName": "q", "behaviors": behaviors}),
        ),
        (Operation::CreateThing, json!({"thingName": "door", "attributePayload": attributes})),
        (
            Operation::CreateThingGroup,
            json!({"thingGroupName": "hall",
                "thingGroupProperties": {"attributePayload": attributes}}),
        ),
        (Operation::DeleteCustomMetric, json!({"metricName": "m"})),
        (Operation::DeleteDimension, json!({"name": "d"})),
        (
            Operation::PutVerificationStateOnViolation,
            json!({"violationId": "none", "verificationState": "TRUE_POSITIVE"}),
        ),
        (Operation::UpdateDimension, json!({"name": "d", "stringValues": values})),
        (
            Operation::UpdateSecurityProfile,
            json!({"securityProfileName": "p", "behaviors": behaviors}),
        ),
        (Operation::UpdateThing, json!({"thingName": "lamp", "attributePayload": attributes})),
    ] {
        let told = plane.refused(operation, input.clone()).await;
        assert!(told.starts_with("InvalidRequestException"), "{operation:?}: {told}");
        let caller = Caller::operator(&plane.place);
        happened.push((operation, plane.own_code(&caller, operation, &input).await.unwrap()));
    }
    assert_eq!(happened, fallback::ROWS);
}

#[test]
fn a_refusal_has_the_code_that_the_model_has_for_it() {
    let limit = || Refusal::Limit("It is full.".to_owned());
    let in_use = || Refusal::InUse("It is needed.".to_owned());
    for (refusal, operation, expected) in [
        (limit(), Operation::CreateDimension, "LimitExceededException: It is full."),
        (limit(), Operation::CreateThing, "InvalidRequestException: It is full."),
        (in_use(), Operation::DeleteDimension, "InvalidRequestException: It is needed."),
        (
            Refusal::not_found("Thing", "t"),
            Operation::DescribeThing,
            "ResourceNotFoundException: Thing t does not exist.",
        ),
        (
            Refusal::not_found("Thing", "t"),
            Operation::CreatePolicy,
            "InvalidRequestException: Thing t does not exist.",
        ),
    ] {
        assert_eq!(refusal.answered_by(operation).to_string(), expected);
    }
}
