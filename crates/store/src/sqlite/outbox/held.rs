//! Alerts that are held, in SQL: which, until when, and what becomes of them.

use fleetward_domain::{Alert, EpochMs, EventType, Notification};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codes::ALERT_HELD;
use crate::error::StoreError;
use crate::kind::Kind;
use crate::limits::{ALERTS_LET_GO_AT_ONCE, FLAPPING_ALERTS, FLAPPING_MS};
use crate::outbox::behavior_of;
use crate::shape::alert;
use crate::sqlite::stored::rows;
use crate::sqlite::writer::Writing;

/// Enqueues what was never enqueued, or holds it.
pub(super) fn add(writing: &Writing<'_>, alerts: &[Alert]) -> Result<(), StoreError> {
    let mut add = writing.connection.prepare_cached(
        "INSERT INTO alert (key, thing, target, status, created_ms, due_ms, failures, reason, body,
             behavior, stranger, turn)
         SELECT ?1, ?2, ?3,
             iif(?5 IS NULL, EXISTS (SELECT 1 FROM alert
                 WHERE thing = ?2 AND target = ?3 AND status IN (0, 1)), ?6),
             ?4, coalesce(?5, ?7), 0, '', ?8, ?9,
             NOT EXISTS (SELECT 1 FROM document WHERE kind = ?10 AND key = CAST(?2 AS BLOB)),
             (SELECT coalesce(max(id), 0) + 1 FROM alert)
         WHERE NOT EXISTS (SELECT 1 FROM alert WHERE key = ?1)",
    )?;
    for enqueued in alerts {
        if ends_what_is_held(writing.connection, enqueued)? {
            continue;
        }
        let behavior = behavior_of(&enqueued.notification);
        add.execute(params![
            enqueued.key(),
            enqueued.notification.lane(),
            enqueued.target_arn,
            enqueued.notification.at_ms(),
            held_until_ms(writing.connection, enqueued, &behavior)?,
            ALERT_HELD,
            EpochMs::MIN,
            alert::to_bytes(enqueued, writing.level)?,
            behavior,
            Kind::Thing.code(),
        ])?;
    }
    Ok(())
}

/// Whether this is the end of what the target was not told of, since it is held: neither is sent.
fn ends_what_is_held(connection: &Connection, ends: &Alert) -> Result<bool, StoreError> {
    let Notification::Violation(event) = &ends.notification;
    if event.event_type == EventType::InAlarm {
        return Ok(false);
    }
    let mut begins = ends.clone();
    let Notification::Violation(event) = &mut begins.notification;
    event.event_type = EventType::InAlarm;
    let forgotten = connection
        .prepare_cached("DELETE FROM alert WHERE key = ? AND status = ?")?
        .execute(params![begins.key(), ALERT_HELD])?;
    Ok(forgotten > 0)
}

/// Until when an alert is held; none if it may go.
fn held_until_ms(
    connection: &Connection,
    held: &Alert,
    behavior: &str,
) -> Result<Option<EpochMs>, StoreError> {
    let before = i64::try_from(FLAPPING_ALERTS.saturating_sub(1)).unwrap_or_default();
    // The first of the ten that went last.
    let first_ms: Option<EpochMs> = connection
        .prepare_cached(
            "SELECT max(created_ms, released_ms) FROM alert
             WHERE thing = ?1 AND target = ?2 AND behavior = ?3 AND status <> ?4
             ORDER BY id DESC LIMIT 1 OFFSET ?5",
        )?
        .query_row(
            params![held.notification.lane(), held.target_arn, behavior, ALERT_HELD, before],
            |row| row.get(0),
        )
        .optional()?;
    let until_ms = first_ms.map(|first_ms| first_ms.saturating_add(FLAPPING_MS));
    Ok(until_ms.filter(|until_ms| *until_ms > held.notification.at_ms()))
}

/// Whether the time of something that is held has come.
pub(super) fn is_any_due(connection: &Connection, now_ms: EpochMs) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alert WHERE status = 4 AND due_ms <= ?)")?
        .query_row([now_ms], |row| row.get(0))?;
    Ok(found)
}

/// Lets go what was held until now: it waits for its turn like any other.
pub(super) fn let_go(writing: &mut Writing<'_>, now_ms: EpochMs) -> Result<(), StoreError> {
    let mut held = writing.connection.prepare_cached(
        "SELECT id FROM alert WHERE status = 4 AND due_ms <= ? ORDER BY due_ms, id LIMIT ?",
    )?;
    let ids = held.query_map(params![now_ms, rows(ALERTS_LET_GO_AT_ONCE)], |row| row.get(0))?;
    let ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut let_go = writing.connection.prepare_cached(
        "UPDATE alert SET released_ms = ?2, due_ms = ?3, turn = (SELECT max(id) + 1 FROM alert),
             status = EXISTS (SELECT 1 FROM alert AS other WHERE other.thing = alert.thing
                 AND other.target = alert.target AND other.status IN (0, 1))
         WHERE id = ?1",
    )?;
    for id in &ids {
        let_go.execute(params![id, now_ms, EpochMs::MIN])?;
    }
    if ids.len() >= ALERTS_LET_GO_AT_ONCE {
        // The next look lets go the next.
        writing.wakes.newest_event += 1;
    }
    Ok(())
}
