//! Changes in their feed: CBOR.

use fleetward_domain::{Change, FormatLevel};
use fleetward_shape::cbor::change;

use crate::error::StoreError;

const WHAT: &str = "change";

/// A row's body, in the version that the level names.
pub(crate) fn to_bytes(change: &Change, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
    Ok(change::encode(change))
}

/// Reads a row's body.
pub(crate) fn from_bytes(seq: u64, bytes: &[u8]) -> Result<Change, StoreError> {
    change::decode(bytes).map_err(StoreError::corrupt(WHAT, seq.to_string()))
}
