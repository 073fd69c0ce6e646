//! Things.

use std::collections::BTreeMap;

use fleetward_domain::{EpochMs, FormatLevel, GroupName, Thing, ThingName};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<Thing>] = &[json::reader::<V1, Thing>];

impl Noun for Thing {
    const KIND: Kind = Kind::Thing;
    const WORD: &'static str = "Thing";

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
    name: ThingName,
    id: String,
    attributes: BTreeMap<String, String>,
    groups: Vec<GroupName>,
    version: i64,
    created_ms: EpochMs,
}

impl From<&Thing> for V1 {
    fn from(thing: &Thing) -> Self {
        let Thing { name, id, attributes, groups, version, created_ms } = thing.clone();
        Self { name, id, attributes, groups, version, created_ms }
    }
}

impl From<V1> for Thing {
    fn from(stored: V1) -> Self {
        let V1 { name, id, attributes, groups, version, created_ms } = stored;
        Self { name, id, attributes, groups, version, created_ms }
    }
}
