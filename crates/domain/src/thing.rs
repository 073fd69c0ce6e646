//! Things and thing groups, as the registry keeps them.

use std::collections::BTreeMap;

use crate::EpochMs;
use crate::name::{GroupName, ThingName};

/// A registered thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Unique in the account.
    pub name: ThingName,
    /// Its unique id, given by the registry.
    pub id: String,
    /// Up to 50 attributes.
    pub attributes: BTreeMap<String, String>,
    /// The groups it was added to.
    pub groups: Vec<GroupName>,
    /// Grows with each change; starts at 1.
    pub version: i64,
    /// When it was made.
    pub created_ms: EpochMs,
}

/// A static thing group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingGroup {
    /// Unique in the account.
    pub name: GroupName,
    /// Its unique id, given by the registry.
    pub id: String,
    /// The groups above it, nearest first.
    pub ancestors: Vec<GroupName>,
    /// As given.
    pub description: Option<String>,
    /// As given.
    pub attributes: BTreeMap<String, String>,
    /// Tags, as given.
    pub tags: Vec<(String, String)>,
    /// When it was made.
    pub created_ms: EpochMs,
}
