//! What the verifier refuses, and with which code.

use proptest::prelude::*;

use super::verify::verify;
use super::{Expected, Payload, Request, Secret, SigV4Error, Signing};
use super::{presign, sign};

const NOW: i64 = 1_788_000_000;
const BODY: &[u8] = br#"{"behaviors":[]}"#;

fn secret() -> Secret {
    Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn signing(secret: &Secret) -> Signing<'_> {
    Signing {
        access_key_id: "AKIDEXAMPLE",
        secret,
        session_token: None,
        region: "us-east-1",
        service: "iot",
        at_epoch_seconds: NOW,
    }
}

const EXPECTED: Expected<'_> = Expected {
    region: "us-east-1",
    services: &["iot", "iotdata", "iotdevicegateway"],
    now_epoch_seconds: NOW,
};

/// A request that owns its headers, so that a test can change it after it was signed.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    path: &'static str,
    query: String,
    headers: Vec<(&'static str, String)>,
}

impl Sent {
    fn unsigned() -> Self {
        Self {
            method: "POST",
            path: "/security-profiles/a%3Ab",
            query: "expectedVersion=1".to_owned(),
            headers: vec![("Host", "localhost:8443".to_owned())],
        }
    }

    fn signed(signing: &Signing<'_>) -> Self {
        let mut sent = Self::unsigned();
        let added = sign(&sent.request(), Payload::Bytes(BODY), signing).unwrap();
        sent.headers.extend(added);
        sent
    }

    fn presigned(signing: &Signing<'_>, life_seconds: u32) -> Self {
        let mut sent = Self { method: "GET", ..Self::unsigned() };
        sent.query = presign(&sent.request(), Payload::Bytes(b""), signing, life_seconds).unwrap();
        sent
    }

    fn request(&self) -> Request<'_> {
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        Request {
            method: self.method,
            raw_path: self.path,
            raw_query: &self.query,
            headers: headers.collect(),
        }
    }

    fn set(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for (key, value) in &mut self.headers {
            if *key == name {
                *value = change(value);
            }
        }
    }

    fn verify(&self, body: &[u8], expected: &Expected<'_>) -> Result<String, SigV4Error> {
        let lookup = |key: &str| (key == "AKIDEXAMPLE").then(secret);
        verify(&self.request(), Payload::Bytes(body), expected, lookup)
    }
}

fn refused(sent: &Sent, expected: &Expected<'_>) -> (&'static str, String) {
    let error = sent.verify(BODY, expected).unwrap_err();
    (error.code().as_str(), error.to_string())
}

#[track_caller]
fn check_refused(sent: &Sent, code: &str, part_of_message: &str) {
    let (found, message) = refused(sent, &EXPECTED);
    assert_eq!(found, code, "{message}");
    assert!(message.contains(part_of_message), "{message}");
}

#[test]
fn a_good_signature_names_its_key() {
    let secret = secret();
    let key = "AKIDEXAMPLE".to_owned();
    let sent = Sent::signed(&signing(&secret));
    assert_eq!(sent.verify(BODY, &EXPECTED), Ok(key.clone()));
    let with_token = Signing { session_token: Some("token"), ..signing(&secret) };
    assert_eq!(Sent::signed(&with_token).verify(BODY, &EXPECTED), Ok(key.clone()));
    let hash = Payload::Sha256(
        <[u8; 32]>::try_from(hex::decode(super::sha256_hex(BODY)).unwrap()).unwrap(),
    );
    assert_eq!(verify(&sent.request(), hash, &EXPECTED, |_| Some(secret.clone())), Ok(key));
}

/// AWS's suite holds no path that is already encoded; these signatures are botocore 1.43.11's.
#[test]
fn an_encoded_path_is_encoded_again() {
    let secret = secret();
    let sent = Sent::signed(&signing(&secret));
    let authorization = &sent.headers.last().unwrap().1;
    let signature = "994addf4768989473aa1dd06a8b234e7ba24eeb5bb711fc97dcea8adf9cd8f5f";
    assert!(authorization.ends_with(signature), "{authorization}");
    let query = "startTime=2026-11-01T00%3A00%3A00Z&X-Amz-Algorithm=AWS4-HMAC-SHA256&\
                 X-Amz-Credential=AKIDEXAMPLE%2F20260829%2Fus-east-1%2Fiot%2Faws4_request&\
                 X-Amz-Date=20260829T104000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-\
                 Signature=d23c9fdfefac0eafce8d2adfdec443230da2c62dadc4f371c1677101a26e6d36";
    let presigned = Sent {
        method: "GET",
        path: "/topics/%24aws%2Fthings%2Ft%201",
        query: query.to_owned(),
        ..Sent::unsigned()
    };
    assert_eq!(presigned.verify(b"", &EXPECTED), Ok("AKIDEXAMPLE".to_owned()));
}

#[test]
fn whatever_is_changed_after_signing_is_noticed() {
    let secret = secret();
    let sent = Sent::signed(&signing(&secret));
    assert_eq!(sent.verify(b"{}", &EXPECTED), Err(SigV4Error::Mismatch));
    let changes: [fn(&mut Sent); 5] = [
        |sent| sent.method = "PUT",
        |sent| sent.path = "/security-profiles/a%3Ac",
        |sent| sent.query = "expectedVersion=2".to_owned(),
        |sent| sent.set("Host", |_| "elsewhere".to_owned()),
        |sent| sent.set("authorization", |value| value.replace("Signature=", "Signature=00")),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut changed = sent.clone();
        change(&mut changed);
        assert_eq!(changed.verify(BODY, &EXPECTED), Err(SigV4Error::Mismatch), "change {at}");
    }
    let other = Signing { secret: &Secret::new("other"), ..signing(&secret) };
    assert_eq!(Sent::signed(&other).verify(BODY, &EXPECTED), Err(SigV4Error::Mismatch));
}

#[test]
fn the_scope_must_be_ours() {
    let secret = secret();
    let right = signing(&secret);
    let region = Sent::signed(&Signing { region: "eu-west-1", ..right });
    check_refused(&region, "InvalidSignatureException", "scoped to a valid region");
    let service = Sent::signed(&Signing { service: "s3", ..right });
    check_refused(&service, "InvalidSignatureException", "scoped to correct service");
    let mut day = Sent::signed(&right);
    day.set("x-amz-date", |at| at.replace("20260829", "20260830"));
    check_refused(&day, "InvalidSignatureException", "Date in Credential scope");
    let mut terminator = Sent::signed(&right);
    terminator.set("authorization", |value| value.replace("aws4_request", "aws5_request"));
    check_refused(&terminator, "InvalidSignatureException", "valid terminator");
}

#[test]
fn five_minutes_of_skew_are_tolerated() {
    let secret = secret();
    let sent = Sent::signed(&signing(&secret));
    let at = |offset| Expected { now_epoch_seconds: NOW + offset, ..EXPECTED };
    for offset in [-300, 0, 300] {
        assert!(sent.verify(BODY, &at(offset)).is_ok(), "{offset}");
    }
    let (code, message) = refused(&sent, &at(301));
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(
        message,
        "Signature expired: 20260829T104000Z is now earlier than 20260829T104001Z \
         (20260829T104501Z - 5 min.)"
    );
    let (code, message) = refused(&sent, &at(-301));
    assert_eq!(code, "InvalidSignatureException");
    assert!(message.starts_with("Signature not yet current: 20260829T104000Z"), "{message}");
}

#[test]
fn what_is_missing_or_cut_is_told_apart() {
    let secret = secret();
    check_refused(&Sent::unsigned(), "MissingAuthenticationTokenException", "Missing");
    let whole = Sent::signed(&signing(&secret));
    let table: [(&str, &str, &str); 6] = [
        ("AWS4-HMAC-SHA256", "Basic", "must begin with"),
        ("Credential=", "Credentials=", "'Credential'"),
        ("SignedHeaders=", "Headers=", "'SignedHeaders'"),
        ("Signature=", "Sig=", "'Signature'"),
        ("/iot/", "/", "exactly 5"),
        ("Signature=", "Signature=xyz", "hexadecimal"),
    ];
    for (from, to, told) in table {
        let mut cut = whole.clone();
        cut.set("authorization", |value| value.replace(from, to));
        check_refused(&cut, "IncompleteSignatureException", told);
    }
    let mut undated = whole.clone();
    undated.headers.retain(|(name, _)| *name != "x-amz-date");
    check_refused(&undated, "IncompleteSignatureException", "X-Amz-Date");
    let unknown = Sent::signed(&Signing { access_key_id: "AKIDOTHER", ..signing(&secret) });
    check_refused(&unknown, "UnrecognizedClientException", "security token");
}

#[test]
fn host_and_amazon_headers_must_be_signed() {
    let secret = secret();
    let mut added = Sent::signed(&signing(&secret));
    added.headers.push(("X-Amzn-Principal", "arn:other".to_owned()));
    check_refused(&added, "InvalidSignatureException", "x-amzn-principal");
    let mut traced = Sent::signed(&signing(&secret));
    traced.headers.push(("X-Amzn-Trace-Id", "Root=1".to_owned()));
    assert!(traced.verify(BODY, &EXPECTED).is_ok());
    let mut hostless = Sent::unsigned();
    hostless.headers.clear();
    let sent = sign(&hostless.request(), Payload::Bytes(BODY), &signing(&secret)).unwrap();
    hostless.headers.extend(sent);
    check_refused(&hostless, "IncompleteSignatureException", "'Host'");
}

#[test]
fn the_told_hash_of_the_body_must_be_true() {
    let secret = secret();
    for (hash, holds) in [(super::sha256_hex(BODY), true), ("UNSIGNED-PAYLOAD".to_owned(), false)] {
        let mut sent = Sent::unsigned();
        sent.headers.push(("x-amz-content-sha256", hash));
        let added = sign(&sent.request(), Payload::Bytes(BODY), &signing(&secret)).unwrap();
        sent.headers.extend(added);
        let expected = if holds { Ok(()) } else { Err(SigV4Error::PayloadMismatch) };
        assert_eq!(sent.verify(BODY, &EXPECTED).map(|_| ()), expected);
    }
}

#[test]
fn a_presigned_query_lives_as_long_as_it_says() {
    let secret = secret();
    let sent = Sent::presigned(&signing(&secret), 3600);
    let at = |offset| Expected { now_epoch_seconds: NOW + offset, ..EXPECTED };
    assert!(sent.verify(b"", &at(3600)).is_ok());
    assert!(matches!(sent.verify(b"", &at(3601)), Err(SigV4Error::Expired { .. })));
    assert!(matches!(sent.verify(b"", &at(-301)), Err(SigV4Error::NotYetCurrent { .. })));
    assert_eq!(sent.verify(b"body", &at(0)), Err(SigV4Error::Mismatch));
    for life_seconds in [0, 604_801] {
        let sent = Sent::presigned(&signing(&secret), life_seconds);
        assert!(matches!(sent.verify(b"", &at(0)), Err(SigV4Error::Incomplete(_))));
    }
}

#[test]
fn the_device_gateway_takes_a_token_added_after_signing() {
    let secret = secret();
    for (service, taken) in [("iotdevicegateway", true), ("iot", false)] {
        let with_token = Signing { session_token: Some("token"), service, ..signing(&secret) };
        assert!(Sent::presigned(&with_token, 60).verify(b"", &EXPECTED).is_ok(), "{service}");
        let without = Signing { session_token: None, ..with_token };
        let mut late = Sent::presigned(&without, 60);
        late.query.push_str("&X-Amz-Security-Token=token");
        assert_eq!(late.verify(b"", &EXPECTED).is_ok(), taken, "{service}");
    }
}

const AUTHORIZATION: &str = "(AWS4-HMAC-SHA256 )?(Credential=\\PC{0,30})?\
    (, ?SignedHeaders=\\PC{0,9})?(,Signature=[0-9a-g]{0,66})?";

proptest! {
    #[test]
    fn any_request_has_an_answer(
        path in "/\\PC{0,20}",
        query in "(X-Amz-(Algorithm|Credential|Date|SignedHeaders|Expires|Signature)=\\PC{0,9}&)*",
        authorization in prop::option::of(AUTHORIZATION),
        date in prop::option::of("\\PC{0,18}"),
    ) {
        let mut headers = vec![("host", b"h".as_slice())];
        headers.extend(authorization.as_ref().map(|text| ("authorization", text.as_bytes())));
        headers.extend(date.as_ref().map(|text| ("x-amz-date", text.as_bytes())));
        let request = Request { method: "GET", raw_path: &path, raw_query: &query, headers };
        prop_assert!(verify(&request, Payload::Bytes(b""), &EXPECTED, |_| None).is_err());
    }
}
