//! Access keys of the API.

use fleetward_domain::{EpochMs, FormatLevel};
use serde::{Deserialize, Serialize};

use super::json;
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

/// An access key as it is kept: its secret is sealed with the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedAccessKey {
    /// 20 characters, beginning with `AKIA`.
    pub id: String,
    /// What it is for, in the operator's words.
    pub description: String,
    /// Its policy, as JSON.
    pub policy: String,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created_ms: EpochMs,
    /// Encrypted with the master key.
    pub sealed_secret: Vec<u8>,
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It may not.
    Disabled,
}

impl Noun for SealedAccessKey {
    const KIND: Kind = Kind::AccessKey;
    const WORD: &'static str = "Access key";

    fn key(&self) -> &str {
        &self.id
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1::from(self))
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let shape = json::read(Self::WORD, key, bytes, &[json::reader::<V1, V1>])?;
        shape.under(key).map_err(StoreError::corrupt(Self::WORD, key))
    }
}

/// The id is the document's key only.
#[derive(Serialize, Deserialize)]
struct V1 {
    description: String,
    policy: String,
    status: StatusV1,
    created_ms: EpochMs,
    /// In hexadecimal.
    sealed_secret: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum StatusV1 {
    Active,
    Disabled,
}

impl From<&SealedAccessKey> for V1 {
    fn from(key: &SealedAccessKey) -> Self {
        Self {
            description: key.description.clone(),
            policy: key.policy.clone(),
            status: match key.status {
                KeyStatus::Active => StatusV1::Active,
                KeyStatus::Disabled => StatusV1::Disabled,
            },
            created_ms: key.created_ms,
            sealed_secret: hex::encode(&key.sealed_secret),
        }
    }
}

impl V1 {
    fn under(self, id: &str) -> Result<SealedAccessKey, &'static str> {
        let sealed_secret = hex::decode(&self.sealed_secret);
        Ok(SealedAccessKey {
            id: id.to_owned(),
            description: self.description,
            policy: self.policy,
            status: match self.status {
                StatusV1::Active => KeyStatus::Active,
                StatusV1::Disabled => KeyStatus::Disabled,
            },
            created_ms: self.created_ms,
            sealed_secret: sealed_secret.map_err(|_| "its secret is not in hexadecimal")?,
        })
    }
}
