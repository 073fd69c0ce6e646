//! IoT policies.

use fleetward_domain::{EpochMs, FormatLevel, Policy, PolicyName};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<Policy>] = &[json::reader::<V1, Policy>];

impl Noun for Policy {
    const KIND: Kind = Kind::Policy;
    const WORD: &'static str = "Policy";

    fn key(&self) -> &str {
        self.name.as_str()
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1::from(self))
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, READERS)
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    name: PolicyName,
    document: String,
    version: i64,
    tags: Vec<(String, String)>,
    created_ms: EpochMs,
}

impl From<&Policy> for V1 {
    fn from(policy: &Policy) -> Self {
        let Policy { name, document, version, tags, created_ms } = policy.clone();
        Self { name, document, version, tags, created_ms }
    }
}

impl From<V1> for Policy {
    fn from(stored: V1) -> Self {
        let V1 { name, document, version, tags, created_ms } = stored;
        Self { name, document, version, tags, created_ms }
    }
}
