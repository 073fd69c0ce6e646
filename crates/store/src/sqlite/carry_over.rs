//! Rows of violations and events from before, in tables in which rows refer.

use fleetward_domain::Placement;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::kept::Numbers;
use super::stored::rows;
use crate::error::StoreError;
use crate::limits::CHECKED_ROWS;

/// Made when the rows are there.
const INDEXES: &str = "
DROP TABLE violation_before;
DROP TABLE event_before;
-- By thing, and by profile in the order in which violations opened.
CREATE INDEX violation_near ON violation (near, id);
CREATE INDEX violation_of_profile ON violation (profile, id);
-- What only few have, so that others cost nothing.
CREATE INDEX violation_answered ON violation (verification, id) WHERE verification <> 0;
CREATE INDEX violation_suppressed ON violation (id) WHERE suppressed = 1;
CREATE INDEX violation_statistical ON violation (id) WHERE criteria = 2;
-- By time, by thing (and by id, whose thing is known or nearly), and by profile.
CREATE INDEX event_by_time ON event (at_ms, row);
CREATE INDEX event_near ON event (near, at_ms, row);
CREATE INDEX event_by_profile ON event (profile, at_ms, row);
CREATE UNIQUE INDEX event_of_text ON event (violation_id, event_type)
    WHERE typeof(violation_id) = 'text';
CREATE INDEX event_answered ON event (verification, at_ms, row) WHERE verification <> 0;
CREATE INDEX event_suppressed ON event (at_ms, row) WHERE suppressed = 1;
CREATE INDEX event_statistical ON event (at_ms, row) WHERE criteria = 2;
";

/// Moves all rows, and makes the indexes of their tables.
pub(super) fn carry_over(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO sqlite_sequence SELECT 'event', seq FROM sqlite_sequence
         WHERE name = 'event_before'",
        [],
    )?;
    let same = "thing, suppressed, verification, description, body";
    move_rows(connection, "violation", &format!("id, {same}"))?;
    move_rows(connection, "event", &format!("row, violation_id, event_type, at_ms, {same}"))?;
    connection.execute_batch(INDEXES)?;
    Ok(())
}

/// Moves the rows of a table with the columns that stay as they are. No behavior of before has
/// criteria of a kind that an index is of.
fn move_rows(connection: &Connection, table: &str, same: &str) -> Result<(), StoreError> {
    let mut page = connection.prepare(&format!(
        "SELECT rowid, thing, profile, {same} FROM {table}_before
         WHERE rowid > ? ORDER BY rowid LIMIT ?"
    ))?;
    let count = same.split(',').count();
    let mut add = connection.prepare(&format!(
        "INSERT INTO {table} (near, profile, criteria, {same}) VALUES (?, ?, 0{})",
        ", ?".repeat(count)
    ))?;
    let (mut numbers, mut after) = (Numbers::default(), i64::MIN);
    loop {
        let mut found = page.query(params![after, rows(CHECKED_ROWS)])?;
        let mut moved = 0;
        while let Some(row) = found.next()? {
            moved += 1;
            after = row.get(0)?;
            // Where it is no text, nobody finds the row by its thing or profile anyway.
            let text = |place| row.get::<_, String>(place).unwrap_or_default();
            let profile = numbers.of_name(connection, &text(2))?;
            let mut values: Vec<Value> = vec![Placement::near(&text(1)).into(), profile.into()];
            for place in 3..count + 3 {
                values.push(row.get(place)?);
            }
            add.execute(params_from_iter(values))?;
        }
        if moved == 0 {
            return Ok(());
        }
    }
}
