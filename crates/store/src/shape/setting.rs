//! Single settings that are plain values. The format level itself is one more: it says how all
//! else is written, so its own shape never changes.

use fleetward_domain::FormatLevel;

use super::{edge, json};
use crate::edge::{edge_ends, edge_key, edges_from};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

/// The key of the setting that says at which format level the store is.
pub(crate) const FORMAT_LEVEL: &str = "format-level";

/// How far the relay has carried changes into the log: the number of the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayPosition(pub u64);

/// The id of the administrator's key: it was made once and is not made again when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdministratorKey(pub String);

/// Written by each start of the front door. Its document's version counts them; it has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontDoorBoot;

/// What commits pass one after the other, so that a count is kept within its limit. Only its
/// document's version matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate(String);

/// A group that was deleted, of which some things are left that name it: they leave it by and by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartedGroup(String);

impl RelayPosition {
    /// The setting's key.
    pub const KEY: &'static str = "relay-position";
}

impl AdministratorKey {
    /// The setting's key.
    pub const KEY: &'static str = "administrator-key";
}

impl FrontDoorBoot {
    /// The setting's key.
    pub const KEY: &'static str = "front-door-boot";
}

impl Gate {
    /// The gate of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(edge_key("gate", name))
    }

    /// Whether a setting of this key is a gate.
    pub(super) fn is_key(key: &str) -> bool {
        key.starts_with(&edges_from("gate"))
    }
}

impl DepartedGroup {
    const PREFIX: &str = "departed-group";

    /// The group of this name.
    #[must_use]
    pub fn named(group: &str) -> Self {
        Self(edge_key(Self::PREFIX, group))
    }

    /// The group's name.
    #[must_use]
    pub fn group(&self) -> &str {
        edge_ends(&self.0).1
    }

    /// The start of the keys of all of them.
    #[must_use]
    pub fn all() -> String {
        edges_from(Self::PREFIX)
    }

    /// Whether a setting of this key is one.
    pub(super) fn is_key(key: &str) -> bool {
        key.starts_with(&Self::all())
    }
}

impl Noun for FormatLevel {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        FORMAT_LEVEL
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, FORMAT_LEVEL, &self.number())
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let number = json::read(Self::WORD, key, bytes, &[json::reader::<u32, u32>])?;
        Ok(Self::new(number)?)
    }
}

impl Noun for RelayPosition {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        Self::KEY
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, Self::KEY, &self.0)
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, &[json::reader::<u64, u64>]).map(Self)
    }
}

impl Noun for AdministratorKey {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        Self::KEY
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        Ok(self.0.clone().into_bytes())
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let id = str::from_utf8(bytes).map_err(StoreError::corrupt(Self::WORD, key))?;
        Ok(Self(id.to_owned()))
    }
}

impl Noun for FrontDoorBoot {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        Self::KEY
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        Ok(Vec::new())
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.is_empty() {
            return Ok(Self);
        }
        Err(StoreError::corrupt(Self::WORD, key)("it has a value and should have none"))
    }
}

impl Noun for Gate {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        &self.0
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        Ok(edge::VALUE.to_vec())
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        edge::check(Self::WORD, key, bytes)?;
        Ok(Self(key.to_owned()))
    }
}

impl Noun for DepartedGroup {
    const KIND: Kind = Kind::Setting;
    const WORD: &'static str = "Setting";

    fn key(&self) -> &str {
        &self.0
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        Ok(edge::VALUE.to_vec())
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        edge::check(Self::WORD, key, bytes)?;
        Ok(Self(key.to_owned()))
    }
}
