//! Changes in their feed: CBOR.

use fleetward_domain::{Change, FormatLevel};
use fleetward_shape::cbor::{Newer, change};

use crate::error::StoreError;

const WHAT: &str = "change";

/// A row's body, in the version that the level names.
pub(crate) fn to_bytes(change: &Change, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
    Ok(change::encode(change, level)?)
}

/// Reads a row's body.
pub(crate) fn from_bytes(seq: u64, bytes: &[u8]) -> Result<Change, StoreError> {
    let unreadable = |error| match Newer::of(&error) {
        Some(newer) => StoreError::WrittenNewer {
            what: WHAT.to_owned(),
            key: seq.to_string(),
            shape: format!("a newer shape ({newer})"),
        },
        None => StoreError::corrupt(WHAT, seq.to_string())(error),
    };
    change::decode(bytes).map_err(unreadable)
}
