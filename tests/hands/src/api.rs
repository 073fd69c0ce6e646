//! Signed calls of the API, quicker than a start of `aws` for each.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use fleetward_wire::sigv4::{Payload, Request, Secret, Signing, sign};
use serde_json::Value;

use crate::Stack;
use crate::http::{self, Answer};

/// Who signs, for what time.
#[derive(Clone)]
pub struct Signer {
    /// Of the API.
    pub address: SocketAddr,
    /// The access key.
    pub key_id: String,
    /// Its secret.
    pub secret: String,
    /// Added to the clock.
    pub skew_seconds: i64,
}

impl Signer {
    /// The administrator of a stack.
    pub fn of(stack: &Stack) -> Self {
        Self {
            address: stack.address("api"),
            key_id: stack.key_id().to_owned(),
            secret: stack.secret.clone(),
            skew_seconds: 0,
        }
    }

    /// The headers of a signed request.
    pub fn headers(&self, method: &str, path: &str, body: &[u8]) -> Vec<(String, String)> {
        let host = self.address.to_string();
        let (raw_path, raw_query) = path.split_once('?').unwrap_or((path, ""));
        let headers = vec![("host", host.as_bytes())];
        let request = Request { method, raw_path, raw_query, headers };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let secret = Secret::new(self.secret.clone());
        let signing = Signing {
            access_key_id: &self.key_id,
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "iot",
            at_epoch_seconds: i64::try_from(now).unwrap() + self.skew_seconds,
        };
        let added = sign(&request, Payload::Bytes(body), &signing).unwrap();
        let mut all = vec![("host".to_owned(), host.clone())];
        all.extend(added.into_iter().map(|(name, value)| (name.to_owned(), value)));
        all
    }

    /// Calls with a body of any bytes.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let headers = self.headers(method, path, body);
        http::send(self.address, &http::request(method, path, &headers, body))
    }

    /// Calls, expects success, and gives the answer.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.send(method, path, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{method} {path}: {} {}", answer.head, answer.body);
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    }
}
