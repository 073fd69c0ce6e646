//! The internal certificate authority: a single setting.

use fleetward_domain::FormatLevel;
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<SealedAuthority>] = &[json::reader::<V1, SealedAuthority>];

/// The internal CA as it is kept: its key is sealed with the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedAuthority {
    /// What devices trust.
    pub certificate_pem: String,
    /// PKCS#8, encrypted with the master key.
    pub sealed_key: Vec<u8>,
}

impl SealedAuthority {
    /// The setting's key.
    pub const KEY: &'static str = "authority";
}

impl Noun for SealedAuthority {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        Self::KEY
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
    certificate_pem: String,
    /// In hexadecimal.
    sealed_key: String,
}

impl From<&SealedAuthority> for V1 {
    fn from(authority: &SealedAuthority) -> Self {
        Self {
            certificate_pem: authority.certificate_pem.clone(),
            sealed_key: hex::encode(&authority.sealed_key),
        }
    }
}

impl TryFrom<V1> for SealedAuthority {
    type Error = &'static str;

    fn try_from(V1 { certificate_pem, sealed_key }: V1) -> Result<Self, Self::Error> {
        let sealed_key = hex::decode(&sealed_key).map_err(|_| "its key is not in hexadecimal")?;
        Ok(Self { certificate_pem, sealed_key })
    }
}
