//! What rows of violations, events and alerts refer to, each kept once: behaviors, and names of
//! profiles and targets. From the level that proves what it keeps on.

use std::collections::{BTreeSet, HashMap};

use fleetward_domain::{Behavior, EpochMs, FormatLevel, Placement};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::stored::{Bytes, column, rows};
use super::writer::Writing;
use crate::error::StoreError;
use crate::limits::{FORGOTTEN_AT_ONCE, KEPT_UNUSED_MS};
use crate::shape::behavior;

/// Whether rows refer to their behaviors, or hold copies of them.
pub(super) fn refers(level: FormatLevel) -> bool {
    match level {
        FormatLevel::First | FormatLevel::Named => false,
        FormatLevel::Proven => true,
    }
}

/// All columns of a table of violations or events, with what a row refers to.
pub(super) fn rows_of(table: &str, level: FormatLevel) -> String {
    if refers(level) {
        format!(
            "SELECT {table}.*, kept, kept_name.name AS profile_name FROM {table}
             LEFT JOIN kept_behavior ON kept_behavior.number = {table}.behavior
             LEFT JOIN kept_name ON kept_name.number = {table}.profile"
        )
    } else {
        format!("SELECT *, profile AS profile_name FROM {table}")
    }
}

/// The numbers of what one commit refers to.
#[derive(Default)]
pub(super) struct Numbers {
    behaviors: HashMap<Vec<u8>, (i64, EpochMs)>,
    names: HashMap<String, i64>,
}

impl Numbers {
    /// The number of a behavior, which is kept from here on: something of this time refers to it.
    pub(super) fn of(
        &mut self,
        writing: &Writing<'_>,
        behavior: &Behavior,
        at_ms: EpochMs,
    ) -> Result<i64, StoreError> {
        let kept = behavior::to_bytes(behavior, writing.level)?;
        let known = self.behaviors.get(&kept).copied();
        let (number, used_ms) = match known {
            Some(known) => known,
            None => behavior_number(writing.connection, &kept, at_ms)?,
        };
        // Rarely, so that alarms of every day do not write this page.
        let is_outdated = at_ms.saturating_sub(used_ms) > KEPT_UNUSED_MS;
        if is_outdated {
            writing
                .connection
                .prepare_cached("UPDATE kept_behavior SET used_ms = ? WHERE number = ?")?
                .execute(params![at_ms, number])?;
        }
        if known.is_none() || is_outdated {
            // What stands in the row, and not what it would say: the next use may be due then.
            self.behaviors.insert(kept, (number, if is_outdated { at_ms } else { used_ms }));
        }
        Ok(number)
    }

    /// The number of a name, which is kept from here on.
    pub(super) fn of_name(
        &mut self,
        connection: &Connection,
        name: &str,
    ) -> Result<i64, StoreError> {
        if let Some(number) = self.names.get(name) {
            return Ok(*number);
        }
        let number = match name_number(connection, name)? {
            Some(number) => number,
            None => {
                connection
                    .prepare_cached("INSERT INTO kept_name (name) VALUES (?)")?
                    .execute([name])?;
                connection.last_insert_rowid()
            }
        };
        self.names.insert(name.to_owned(), number);
        Ok(number)
    }
}

/// The number of a name; none if nothing ever referred to it.
pub(super) fn name_number(connection: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let found = connection
        .prepare_cached("SELECT number FROM kept_name WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The number of a behavior, and when it was used last as far as is kept.
fn behavior_number(
    connection: &Connection,
    kept: &[u8],
    at_ms: EpochMs,
) -> Result<(i64, EpochMs), StoreError> {
    let digest = crc32fast::hash(kept);
    let found = connection
        .prepare_cached("SELECT number, used_ms FROM kept_behavior WHERE digest = ? AND kept = ?")?
        .query_row(params![digest, kept], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    connection
        .prepare_cached("INSERT INTO kept_behavior (digest, kept, used_ms) VALUES (?, ?, ?)")?
        .execute(params![digest, kept, at_ms])?;
    Ok((connection.last_insert_rowid(), at_ms))
}

/// Behaviors that nothing refers to any more, once all events before this time have expired.
pub(super) struct Unused {
    numbers: Vec<i64>,
    before_ms: EpochMs,
    /// The newest event when open violations were looked through.
    newest_event: i64,
}

/// Some of the behaviors that nothing refers to. Reads all open violations, but only where there
/// is one that no event refers to.
pub(super) fn unused(connection: &Connection, before_ms: EpochMs) -> Result<Unused, StoreError> {
    let before_ms = before_ms.saturating_sub(KEPT_UNUSED_MS);
    let newest_event = connection
        .prepare_cached("SELECT coalesce(max(row), 0) FROM event")?
        .query_row([], |row| row.get(0))?;
    let mut candidates =
        connection.prepare_cached("SELECT number FROM kept_behavior WHERE used_ms < ? LIMIT ?")?;
    let found =
        candidates.query_map(params![before_ms, rows(FORGOTTEN_AT_ONCE)], |row| row.get(0))?;
    let mut numbers: BTreeSet<i64> = found.collect::<rusqlite::Result<_>>()?;
    if !numbers.is_empty() {
        let mut open = connection.prepare_cached("SELECT behavior FROM violation")?;
        let mut open = open.query([])?;
        while let Some(row) = open.next()? {
            if let Some(number) = row.get::<_, Option<i64>>(0)? {
                numbers.remove(&number);
            }
        }
    }
    Ok(Unused { numbers: numbers.into_iter().collect(), before_ms, newest_event })
}

/// Forgets them, but for those to which something refers since they were looked for.
pub(super) fn forget(connection: &Connection, unused: &Unused) -> Result<(), StoreError> {
    let mut forget = connection.prepare_cached(
        "DELETE FROM kept_behavior WHERE number = ?1 AND used_ms < ?2
         AND NOT EXISTS (SELECT 1 FROM event WHERE row > ?3 AND behavior = ?1)",
    )?;
    for number in &unused.numbers {
        forget.execute(params![number, unused.before_ms, unused.newest_event])?;
    }
    Ok(())
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

/// An error if the columns of a row that refers do not agree on its thing.
pub(super) fn check_near(
    row: &Row<'_>,
    (what, key): (&str, &str),
    thing: &str,
) -> Result<(), StoreError> {
    if row.as_ref().column_index("near").is_err()
        || column::<u32>(row, "near", what, key)? == Placement::near(thing)
    {
        return Ok(());
    }
    Err(StoreError::corrupt(what, key)("its column thing is not that of its column near"))
}
