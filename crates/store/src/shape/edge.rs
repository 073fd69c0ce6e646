//! Edges: what they say is in their key. One kind of them has a value too.

use fleetward_domain::FormatLevel;
use serde::{Deserialize, Serialize};

use super::json;
use crate::edge::{edge_ends, edge_key};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

/// The value of an edge that says nothing but that it is there.
pub(crate) const VALUE: &[u8] = b"null";

/// Refuses what is not the value of such an edge, or not the key of one.
pub(crate) fn check(what: &str, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let problem = match edge_ends(key) {
        _ if bytes != VALUE => "its value is not null",
        ("", _) | (_, "") => "its key does not name two ends",
        _ => return Ok(()),
    };
    Err(StoreError::corrupt(what, key)(problem))
}

/// The edge from a thing to a certificate that it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateAttachment {
    key: String,
    /// Whether the certificate may be attached to no other thing.
    pub is_exclusive: bool,
}

impl CertificateAttachment {
    /// The edge between the two.
    #[must_use]
    pub fn new(thing: &str, certificate_id: &str, is_exclusive: bool) -> Self {
        Self { key: edge_key(thing, certificate_id), is_exclusive }
    }
}

impl Noun for CertificateAttachment {
    const KIND: Kind = Kind::CertificateOfThing;
    const WORD: &'static str = "Attachment";

    fn key(&self) -> &str {
        &self.key
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1 { is_exclusive: self.is_exclusive })
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let V1 { is_exclusive } = json::read(Self::WORD, key, bytes, &[json::reader::<V1, V1>])?;
        Ok(Self { key: key.to_owned(), is_exclusive })
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    is_exclusive: bool,
}
