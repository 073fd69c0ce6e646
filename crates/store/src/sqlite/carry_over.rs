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
DROP TABLE alert_before;
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
-- Each once, by what it tells of.
CREATE UNIQUE INDEX alert_of_event ON alert (event, target) WHERE event IS NOT NULL;
CREATE UNIQUE INDEX alert_of_key ON alert (key) WHERE key IS NOT NULL;
-- What waits in a lane, and what was told of a behavior, the last first.
CREATE INDEX alert_pending ON alert (near, target, id) WHERE status IN (0, 1);
CREATE INDEX alert_of_behavior ON alert (near, target, behavior, id) WHERE reason <> 'untold';
-- What is due: what never failed by its turn, and what did by when it is tried again.
CREATE INDEX alert_turn ON alert (stranger, turn, id) WHERE status = 0 AND failures = 0;
CREATE INDEX alert_again_due ON alert (stranger, due_ms) WHERE status = 0 AND failures > 0;
CREATE INDEX alert_held ON alert (due_ms) WHERE status = 4;
CREATE INDEX alert_flapping ON alert (due_ms) WHERE status = 4 AND reason = '';
CREATE INDEX alert_muted ON alert (id) WHERE status = 4 AND reason = 'muted';
CREATE INDEX alert_over ON alert (created_ms) WHERE status IN (2, 3);
CREATE INDEX alert_stray ON alert (id) WHERE status NOT IN (0, 1, 2, 3, 4);
";

/// Moves all rows, and makes the indexes of their tables.
pub(super) fn carry_over(connection: &Connection) -> Result<(), StoreError> {
    for table in ["event", "alert"] {
        connection.execute(
            "INSERT INTO sqlite_sequence SELECT ?1, seq FROM sqlite_sequence
             WHERE name = ?1 || '_before'",
            [table],
        )?;
    }
    let same = "suppressed, verification, description, body";
    let (violation, event) = (format!("id, {same}"), "row, violation_id, event_type, at_ms");
    move_rows(connection, ("violation", "profile", "criteria"), &violation)?;
    move_rows(connection, ("event", "profile", "criteria"), &format!("{event}, {same}"))?;
    // None that waits has had its turn; which behavior each is about, nobody asks of old ones.
    let alert = "id, key, status, created_ms, due_ms, failures, reason, body";
    move_rows(connection, ("alert", "target", "behavior, stranger, turn"), alert)?;
    connection.execute_batch(INDEXES)?;
    Ok(())
}

/// Moves the rows of a table: one name becomes a number, some columns are 0, those of `same` stay
/// as they are. No behavior of before has criteria of a kind that an index is of.
fn move_rows(
    connection: &Connection,
    (table, name, zero): (&str, &str, &str),
    same: &str,
) -> Result<(), StoreError> {
    let mut page = connection.prepare(&format!(
        "SELECT rowid, thing, {name}, {same} FROM {table}_before
         WHERE rowid > ? ORDER BY rowid LIMIT ?"
    ))?;
    let (zeros, count) = (", 0".repeat(zero.split(',').count()), same.split(',').count());
    let mut add = connection.prepare(&format!(
        "INSERT INTO {table} (near, thing, {name}, {same}, {zero})
         VALUES (?, ?, ?{}{zeros})",
        ", ?".repeat(count)
    ))?;
    let (mut numbers, mut after) = (Numbers::default(), i64::MIN);
    loop {
        let mut found = page.query(params![after, rows(CHECKED_ROWS)])?;
        let mut moved = 0;
        while let Some(row) = found.next()? {
            moved += 1;
            after = row.get(0)?;
            // Where it is no text, nobody finds the row by its thing or name anyway.
            let text = |place| row.get::<_, String>(place).unwrap_or_default();
            let number = numbers.of_name(connection, &text(2))?;
            let mut values: Vec<Value> = vec![Placement::near(&text(1)).into(), row.get(1)?];
            values.push(number.into());
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
