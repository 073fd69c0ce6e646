//! What was found unreadable: told once, counted, and left out of listings.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;
use crate::limits::TOLD_UNREADABLE;

/// Counts readings that met something unreadable, and tells the log once of each.
#[derive(Debug, Default)]
pub struct Unreadable {
    readings: AtomicU64,
    told: Mutex<BTreeSet<String>>,
}

impl Unreadable {
    /// How often something was left out because it could not be read, since the store was opened.
    #[must_use]
    pub fn readings(&self) -> u64 {
        self.readings.load(Ordering::Relaxed)
    }

    /// How many different documents and rows these were; at [`TOLD_UNREADABLE`] there may be more.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What could be read. What could not is left out, counted, and told the first time; other
    /// errors stay errors.
    ///
    /// # Errors
    /// Those that are not about what is stored.
    pub fn skip<T>(&self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_about_what_is_stored() => {
                self.note(&error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn note(&self, error: &StoreError) {
        self.readings.fetch_add(1, Ordering::Relaxed);
        // The sentence names kind and key and never what was in the bytes.
        let sentence = error.to_string();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // What is told is remembered, so it is bounded: past the bound it is only counted.
        if told.len() < TOLD_UNREADABLE && !told.contains(&sentence) {
            tracing::error!("{sentence}; it is left out");
            told.insert(sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrupt(key: usize) -> Result<(), StoreError> {
        Err(StoreError::corrupt("Thing", key.to_string())("not JSON"))
    }

    #[test]
    fn each_is_counted_and_only_some_are_remembered() {
        let unreadable = Unreadable::default();
        assert_eq!(unreadable.skip(Ok(1)).unwrap(), Some(1));
        for key in 0..TOLD_UNREADABLE * 2 {
            assert_eq!(unreadable.skip(corrupt(key)).unwrap(), None);
            assert_eq!(unreadable.skip(corrupt(key)).unwrap(), None);
        }
        assert_eq!(unreadable.readings(), TOLD_UNREADABLE as u64 * 4);
        assert_eq!(unreadable.documents(), TOLD_UNREADABLE);
        assert_eq!(unreadable.skip::<()>(Err(StoreError::Closed)), Err(StoreError::Closed));
    }
}
