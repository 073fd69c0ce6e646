//! Nouns: the types that are kept as documents. Kind, word and key belong to the type, so that
//! they cannot be paired wrongly.

use fleetward_domain::format_level::FormatLevel;

use crate::documents::{Document, Documents};
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

impl Document {
    /// The value of the document.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it is not one of a `T`; [`StoreError::WrittenNewer`].
    pub fn read<T: Noun>(&self) -> Result<Versioned<T>, StoreError> {
        if self.kind != T::KIND {
            let problem = format!("it is the document of another kind, {:?}", self.kind);
            return Err(StoreError::corrupt(T::WORD, &*self.key)(problem));
        }
        let value = T::from_bytes(&self.key, &self.value)?;
        Ok(Versioned { value, version: self.version })
    }
}

/// The value under this key.
///
/// # Errors
/// Errors of the store; [`StoreError::Corrupt`] and [`StoreError::WrittenNewer`] as of
/// [`Document::read`].
pub async fn find<T: Noun>(
    documents: &(impl Documents + ?Sized),
    key: &str,
) -> Result<Option<Versioned<T>>, StoreError> {
    let found = documents.get(T::KIND, key).await?;
    found.map(|document| document.read()).transpose()
}

/// The value of a listed document; none if it cannot be read, which is told once and counted, so
/// that one bad document does not end a listing.
pub fn readable<T: Noun>(
    documents: &(impl Documents + ?Sized),
    document: &Document,
) -> Option<Versioned<T>> {
    documents.unreadable().skip(document.read()).ok().flatten()
}
