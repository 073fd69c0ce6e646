//! What the control plane writes: an atomic batch of documents and edges, under preconditions.

use fleetward_domain::{Change, FormatLevel, VerificationState};

use crate::edge::edge_key;
use crate::error::StoreError;
use crate::kind::Kind;
use crate::limits::{KEY_BYTES, VALUE_BYTES};
use crate::noun::Noun;
use crate::precondition::Precondition;
use crate::shape::edge;

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
    /// An operator's words on violations. One on a violation that is gone is lost, as it would be
    /// a moment later.
    pub verifications: Vec<Verification>,
}

/// An operator's word on a violation, kept with it and with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Which.
    pub violation_id: String,
    /// What it is.
    pub state: VerificationState,
    /// Why.
    pub description: Option<String>,
}

impl Tx {
    /// Writes a document, whatever was there.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value cannot be said in its stored shape.
    pub fn put<T: Noun>(&mut self, value: &T, level: FormatLevel) -> Result<&mut Self, StoreError> {
        let bytes = value.to_bytes(level)?;
        self.puts.push((T::KIND, value.key().to_owned(), bytes));
        Ok(self)
    }

    /// Writes a document that must not be there yet.
    ///
    /// # Errors
    /// As [`Tx::put`].
    pub fn create<T: Noun>(
        &mut self,
        value: &T,
        level: FormatLevel,
    ) -> Result<&mut Self, StoreError> {
        self.preconditions.push(Precondition::Absent(T::KIND, value.key().to_owned()));
        self.put(value, level)
    }

    /// Writes a document that nobody must have written since this version was read.
    ///
    /// # Errors
    /// As [`Tx::put`].
    pub fn replace<T: Noun>(
        &mut self,
        value: &T,
        version: u64,
        level: FormatLevel,
    ) -> Result<&mut Self, StoreError> {
        let key = value.key().to_owned();
        self.preconditions.push(Precondition::VersionIs(T::KIND, key, version));
        self.put(value, level)
    }

    /// Removes a document that nobody must have written since this version was read.
    pub fn remove<T: Noun>(&mut self, key: &str, version: u64) -> &mut Self {
        self.preconditions.push(Precondition::VersionIs(T::KIND, key.to_owned(), version));
        self.deletes.push((T::KIND, key.to_owned()));
        self
    }

    /// Demands that a document is there.
    pub fn require<T: Noun>(&mut self, key: &str) -> &mut Self {
        self.preconditions.push(Precondition::Exists(T::KIND, key.to_owned()));
        self
    }

    /// Draws an edge, or draws it again.
    pub fn draw_edge(&mut self, kind: Kind, left: &str, right: &str) -> &mut Self {
        self.puts.push((kind, edge_key(left, right), edge::VALUE.to_vec()));
        self
    }

    /// Removes an edge, if it is there.
    pub fn remove_edge(&mut self, kind: Kind, left: &str, right: &str) -> &mut Self {
        self.deletes.push((kind, edge_key(left, right)));
        self
    }

    /// Refuses what is larger than every store takes.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        for (_, key, value) in &self.puts {
            bounded("a document's key", key.len(), KEY_BYTES)?;
            bounded("a document's value", value.len(), VALUE_BYTES)?;
        }
        for verification in &self.verifications {
            let size_bytes = verification.description.as_ref().map_or(0, String::len);
            bounded("a verification's description", size_bytes, VALUE_BYTES)?;
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
