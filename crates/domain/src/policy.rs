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
    /// Its versions but for the default; none if it never had a second one.
    pub history: Option<PolicyHistory>,
}

/// What there is to know of a policy that has had several versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyHistory {
    /// The highest number that a version ever had: numbers are not used again.
    pub newest: i64,
    /// When the default version was made.
    pub default_created_ms: EpochMs,
    /// All versions but the default.
    pub others: Vec<PolicyVersion>,
}

/// A version of a policy that does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number.
    pub number: i64,
    /// The JSON text, exactly as given.
    pub document: String,
    /// When it was made.
    pub created_ms: EpochMs,
}

impl Policy {
    /// How many versions it has.
    #[must_use]
    pub fn count_versions(&self) -> usize {
        self.history.as_ref().map_or(0, |history| history.others.len()).saturating_add(1)
    }

    /// Adds a version that does not apply, and says its number.
    pub fn add_version(&mut self, document: String, created_ms: EpochMs) -> i64 {
        let (newest, default_created_ms) = (self.version, self.created_ms);
        let history = self.history.get_or_insert_with(|| PolicyHistory {
            newest,
            default_created_ms,
            others: Vec::new(),
        });
        history.newest = history.newest.saturating_add(1);
        let number = history.newest;
        history.others.push(PolicyVersion { number, document, created_ms });
        number
    }

    /// Lets the version of this number apply, in place of the one that does; whether it is there.
    pub fn set_default(&mut self, number: i64) -> bool {
        if number == self.version {
            return true;
        }
        let Some(history) = &mut self.history else { return false };
        let Some(chosen) = history.others.iter_mut().find(|other| other.number == number) else {
            return false;
        };
        // The two change places, so that the document that applies is where releases that know of
        // one version only look for it.
        std::mem::swap(&mut chosen.number, &mut self.version);
        std::mem::swap(&mut chosen.document, &mut self.document);
        std::mem::swap(&mut chosen.created_ms, &mut history.default_created_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_versions_one_applies_and_none_is_lost() {
        let mut policy = Policy {
            name: PolicyName::parse("p").unwrap(),
            document: "one".to_owned(),
            version: 1,
            tags: Vec::new(),
            created_ms: 10,
            history: None,
        };
        assert!(policy.set_default(1) && !policy.set_default(2));
        assert_eq!(policy.add_version("two".to_owned(), 20), 2);
        assert_eq!(policy.add_version("three".to_owned(), 30), 3);
        assert_eq!((policy.version, policy.document.as_str()), (1, "one"));
        assert!(policy.set_default(3));
        assert_eq!((policy.version, policy.document.as_str()), (3, "three"));
        assert_eq!((policy.created_ms, policy.count_versions()), (10, 3));
        let version = |number, document: &str, created_ms| PolicyVersion {
            number,
            document: document.to_owned(),
            created_ms,
        };
        let others = vec![version(2, "two", 20), version(1, "one", 10)];
        let history = PolicyHistory { newest: 3, default_created_ms: 30, others };
        assert_eq!(policy.history, Some(history));
    }
}
