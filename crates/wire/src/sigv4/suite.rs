//! AWS's own Signature Version 4 test suite, in header and in query form.
//!
//! It is not part of this repository. It is looked for in `$FLEETWARD_TEST_DATA/sigv4` and in
//! `shared/data/sigv4` beside the checkout.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::authorization::Authorization;
use super::canonical::{CanonicalRequest, PathStyle};
use super::sign::{Signed, presign_as, sign_as};
use super::verify::verify;
use super::{Payload, Request, Secret, Signing, sha256_hex};
use crate::datetime::parse_iso8601;

#[derive(Deserialize)]
struct Context {
    credentials: Credentials,
    expiration_in_seconds: u32,
    normalize: bool,
    region: String,
    service: String,
    sign_body: bool,
    timestamp: String,
    #[serde(default)]
    omit_session_token: bool,
}

#[derive(Deserialize)]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

/// A request of the suite, as text: header values keep their line breaks.
struct Raw {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[test]
fn aws_signing_test_suite() {
    let Some(suite) = folder() else { return };
    let mut cases = 0;
    for entry in std::fs::read_dir(&suite).unwrap() {
        let case = entry.unwrap().path();
        if case.join("context.json").is_file() {
            check_case(&case);
            cases += 1;
        }
    }
    assert!(cases >= 38, "{} holds only {cases} cases", suite.display());
}

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("FLEETWARD_TEST_DATA").map_or(beside, PathBuf::from);
    let folder = data.join("sigv4");
    if folder.is_dir() {
        return Some(folder);
    }
    let how = "copy awslabs/aws-c-auth's tests/aws-signing-test-suite/v4 to \
               $FLEETWARD_TEST_DATA/sigv4";
    assert!(std::env::var_os("CI").is_none(), "AWS's SigV4 suite is missing; {how}");
    println!("skipped: AWS's SigV4 suite is not here; {how}");
    None
}

fn check_case(case: &Path) {
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let context: Context = serde_json::from_str(&text(case, "context.json")).unwrap();
    let style = PathStyle { normalize: context.normalize, encode_twice: true };
    let request = Raw::parse(&text(case, "request.txt"));

    let signed = sign_header_form(&request, &context, style);
    compare(case, &name, "header", &signed);
    let authorization = &signed.added_headers.last().unwrap().1;
    let expected = Raw::parse(&text(case, "header-signed-request.txt"));
    assert_eq!(Some(authorization.as_str()), expected.header("Authorization"), "{name}");
    check_verification(&name, &expected, &context);

    let presigned = sign_query_form(&request, &context, style);
    if !context.omit_session_token {
        compare(case, &name, "query", &presigned);
    }
    let expected = Raw::parse(&text(case, "query-signed-request.txt"));
    let canonical = text(case, "query-canonical-request.txt");
    check_query_form(&name, &expected, &canonical, &context, style);
    check_verification(&name, &expected, &context);
}

fn compare(case: &Path, name: &str, form: &str, signed: &Signed) {
    let file = |end: &str| text(case, &format!("{form}-{end}.txt"));
    assert_eq!(signed.canonical.0, file("canonical-request"), "{name} {form}");
    assert_eq!(signed.string_to_sign, file("string-to-sign"), "{name} {form}");
    assert_eq!(signed.signature_hex, file("signature"), "{name} {form}");
}

fn sign_header_form(raw: &Raw, context: &Context, style: PathStyle) -> Signed {
    let hash = sha256_hex(raw.body.as_bytes());
    let mut request = raw.request();
    if context.sign_body {
        request.headers.push(("x-amz-content-sha256", hash.as_bytes()));
    }
    let secret = Secret::new(&*context.credentials.secret_access_key);
    let mut signing = context.signing(&secret);
    if context.omit_session_token {
        signing.session_token = None;
    }
    sign_as(&request, Payload::Bytes(raw.body.as_bytes()), &signing, style).unwrap()
}

fn sign_query_form(raw: &Raw, context: &Context, style: PathStyle) -> Signed {
    let secret = Secret::new(&*context.credentials.secret_access_key);
    let signing = context.signing(&secret);
    let payload = Payload::Bytes(raw.body.as_bytes());
    let life_seconds = context.expiration_in_seconds;
    presign_as(&raw.request(), payload, &signing, life_seconds, style).unwrap()
}

/// What the verifier makes of the signed request is what the suite expects.
fn check_query_form(
    name: &str,
    signed: &Raw,
    canonical: &str,
    context: &Context,
    style: PathStyle,
) {
    let request = signed.request();
    let authorization = Authorization::of(&request).unwrap();
    let mut leave_out = vec!["X-Amz-Signature"];
    if context.omit_session_token {
        leave_out.push("X-Amz-Security-Token");
    }
    let hash = sha256_hex(signed.body.as_bytes());
    let headers = &authorization.signed_headers;
    let made = CanonicalRequest::new(&request, style, headers, &leave_out, &hash).unwrap();
    assert_eq!(made.0, canonical, "{name}");
}

fn check_verification(name: &str, signed: &Raw, context: &Context) {
    // The verifier knows only the style of the services that are not S3, and wants the token
    // signed wherever it is in a header.
    if !context.normalize || context.omit_session_token {
        return;
    }
    let lookup = |key: &str| {
        let credentials = &context.credentials;
        let is_key = key == credentials.access_key_id;
        is_key.then(|| Secret::new(&*credentials.secret_access_key))
    };
    let services = [context.service.as_str()];
    let expected = super::Expected {
        region: &context.region,
        services: &services,
        now_epoch_seconds: context.at_epoch_seconds(),
    };
    let payload = Payload::Bytes(signed.body.as_bytes());
    let verified = verify(&signed.request(), payload, &expected, lookup);
    assert_eq!(verified, Ok("AKIDEXAMPLE".to_owned()), "{name}");
}

impl Context {
    fn at_epoch_seconds(&self) -> i64 {
        parse_iso8601(&self.timestamp).unwrap() as i64
    }

    fn signing<'a>(&'a self, secret: &'a Secret) -> Signing<'a> {
        Signing {
            access_key_id: &self.credentials.access_key_id,
            secret,
            session_token: self.credentials.token.as_deref(),
            region: &self.region,
            service: &self.service,
            at_epoch_seconds: self.at_epoch_seconds(),
        }
    }
}

impl Raw {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let (method, rest) = lines.next().unwrap().split_once(' ').unwrap();
        let target = rest.strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            if line.starts_with(' ') {
                headers.last_mut().unwrap().1.push_str(&format!("\n{line}"));
            } else {
                let (name, value) = line.split_once(':').unwrap();
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn request(&self) -> Request<'_> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        Request {
            method: &self.method,
            raw_path: &self.path,
            raw_query: &self.query,
            headers: headers.collect(),
        }
    }
}

fn text(case: &Path, file: &str) -> String {
    std::fs::read_to_string(case.join(file)).unwrap()
}
