//! Replies, as agents read them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fleetward_report::reply::{accepted, rejected};
use fleetward_report::{Format, RejectCode};
use minicbor::Decoder;
use minicbor::data::Type;
use serde_json::{Value, json};

/// CBOR as if it were JSON.
fn value(d: &mut Decoder<'_>) -> Value {
    match d.datatype().unwrap() {
        Type::Map => {
            let length = d.map().unwrap().unwrap();
            (0..length).map(|_| (d.str().unwrap().to_owned(), value(d))).collect()
        }
        Type::String => d.str().unwrap().into(),
        _ => d.i64().unwrap().into(),
    }
}

fn check(reply: impl Fn(Format) -> Vec<u8>, expected: Value) {
    let json: Value = serde_json::from_slice(&reply(Format::Json)).unwrap();
    assert_eq!(json, expected);
    let bytes = reply(Format::Cbor);
    let mut decoder = Decoder::new(&bytes);
    assert_eq!(value(&mut decoder), expected);
    assert_eq!(decoder.position(), bytes.len());
}

#[test]
fn accepted_names_the_thing_and_the_report() {
    check(
        |format| accepted("Lampe \"à côté\"", -5, 1_700_000_000_123, format),
        json!({"thingName": "Lampe \"à côté\"", "reportId": -5, "status": "ACCEPTED",
            "timestamp": 1_700_000_000_123_i64}),
    );
}

#[test]
fn rejected_says_why() {
    for code in [RejectCode::InvalidPayload, RejectCode::InvalidVersion, RejectCode::Throttled] {
        check(
            |format| rejected("a", Some(7), code, "no \n", 9, format),
            json!({"thingName": "a", "reportId": 7, "status": "REJECTED", "timestamp": 9,
                "statusDetails": {"ErrorCode": code.as_str(), "ErrorMessage": "no \n"}}),
        );
    }
    check(
        |format| rejected("a", None, RejectCode::InvalidPayload, "no", 9, format),
        json!({"thingName": "a", "status": "REJECTED", "timestamp": 9,
            "statusDetails": {"ErrorCode": "InvalidPayload", "ErrorMessage": "no"}}),
    );
}
