//! IoT policies.

use fleetward_domain::{EpochMs, FormatLevel, Policy, PolicyHistory, PolicyName, PolicyVersion};
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

    fn to_bytes(&self, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
        if self.history.is_some() {
            level.require(FormatLevel::Proven, "A second version of a policy")?;
        }
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
    /// Since `FormatLevel::Proven`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    history: Option<HistoryV1>,
}

#[derive(Serialize, Deserialize)]
struct HistoryV1 {
    newest: i64,
    default_created_ms: EpochMs,
    others: Vec<VersionV1>,
}

#[derive(Serialize, Deserialize)]
struct VersionV1 {
    number: i64,
    document: String,
    created_ms: EpochMs,
}

impl From<&Policy> for V1 {
    fn from(policy: &Policy) -> Self {
        let Policy { name, document, version, tags, created_ms, history } = policy.clone();
        Self { name, document, version, tags, created_ms, history: history.map(Into::into) }
    }
}

impl From<PolicyHistory> for HistoryV1 {
    fn from(history: PolicyHistory) -> Self {
        let PolicyHistory { newest, default_created_ms, others } = history;
        let shape = |PolicyVersion { number, document, created_ms }| VersionV1 {
            number,
            document,
            created_ms,
        };
        Self { newest, default_created_ms, others: others.into_iter().map(shape).collect() }
    }
}

impl From<HistoryV1> for PolicyHistory {
    fn from(stored: HistoryV1) -> Self {
        let HistoryV1 { newest, default_created_ms, others } = stored;
        let version = |VersionV1 { number, document, created_ms }| PolicyVersion {
            number,
            document,
            created_ms,
        };
        Self { newest, default_created_ms, others: others.into_iter().map(version).collect() }
    }
}

impl From<V1> for Policy {
    fn from(stored: V1) -> Self {
        let V1 { name, document, version, tags, created_ms, history } = stored;
        Self { name, document, version, tags, created_ms, history: history.map(Into::into) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::samples;

    #[test]
    fn versions_are_kept_at_the_level_that_has_them_and_refused_below() {
        let mut policy = samples::policies().remove(0).1;
        policy.add_version("two".to_owned(), 20);
        policy.add_version("three".to_owned(), 30);
        assert!(policy.set_default(3));
        let bytes = policy.to_bytes(FormatLevel::Proven).unwrap();
        assert_eq!(Policy::from_bytes("devices", &bytes).unwrap(), policy);
        for level in [FormatLevel::First, FormatLevel::Named] {
            let told = policy.to_bytes(level).unwrap_err();
            assert!(matches!(told, StoreError::Unsayable(_)), "{told}");
        }
    }
}
