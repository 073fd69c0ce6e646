//! What the store says of the folder that it is in: which event log is beside it, and with which
//! settings its detection state was made.

use fleetward_domain::FormatLevel;
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

/// The identity of the event log that belongs to this store: the log says it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderIdentity(pub String);

/// The settings that detection state and stored names are made of: with others, a window that was
/// begun cannot go on, and an ARN means something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How often cloud-side counters close, in milliseconds.
    pub period_ms: i64,
    /// Partitions of the event log.
    pub partitions: u32,
    /// The account of every ARN.
    pub account: String,
    /// The region of every ARN.
    pub region: String,
}

impl FolderIdentity {
    /// The setting's key.
    pub const KEY: &'static str = "folder-identity";
    /// The identity of no log: of a store whose repair is not finished, which is refused.
    pub const UNFINISHED: &'static str = "that of a repair which is not finished";
}

impl Fingerprint {
    /// The setting's key.
    pub const KEY: &'static str = "settings-fingerprint";
}

impl Noun for FolderIdentity {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        Self::KEY
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, Self::KEY, &self.0)
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, &[json::reader::<String, String>]).map(Self)
    }
}

const READERS: &[Reader<Fingerprint>] = &[json::reader::<V1, Fingerprint>];

impl Noun for Fingerprint {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        Self::KEY
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, Self::KEY, &V1::from(self))
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, READERS)
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    period_ms: i64,
    partitions: u32,
    account: String,
    region: String,
}

impl From<&Fingerprint> for V1 {
    fn from(fingerprint: &Fingerprint) -> Self {
        let Fingerprint { period_ms, partitions, account, region } = fingerprint.clone();
        Self { period_ms, partitions, account, region }
    }
}

impl From<V1> for Fingerprint {
    fn from(V1 { period_ms, partitions, account, region }: V1) -> Self {
        Self { period_ms, partitions, account, region }
    }
}
