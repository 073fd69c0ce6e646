//! Nouns: the types that are kept as documents. Kind, word and key belong to the type, so that
//! they cannot be paired wrongly.

use fleetward_domain::FormatLevel;

use crate::error::StoreError;
use crate::kind::Kind;

/// A type that is kept as a document. Its stored shape stands in `shape/<noun>.rs`.
pub trait Noun: Sized {
    /// Where its documents are.
    const KIND: Kind;

    /// What users call it: AWS's word as it begins a sentence, such as `Security profile`.
    const WORD: &'static str;

    /// The key of its document.
    fn key(&self) -> &str;

    /// The document's value, in the version that the level names.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it cannot be said in its stored shape.
    fn to_bytes(&self, level: FormatLevel) -> Result<Vec<u8>, StoreError>;

    /// Reads a document's value of this version or of any older one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it is not one; [`StoreError::WrittenNewer`] where a newer
    /// release wrote it.
    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError>;
}

/// A value of the store, with the version to write it back on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The document's version when it was read.
    pub version: u64,
}
