//! Documents, read as the nouns that they are of.

use crate::documents::{Document, Documents};
use crate::error::StoreError;
use crate::noun::{Noun, Versioned};

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
