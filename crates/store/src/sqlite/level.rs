//! The format level of a file: found, given to a new one, raised.

use fleetward_domain::FormatLevel;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::schema;
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;
use crate::shape::FORMAT_LEVEL;

/// The level of the file, whose tables are those of that level afterwards. A file without
/// documents is new and gets the level `new`; one that has some but no level is of the first
/// release, which wrote none.
pub(super) fn settle(
    connection: &mut Connection,
    new: FormatLevel,
) -> Result<FormatLevel, StoreError> {
    // First of all, so that a level of a newer release is what the refusal tells of.
    if schema::version(connection)? > 0
        && let Some(level) = stored(connection)?
    {
        schema::migrate(connection, level)?;
        return Ok(level);
    }
    schema::migrate(connection, FormatLevel::First)?;
    let has_documents =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM document)", [], |row| row.get(0))?;
    if has_documents {
        return Ok(FormatLevel::First);
    }
    raise(connection, new)?;
    Ok(new)
}

/// Brings the file to this level, all or nothing.
pub(super) fn raise(connection: &mut Connection, level: FormatLevel) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    write(&transaction, level)?;
    schema::migrate_within(&transaction, level)?;
    transaction.commit()?;
    Ok(())
}

/// Nothing, where no partition has to apply records again after a crash. Ids of violations are
/// derived by the level, so that records which were applied at one must not be applied at another.
pub(super) fn nothing_is_replayed(connection: &Connection) -> Result<(), StoreError> {
    let waits = connection
        .query_row(
            "SELECT id FROM partition WHERE effects_offset > state_offset LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    waits.map_or(Ok(()), |partition| Err(StoreError::ReplayWaits { partition }))
}

fn stored(connection: &Connection) -> Result<Option<FormatLevel>, StoreError> {
    let value: Option<Vec<u8>> = connection
        .query_row(
            "SELECT value FROM document WHERE kind = ? AND key = ?",
            params![Kind::Setting.code(), FORMAT_LEVEL.as_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    value.map(|value| FormatLevel::from_bytes(FORMAT_LEVEL, &value)).transpose()
}

fn write(transaction: &Transaction<'_>, level: FormatLevel) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO document (kind, key, version, value) VALUES (?, ?, 1, ?)
         ON CONFLICT (kind, key) DO UPDATE SET version = version + 1, value = excluded.value",
        params![Kind::Setting.code(), FORMAT_LEVEL.as_bytes(), level.to_bytes(level)?],
    )?;
    Ok(())
}
