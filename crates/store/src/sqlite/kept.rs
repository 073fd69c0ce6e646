//! Behaviors that rows of violations and events refer to, each kept once: from the level that
//! proves what it keeps on.

use std::collections::HashMap;

use fleetward_domain::{Behavior, FormatLevel, Placement};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::stored::{Bytes, column, rows};
use super::writer::Writing;
use crate::error::StoreError;
use crate::limits::CHECKED_ROWS;
use crate::shape::behavior;

/// Whether rows refer to their behaviors, or hold copies of them.
pub(super) fn refers(level: FormatLevel) -> bool {
    match level {
        FormatLevel::First | FormatLevel::Named => false,
        FormatLevel::Proven => true,
    }
}

/// All columns of a table of violations or events, with the behavior that a row refers to.
pub(super) fn rows_of(table: &str, level: FormatLevel) -> String {
    if refers(level) {
        format!("SELECT * FROM {table} LEFT JOIN kept_behavior ON number = {table}.behavior")
    } else {
        format!("SELECT * FROM {table}")
    }
}

/// The numbers of behaviors, as one commit needs them.
#[derive(Default)]
pub(super) struct Numbers(HashMap<Vec<u8>, i64>);

impl Numbers {
    /// The number of a behavior, which is kept from here on.
    pub(super) fn of(
        &mut self,
        writing: &Writing<'_>,
        behavior: &Behavior,
    ) -> Result<i64, StoreError> {
        let kept = behavior::to_bytes(behavior, writing.level)?;
        if let Some(number) = self.0.get(&kept) {
            return Ok(*number);
        }
        let number = number_of(writing.connection, &kept)?;
        self.0.insert(kept, number);
        Ok(number)
    }
}

fn number_of(connection: &Connection, kept: &[u8]) -> Result<i64, StoreError> {
    let digest = crc32fast::hash(kept);
    let found = connection
        .prepare_cached("SELECT number FROM kept_behavior WHERE digest = ? AND kept = ?")?
        .query_row(params![digest, kept], |row| row.get(0))
        .optional()?;
    if let Some(number) = found {
        return Ok(number);
    }
    connection
        .prepare_cached("INSERT INTO kept_behavior (digest, kept) VALUES (?, ?)")?
        .execute(params![digest, kept])?;
    Ok(connection.last_insert_rowid())
}

/// Gives rows of before the place that new ones have.
pub(super) fn bring_near(connection: &Connection) -> Result<(), StoreError> {
    for table in ["violation", "event"] {
        let mut page = connection.prepare(&format!(
            "SELECT rowid, thing FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
        ))?;
        let mut bring =
            connection.prepare(&format!("UPDATE {table} SET near = ? WHERE rowid = ?"))?;
        let mut after = i64::MIN;
        loop {
            let found = page.query_map(params![after, rows(CHECKED_ROWS)], |row| {
                // Where it is no text, nobody finds the row by its thing anyway.
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1).unwrap_or_default()))
            })?;
            let found: Vec<_> = found.collect::<rusqlite::Result<_>>()?;
            let Some((last, _)) = found.last() else { break };
            after = *last;
            for (rowid, thing) in found {
                bring.execute(params![near(&thing), rowid])?;
            }
        }
    }
    Ok(())
}

/// An error if the columns of a row that refers do not agree on its thing.
pub(super) fn check_near(
    row: &Row<'_>,
    (what, key): (&str, &str),
    thing: &str,
) -> Result<(), StoreError> {
    if row.as_ref().column_index("near").is_err()
        || column::<i64>(row, "near", what, key)? == near(thing)
    {
        return Ok(());
    }
    Err(StoreError::corrupt(what, key)("its column thing is not that of its column near"))
}

/// The behavior that a row refers to; none if it holds its own.
pub(super) fn of_row(row: &Row<'_>, what: &str, key: &str) -> Result<Option<Behavior>, StoreError> {
    if row.as_ref().column_index("behavior").is_err()
        || column::<Option<i64>>(row, "behavior", what, key)?.is_none()
    {
        return Ok(None);
    }
    let kept: Bytes = column(row, "kept", what, key)?;
    behavior::from_bytes(key, &kept.0).map(Some)
}

/// Where the rows of a thing stand: near those of its partition, for a partition's things are
/// committed together. Two things may share it.
pub(super) fn near(thing: &str) -> i64 {
    match Placement::spread_of(thing).reverse_bits().cast_signed() {
        // That of rows from before.
        0 => 1,
        near => near,
    }
}
