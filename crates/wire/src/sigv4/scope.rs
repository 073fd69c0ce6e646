//! The scope of a credential, and what is signed with it.

use aws_lc_rs::hmac;

use super::canonical::CanonicalRequest;
use super::{ALGORITHM, Secret, TERMINATOR};

/// Day, region and service that a signing key is derived for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// `YYYYMMDD`.
    pub(super) day: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Scope {
    pub(super) fn text(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.day, self.region, self.service)
    }

    /// `signed_at` is the time as the request writes it.
    pub(super) fn string_to_sign(&self, signed_at: &str, canonical: &CanonicalRequest) -> String {
        format!("{ALGORITHM}\n{signed_at}\n{}\n{}", self.text(), canonical.sha256_hex())
    }

    pub(super) fn signature(&self, secret: &Secret, string_to_sign: &str) -> hmac::Tag {
        let mut key = format!("AWS4{}", secret.0).into_bytes();
        for step in [&*self.day, &*self.region, &*self.service, TERMINATOR] {
            key = hmac_sha256(&key, step).as_ref().to_vec();
        }
        hmac_sha256(&key, string_to_sign)
    }
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}
