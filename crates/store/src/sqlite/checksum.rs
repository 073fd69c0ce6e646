//! Checksums of documents and changes: a bit that turned on the disk must not pass for what
//! somebody wrote. A row that an older format level wrote has none until it is written again.

use rusqlite::Row;

use crate::error::StoreError;
use crate::kind::Kind;

/// Over the key, too: a value under another key is damage.
pub(super) fn of_document(kind: Kind, key: &str, value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind.code().to_le_bytes());
    hasher.update(key.as_bytes());
    hasher.update(&[0xFF]);
    hasher.update(value);
    hasher.finalize()
}

/// The number of a change is given by the table, after it was written.
pub(super) fn of_change(body: &[u8]) -> u32 {
    crc32fast::hash(body)
}

/// Holds a row to its checksum, where its table has them and the row has one.
pub(super) fn check(row: &Row<'_>, found: u32, what: &str, key: &str) -> Result<(), StoreError> {
    if row.as_ref().column_index("checksum").is_err() {
        return Ok(());
    }
    let stated: Option<u32> = row.get("checksum").map_err(StoreError::corrupt(what, key))?;
    if stated.is_none_or(|stated| stated == found) {
        return Ok(());
    }
    Err(StoreError::corrupt(what, key)("its bytes are not those that its checksum was made of"))
}
