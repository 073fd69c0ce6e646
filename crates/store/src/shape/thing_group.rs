//! Thing groups.

use std::collections::BTreeMap;

use fleetward_domain::{EpochMs, FormatLevel, GroupName, ThingGroup};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<ThingGroup>] = &[json::reader::<V1, ThingGroup>];

impl Noun for ThingGroup {
    const KIND: Kind = Kind::ThingGroup;
    const WORD: &'static str = "Thing group";

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
    name: GroupName,
    id: String,
    ancestors: Vec<GroupName>,
    description: Option<String>,
    attributes: BTreeMap<String, String>,
    tags: Vec<(String, String)>,
    created_ms: EpochMs,
}

impl From<&ThingGroup> for V1 {
    fn from(group: &ThingGroup) -> Self {
        let ThingGroup { name, id, ancestors, description, attributes, tags, created_ms } =
            group.clone();
        Self { name, id, ancestors, description, attributes, tags, created_ms }
    }
}

impl From<V1> for ThingGroup {
    fn from(stored: V1) -> Self {
        let V1 { name, id, ancestors, description, attributes, tags, created_ms } = stored;
        Self { name, id, ancestors, description, attributes, tags, created_ms }
    }
}
