//! Documents: what the control plane keeps, under (kind, key), with a version.

use fleetward_domain::Change;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::limits::{KEY_BYTES, VALUE_BYTES};

/// The kinds of documents. Edges are documents too: key `left\0right`, once in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the noun that its name says")]
pub enum Kind {
    Thing,
    ThingGroup,
    Certificate,
    Policy,
    SecurityProfile,
    Dimension,
    /// `profile\0target`
    TargetOfProfile,
    /// `target\0profile`
    ProfileOfTarget,
    /// `dimension\0profile`: who uses a dimension.
    ProfileOfDimension,
    /// `group\0thing`
    ThingOfGroup,
    /// `thing\0certificate`
    CertificateOfThing,
    /// `target arn\0policy`
    PolicyOfTarget,
    /// API access keys by id.
    AccessKey,
    /// Single values: the internal CA, the master salt, ...
    Setting,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its kind.
    pub kind: Kind,
    /// Unique within its kind.
    pub key: String,
    /// The value; the control plane writes JSON.
    pub value: Vec<u8>,
    /// 1 when created, one more with each put.
    pub version: u64,
}

impl Document {
    /// The value, read as JSON.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the kind and the key if the value is not JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_slice(&self.value)
            .map_err(StoreError::corrupt(format!("{:?}", self.kind), &*self.key))
    }
}

/// What must hold for a transaction to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No such document.
    Absent(Kind, String),
    /// The document is there.
    Exists(Kind, String),
    /// The document is there and has this version: nobody wrote it since it was read.
    VersionIs(Kind, String, u64),
}

/// An atomic batch of the control plane. Puts happen before deletes.
#[derive(Clone, Debug, Default)]
pub struct Tx {
    /// All must hold.
    pub preconditions: Vec<Precondition>,
    /// Created or replaced.
    pub puts: Vec<(Kind, String, Vec<u8>)>,
    /// Removed, if there.
    pub deletes: Vec<(Kind, String)>,
    /// What this means to detectors and front doors; numbered in commit order.
    pub changes: Vec<Change>,
}

impl Tx {
    /// Adds a put of the value as JSON.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the kind and the key if the value cannot be said in JSON.
    pub fn put_json<T: Serialize + ?Sized>(
        &mut self,
        kind: Kind,
        key: impl Into<String>,
        value: &T,
    ) -> Result<&mut Self, StoreError> {
        let key = key.into();
        let value =
            serde_json::to_vec(value).map_err(StoreError::corrupt(format!("{kind:?}"), &*key))?;
        self.puts.push((kind, key, value));
        Ok(self)
    }

    /// Refuses what is larger than every store takes.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        for (_, key, value) in &self.puts {
            bounded("a document's key", key.len(), KEY_BYTES)?;
            bounded("a document's value", value.len(), VALUE_BYTES)?;
        }
        Ok(())
    }
}

/// An error if a size is above its limit.
pub(crate) fn bounded(
    what: &'static str,
    size_bytes: usize,
    limit_bytes: usize,
) -> Result<(), StoreError> {
    if size_bytes <= limit_bytes {
        return Ok(());
    }
    Err(StoreError::TooLarge { what, size_bytes, limit_bytes })
}

/// What a commit gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The new versions of `Tx::puts`, in their order.
    pub versions: Vec<u64>,
    /// The number of the last of `Tx::changes`, or of the newest change if there were none.
    pub change_seq: u64,
}
