//! Enqueuing alerts: each once, at the head of its lane, behind others, or held.

use fleetward_domain::violation::{opened_ms_of_id, packed_id};
use fleetward_domain::{Alert, EpochMs, EventType, Notification, Placement};
use rusqlite::{Connection, OptionalExtension, params};

use super::held::{MUTED, UNTOLD, first_ms, muted_ms, mutes, never_tell};
use crate::codes::{ALERT_DELIVERED, ALERT_HELD};
use crate::error::StoreError;
use crate::held::hold;
use crate::kind::Kind;
use crate::outbox::behavior_of;
use crate::shape::alert;
use crate::sqlite::alarms::{Written, event_row};
use crate::sqlite::kept::Numbers;

use crate::sqlite::writer::Writing;

/// Enqueues what was never enqueued, below the level at which rows refer.
pub(super) fn add_whole(writing: &Writing<'_>, alerts: &[Alert]) -> Result<(), StoreError> {
    let mut add = writing.connection.prepare_cached(
        "INSERT INTO alert (key, thing, target, status, created_ms, due_ms, failures, reason, body)
         SELECT ?1, ?2, ?3,
             EXISTS (SELECT 1 FROM alert WHERE thing = ?2 AND target = ?3 AND status IN (0, 1)),
             ?4, ?5, 0, '', ?6
         WHERE NOT EXISTS (SELECT 1 FROM alert WHERE key = ?1)",
    )?;
    for enqueued in alerts {
        add.execute(params![
            enqueued.key(),
            enqueued.notification.lane(),
            enqueued.target_arn,
            enqueued.notification.at_ms(),
            EpochMs::MIN,
            alert::to_bytes(enqueued, writing.level)?,
        ])?;
    }
    Ok(())
}

/// Enqueues what was never enqueued, or holds it.
pub(super) fn add_referring(
    writing: &Writing<'_>,
    numbers: &mut Numbers,
    written: &Written<'_>,
    alerts: &[Alert],
) -> Result<(), StoreError> {
    let connection = writing.connection;
    let mutes = if alerts.is_empty() { Vec::new() } else { mutes(connection)? };
    for enqueued in alerts {
        let target = numbers.of_name(connection, &enqueued.target_arn)?;
        let Notification::Violation(event) = &enqueued.notification;
        let row = event_row((connection, writing.level), event)?;
        if is_there(connection, row, target, &enqueued.key())? {
            continue;
        }
        let behavior = numbers.of_name(connection, &behavior_of(&enqueued.notification))?;
        let mut new = New { numbers: (target, behavior), row: None, fate: Fate::Goes };
        // Where the event is this one, it says all; one of another time may say something else.
        let known = written.get(&(&*event.violation_id, event.event_type));
        new.row = known.filter(|(_, known)| *known == event).map(|(row, _)| *row);
        if ends_what_is_held(writing, target, enqueued)? {
            new.fate = Fate::Untold;
        } else {
            let muted_ms = muted_ms(connection, &mutes, enqueued, None)?;
            let first_ms = first_ms(connection, event.thing.as_str(), new.numbers)?;
            let hold = hold(first_ms, muted_ms, event.at_ms);
            new.fate = hold.map_or(Fate::Goes, |hold| {
                Fate::Held(hold.until_ms, if hold.is_muted { MUTED } else { "" })
            });
        }
        insert(writing, enqueued, &new)?;
    }
    Ok(())
}

/// Whether the alert has a row, by its event or by its key.
fn is_there(
    connection: &Connection,
    row: Option<i64>,
    target: i64,
    key: &str,
) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM alert WHERE event = ? AND target = ?)
                 OR EXISTS (SELECT 1 FROM alert WHERE key = ?)",
        )?
        .query_row(params![row, target, key], |row| row.get(0))?;
    Ok(found)
}

/// What becomes of a new alert.
enum Fate {
    Goes,
    /// Until this time, for this reason.
    Held(EpochMs, &'static str),
    /// It ends what its target was never told of: the row keeps a replay from sending it.
    Untold,
}

struct New {
    /// Of its target, and of its behavior.
    numbers: (i64, i64),
    /// Of the event that it refers to; none if it holds all.
    row: Option<i64>,
    fate: Fate,
}

fn insert(writing: &Writing<'_>, enqueued: &Alert, new: &New) -> Result<(), StoreError> {
    let mut insert = writing.connection.prepare_cached(
        "INSERT INTO alert (key, event, near, thing, target, behavior, status, created_ms, due_ms,
             failures, reason, body, stranger, turn)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6,
             coalesce(?7, EXISTS (SELECT 1 FROM alert WHERE near = ?3 AND target = ?5
                 AND thing = ?4 AND status IN (0, 1))),
             ?8, ?9, 0, ?10, ?11,
             NOT EXISTS (SELECT 1 FROM document WHERE kind = ?12 AND key = CAST(?4 AS BLOB)),
             (SELECT coalesce(max(id), 0) + 1 FROM alert)",
    )?;
    let (status, due_ms, reason) = match new.fate {
        Fate::Goes => (None, 0, ""),
        Fate::Held(until_ms, reason) => (Some(ALERT_HELD), until_ms, reason),
        Fate::Untold => (Some(ALERT_DELIVERED), 0, UNTOLD),
    };
    // One that refers, or is never sent, needs no words of its own.
    let body = match (&new.fate, new.row) {
        (Fate::Untold, _) | (_, Some(_)) => Vec::new(),
        (_, None) => alert::to_bytes(enqueued, writing.level)?,
    };
    let thing = enqueued.notification.lane();
    insert.execute(params![
        new.row.is_none().then(|| enqueued.key()),
        new.row,
        Placement::near(thing),
        thing,
        new.numbers.0,
        new.numbers.1,
        status,
        enqueued.notification.at_ms(),
        due_ms,
        reason,
        body,
        Kind::Thing.code(),
    ])?;
    Ok(())
}

/// Whether this is the end of what the target was not told of, since it is held: neither is sent.
/// The row of the beginning stays, as one that is over: applied again, it must not be sent either.
fn ends_what_is_held(writing: &Writing<'_>, target: i64, ends: &Alert) -> Result<bool, StoreError> {
    let Notification::Violation(event) = &ends.notification;
    if event.event_type == EventType::InAlarm {
        return Ok(false);
    }
    let mut begins = ends.clone();
    let Notification::Violation(begun) = &mut begins.notification;
    begun.event_type = EventType::InAlarm;
    // A packed id says when its violation opened: its row is found by that.
    if let Some(bytes) = packed_id(&event.violation_id) {
        begun.at_ms = opened_ms_of_id(bytes);
    }
    let row = event_row((writing.connection, writing.level), begun)?;
    let held: Option<i64> = writing
        .connection
        .prepare_cached(
            "SELECT id FROM alert WHERE event = ?1 AND target = ?2 AND status = 4
             UNION ALL SELECT id FROM alert WHERE key = ?3 AND status = 4 LIMIT 1",
        )?
        .query_row(params![row, target, begins.key()], |row| row.get(0))
        .optional()?;
    held.map(|id| never_tell(writing.connection, id)).transpose()?;
    Ok(held.is_some())
}
