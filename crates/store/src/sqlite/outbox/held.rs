//! Alerts that are held, in SQL: which, until when, and what becomes of them.

use fleetward_domain::limits::MUTES;
use fleetward_domain::{Alert, EpochMs, EventType, Mute, Notification, Thing, ThingGroup};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::held::{hold, too_far_ms};
use crate::kind::Kind;
use crate::limits::{ALERTS_LET_GO_AT_ONCE, FLAPPING_ALERTS};
use crate::muted::muted_until_ms;
use crate::noun::Noun;
use crate::outbox::behavior_of;
use crate::shape::alert;
use crate::sqlite::stored::rows;
use crate::sqlite::writer::Writing;

/// The reason of an alert that is held since it is muted. There is none where its behavior comes
/// and goes too often; SQL names that as '', since an index does.
const MUTED: &str = "muted";

/// All mutes, those too that are over.
fn mutes(connection: &Connection) -> Result<Vec<Mute>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT key, value FROM document WHERE kind = ? LIMIT ?")?;
    let mut found = statement.query(params![Kind::Mute.code(), rows(MUTES)])?;
    let mut mutes = Vec::new();
    while let Some(row) = found.next()? {
        let (key, value): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        // One that cannot be read mutes nothing: better an alert too many.
        mutes.extend(Mute::from_bytes(&String::from_utf8_lossy(&key), &value).ok());
    }
    Ok(mutes)
}

/// Until when an alert is muted at this time, or at that of its event.
fn muted_ms(
    connection: &Connection,
    mutes: &[Mute],
    alert: &Alert,
    at_ms: Option<EpochMs>,
) -> Result<Option<EpochMs>, StoreError> {
    let at_ms = at_ms.unwrap_or(alert.notification.at_ms());
    muted_until_ms(mutes, alert, at_ms, |thing| {
        let Some(thing) = noun::<Thing>(connection, thing)? else { return Ok(Vec::new()) };
        let mut groups = thing.groups.clone();
        for group in &thing.groups {
            let group = noun::<ThingGroup>(connection, group.as_str())?;
            groups.extend(group.into_iter().flat_map(|group| group.ancestors));
        }
        Ok(groups)
    })
}

/// The document of this key; none if it is not there or cannot be read.
fn noun<T: Noun>(connection: &Connection, key: &str) -> Result<Option<T>, StoreError> {
    let value: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM document WHERE kind = ? AND key = ?")?
        .query_row(params![T::KIND.code(), key.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(value.and_then(|value| T::from_bytes(key, &value).ok()))
}

/// A mute was taken away: what it held is looked at again, at once.
pub(in crate::sqlite) fn look_again_at_muted(writing: &mut Writing<'_>) -> Result<(), StoreError> {
    writing
        .connection
        .prepare_cached("UPDATE alert SET due_ms = ? WHERE status = 4 AND reason = ?")?
        .execute(params![EpochMs::MIN, MUTED])?;
    writing.wakes.newest_event += 1;
    Ok(())
}

/// Enqueues what was never enqueued, or holds it.
pub(super) fn add(writing: &Writing<'_>, alerts: &[Alert]) -> Result<(), StoreError> {
    let mut add = writing.connection.prepare_cached(
        "INSERT INTO alert (key, thing, target, status, created_ms, due_ms, failures, reason, body,
             behavior, stranger, turn)
         SELECT ?1, ?2, ?3,
             iif(?5 IS NULL, EXISTS (SELECT 1 FROM alert
                 WHERE thing = ?2 AND target = ?3 AND status IN (0, 1)), 4),
             ?4, coalesce(?5, ?6), 0, ?7, ?8, ?9,
             NOT EXISTS (SELECT 1 FROM document WHERE kind = ?10 AND key = CAST(?2 AS BLOB)),
             (SELECT coalesce(max(id), 0) + 1 FROM alert)
         WHERE NOT EXISTS (SELECT 1 FROM alert WHERE key = ?1)",
    )?;
    let mutes = if alerts.is_empty() { Vec::new() } else { mutes(writing.connection)? };
    for enqueued in alerts {
        // Before all else: what comes and goes while it is held leaves no row at all.
        if ends_what_is_held(writing.connection, enqueued)? {
            continue;
        }
        let behavior = behavior_of(&enqueued.notification);
        let muted_ms = muted_ms(writing.connection, &mutes, enqueued, None)?;
        let at_ms = enqueued.notification.at_ms();
        let hold = hold(first_ms(writing.connection, enqueued, &behavior)?, muted_ms, at_ms);
        add.execute(params![
            enqueued.key(),
            enqueued.notification.lane(),
            enqueued.target_arn,
            at_ms,
            hold.map(|hold| hold.until_ms),
            EpochMs::MIN,
            if hold.is_some_and(|hold| hold.is_muted) { MUTED } else { "" },
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
        .prepare_cached("DELETE FROM alert WHERE key = ? AND status = 4")?
        .execute([begins.key()])?;
    Ok(forgotten > 0)
}

/// Since when the first could go of those ten that went last; none if there were fewer.
fn first_ms(
    connection: &Connection,
    held: &Alert,
    behavior: &str,
) -> Result<Option<EpochMs>, StoreError> {
    let before = i64::try_from(FLAPPING_ALERTS.saturating_sub(1)).unwrap_or_default();
    let first_ms = connection
        .prepare_cached(
            "SELECT max(created_ms, released_ms) FROM alert
             WHERE thing = ?1 AND target = ?2 AND behavior = ?3 AND status <> 4
             ORDER BY id DESC LIMIT 1 OFFSET ?4",
        )?
        .query_row(params![held.notification.lane(), held.target_arn, behavior, before], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(first_ms)
}

/// Whether the time of something that is held has come, as `Hold::is_over` has it.
pub(super) fn is_any_due(connection: &Connection, now_ms: EpochMs) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM alert WHERE status = 4 AND due_ms <= ?1)
                 OR EXISTS (SELECT 1 FROM alert
                     WHERE status = 4 AND reason = '' AND due_ms > ?2)",
        )?
        .query_row([now_ms, too_far_ms(now_ms)], |row| row.get(0))?;
    Ok(found)
}

/// Lets go what was held until now: it waits for its turn like any other.
pub(super) fn let_go(writing: &mut Writing<'_>, now_ms: EpochMs) -> Result<(), StoreError> {
    let mut held = writing.connection.prepare_cached(
        "SELECT id, key, body, reason FROM alert
         WHERE status = 4 AND (due_ms <= ?1 OR reason = '' AND due_ms > ?2)
         ORDER BY due_ms, id LIMIT ?3",
    )?;
    let found = held
        .query_map(params![now_ms, too_far_ms(now_ms), rows(ALERTS_LET_GO_AT_ONCE)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let found = found.collect::<rusqlite::Result<Vec<(i64, String, Vec<u8>, String)>>>()?;
    let is_all = found.len() < ALERTS_LET_GO_AT_ONCE;
    let mutes = mutes(writing.connection)?;
    let mut hold_on =
        writing.connection.prepare_cached("UPDATE alert SET due_ms = ?2 WHERE id = ?1")?;
    let mut let_go = writing.connection.prepare_cached(
        "UPDATE alert SET released_ms = ?2, due_ms = ?3, turn = (SELECT max(id) + 1 FROM alert),
             status = EXISTS (SELECT 1 FROM alert AS other WHERE other.thing = alert.thing
                 AND other.target = alert.target AND other.status IN (0, 1))
         WHERE id = ?1",
    )?;
    for (id, key, body, reason) in &found {
        // Another mute may hold it still. What cannot be read is told of when it is due.
        let read = (reason == MUTED).then(|| alert::from_bytes(key, body).ok()).flatten();
        let still = read.map(|alert| muted_ms(writing.connection, &mutes, &alert, Some(now_ms)));
        match still.transpose()?.flatten() {
            Some(until_ms) => hold_on.execute(params![id, until_ms])?,
            None => let_go.execute(params![id, now_ms, EpochMs::MIN])?,
        };
    }
    if !is_all {
        // The next look lets go the next.
        writing.wakes.newest_event += 1;
    }
    Ok(())
}
