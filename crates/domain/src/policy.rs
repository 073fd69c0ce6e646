//! IoT policies, as the registry keeps them. What they allow is the `policy` crate's matter.

use crate::EpochMs;
use crate::name::PolicyName;

/// A policy with its default version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Unique in the account.
    pub name: PolicyName,
    /// The JSON text, exactly as given.
    pub document: String,
    /// The version that applies; starts at 1.
    pub version: i64,
    /// Tags, as given.
    pub tags: Vec<(String, String)>,
    /// When it was made.
    pub created_ms: EpochMs,
}
