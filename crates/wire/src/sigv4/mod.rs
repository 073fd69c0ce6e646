//! AWS's Signature Version 4: verifying what comes in, signing what goes out.
//!
//! Source: AWS IAM User Guide, "AWS Signature Version 4 for API requests". Services other than S3
//! encode the path a second time and resolve its dot segments; so do [`Signature`], [`sign`] and
//! [`presign`]. The test suite that AWS publishes runs against the same code.
//!
//! - `authorization`: what the request says of its signature, in its header or its query.
//! - `canonical`: the canonical request.
//! - `scope`: day, region and service of a key; the string to sign; the signature.

use aws_lc_rs::digest;
use http::HeaderMap;

mod authorization;
mod canonical;
mod error;
mod scope;
mod sign;
#[cfg(test)]
mod suite;
mod verify;
#[cfg(test)]
mod verify_tests;

pub use error::SigV4Error;
pub use sign::{Signing, presign, sign};
pub use verify::{Expected, Signature};

/// The parts of a request that a signature covers, as they came.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// The path, still encoded, without the query.
    pub raw_path: &'a str,
    /// The query, still encoded, without the `?`; empty where there is none.
    pub raw_query: &'a str,
    /// Names, in any case, and values.
    pub headers: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Request<'a> {
    /// From the parts that an HTTP server gives.
    pub fn new(
        method: &'a str,
        raw_path: &'a str,
        raw_query: &'a str,
        headers: &'a HeaderMap,
    ) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        Self { method, raw_path, raw_query, headers: headers.collect() }
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// The body that a signature covers.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// The body itself.
    Bytes(&'a [u8]),
    /// Its SHA-256, where the body was hashed as it was read.
    Sha256([u8; 32]),
}

impl Payload<'_> {
    fn sha256_hex(self) -> String {
        match self {
            Self::Bytes(bytes) => sha256_hex(bytes),
            Self::Sha256(hash) => hex::encode(hash),
        }
    }
}

/// A secret access key. It does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text of a secret access key.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(<redacted>)")
    }
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}
