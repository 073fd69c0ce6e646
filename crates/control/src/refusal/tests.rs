use super::*;

/// One of each.
fn all() -> Vec<Refusal> {
    let text = || "It is so.".to_owned();
    let failed = |error: ControlError| Refusal::from(error);
    let too_large = StoreError::TooLarge { what: "a value", size_bytes: 2, limit_bytes: 1 };
    vec![
        Refusal::not_found("Thing", "t"),
        Refusal::Exists { problem: text(), id: "t".to_owned(), arn: "arn".to_owned() },
        Refusal::VersionConflict(text()),
        Refusal::InUse(text()),
        Refusal::Limit(text()),
        Refusal::field("thingName", "is not so"),
        Refusal::Invalid(text()),
        Refusal::MalformedPolicy(fleetward_policy::PolicyDocument::parse("").unwrap_err()),
        Refusal::NotServed,
        failed(ControlError::Busy),
        failed(ControlError::Crypto(text())),
        failed(too_large.into()),
    ]
}

#[test]
fn whatever_an_operation_refuses_with_is_an_error_that_clients_of_it_know() {
    for operation in Operation::ALL.into_iter().filter(|operation| operation.is_served()) {
        assert!(operation.errors().contains(&ErrorCode::InvalidRequest), "{operation:?}");
        for refusal in all() {
            let shown = format!("{refusal:?}");
            let error = refusal.answered_by(operation);
            let is_known = error.code.is_common() || operation.errors().contains(&error.code);
            assert!(is_known, "{operation:?} {shown}: {error}");
        }
    }
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
