//! Alerts that are held, in SQL: which, until when, and what becomes of them.

use fleetward_domain::limits::MUTES;
use fleetward_domain::{
    Alert, EpochMs, EventType, Mute, Notification, Placement, Thing, ThingGroup,
};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::due::read;
use crate::error::StoreError;
use crate::held::too_far_ms;
use crate::kind::Kind;
use crate::limits::{ALERTS_LET_GO_AT_ONCE, FLAPPING_ALERTS};
use crate::muted::muted_until_ms;
use crate::noun::Noun;
use crate::sqlite::stored::rows;
use crate::sqlite::violation_id::StoredId;
use crate::sqlite::writer::Writing;

/// The reason of an alert that is held since it is muted. There is none where its behavior comes
/// and goes too often; SQL names that as '', and each by its word, since indexes do.
pub(super) const MUTED: &str = "muted";

/// The reason of an alert that was held until what it tells of was over: it was never sent.
pub(super) const UNTOLD: &str = "untold";

/// All mutes, those too that are over.
pub(super) fn mutes(connection: &Connection) -> Result<Vec<Mute>, StoreError> {
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
pub(super) fn muted_ms(
    connection: &Connection,
    mutes: &[Mute],
    alert: &Alert,
    at_ms: Option<EpochMs>,
) -> Result<Option<EpochMs>, StoreError> {
    let at_ms = at_ms.unwrap_or(alert.notification.at_ms());
    muted_until_ms(mutes, alert, at_ms, |thing| {
        let Some(thing) = noun::<Thing>(connection, thing)? else { return Ok(Vec::new()) };
        let mut groups = Vec::new();
        for group in &thing.groups {
            // It may name one that was deleted, which it is to leave.
            let Some(group) = noun::<ThingGroup>(connection, group.as_str())? else { continue };
            groups.push(group.name);
            groups.extend(group.ancestors);
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

/// A mute was taken away: what is muted now is looked at again from here on, some at a time.
pub(in crate::sqlite) fn look_again_at_muted(writing: &mut Writing<'_>) -> Result<(), StoreError> {
    writing
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO alert_again (number, after, last)
             SELECT 1, 0, coalesce(max(id), 0) FROM alert",
        )?
        .execute([])?;
    writing.wakes.newest_event += 1;
    Ok(())
}

/// Since when the first could go of those ten that went last; none if there were fewer.
pub(super) fn first_ms(
    connection: &Connection,
    thing: &str,
    (target, behavior): (i64, i64),
) -> Result<Option<EpochMs>, StoreError> {
    let before = i64::try_from(FLAPPING_ALERTS.saturating_sub(1)).unwrap_or_default();
    let first_ms = connection
        .prepare_cached(
            "SELECT coalesce(released_ms, created_ms) FROM alert
             WHERE near = ?1 AND target = ?2 AND behavior = ?3 AND thing = ?4 AND status <> 4
                 AND reason <> 'untold'
             ORDER BY id DESC LIMIT 1 OFFSET ?5",
        )?
        .query_row(params![Placement::near(thing), target, behavior, thing, before], |row| {
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
                     WHERE status = 4 AND reason = '' AND due_ms > ?2)
                 OR EXISTS (SELECT 1 FROM alert_again)",
        )?
        .query_row([now_ms, too_far_ms(now_ms)], |row| row.get(0))?;
    Ok(found)
}

/// Lets go what was held until now: it waits for its turn like any other. Some at a time; the
/// next look lets go the next.
pub(super) fn let_go(writing: &mut Writing<'_>, now_ms: EpochMs) -> Result<(), StoreError> {
    let connection = writing.connection;
    let mutes = mutes(connection)?;
    let mut left = ALERTS_LET_GO_AT_ONCE;
    // One after the other, for what one lets go the next must not find.
    for which in [Which::Due, Which::TooFar, Which::Again] {
        let found = which.find(connection, now_ms, left)?;
        left = left.saturating_sub(found.len());
        for held in found {
            release(writing, held, &mutes, now_ms)?;
        }
    }
    // Whether that was all shows when there is nothing more.
    if left < ALERTS_LET_GO_AT_ONCE {
        writing.wakes.newest_event += 1;
    }
    Ok(())
}

/// Those whose time has come, those that were held by a clock that was set back since, and those
/// that are looked at again since a mute was taken away.
enum Which {
    Due,
    TooFar,
    Again,
}

impl Which {
    /// Some of them, each with whether it is muted.
    fn find(
        self,
        connection: &Connection,
        now_ms: EpochMs,
        limit: usize,
    ) -> Result<Vec<(i64, bool)>, StoreError> {
        let limit = rows(limit);
        match self {
            Self::Due => {
                let due = "due_ms <= ? ORDER BY due_ms, id";
                held_where(connection, due, &[&now_ms, &limit])
            }
            Self::TooFar => {
                let too_far = "reason = '' AND due_ms > ? ORDER BY due_ms, id";
                held_where(connection, too_far, &[&too_far_ms(now_ms), &limit])
            }
            Self::Again => next_again(connection, limit),
        }
    }
}

fn held_where(
    connection: &Connection,
    clause: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<(i64, bool)>, StoreError> {
    let sql = format!("SELECT id, reason FROM alert WHERE status = 4 AND {clause} LIMIT ?");
    let mut held = connection.prepare_cached(&sql)?;
    let found = held.query_map(values, |row| {
        Ok((row.get(0)?, row.get::<_, String>(1).is_ok_and(|reason| reason == MUTED)))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The next of those that are looked at again; the place of the last is kept for the next look.
fn next_again(connection: &Connection, limit: i64) -> Result<Vec<(i64, bool)>, StoreError> {
    let again: Option<(i64, i64)> = connection
        .prepare_cached("SELECT after, last FROM alert_again")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((after, last)) = again.filter(|_| limit > 0) else { return Ok(Vec::new()) };
    let clause = "reason = 'muted' AND id > ? AND id <= ? ORDER BY id";
    let found = held_where(connection, clause, &[&after, &last, &limit])?;
    match found.last() {
        Some((after, _)) => {
            connection.prepare_cached("UPDATE alert_again SET after = ?")?.execute([after])?
        }
        None => connection.prepare_cached("DELETE FROM alert_again")?.execute([])?,
    };
    Ok(found)
}

/// Lets one go, unless another mute holds it still or what it tells of is over.
fn release(
    writing: &Writing<'_>,
    (id, is_muted): (i64, bool),
    mutes: &[Mute],
    now_ms: EpochMs,
) -> Result<(), StoreError> {
    let connection = writing.connection;
    // What cannot be read is told of when it is due.
    if let Some(held) = read(connection, id)?.and_then(Result::ok) {
        let Notification::Violation(event) = &held.alert.notification;
        let is_open: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM violation WHERE id = ?)")?
            .query_row([StoredId::of(&event.violation_id, writing.level)], |row| row.get(0))?;
        // Its end went to other targets, or to none: it is suppressed.
        if !is_open && event.event_type == EventType::InAlarm {
            return never_tell(connection, id);
        }
        let muted_ms = muted_ms(connection, mutes, &held.alert, Some(now_ms))?;
        if let Some(until_ms) = muted_ms.filter(|_| is_muted) {
            connection
                .prepare_cached("UPDATE alert SET due_ms = ?2 WHERE id = ?1")?
                .execute(params![id, until_ms])?;
            return Ok(());
        }
    }
    connection
        .prepare_cached(
            "UPDATE alert SET released_ms = max(created_ms, ?2), due_ms = 0, reason = '',
                 turn = (SELECT max(id) + 1 FROM alert),
                 status = EXISTS (SELECT 1 FROM alert AS other WHERE other.near = alert.near
                     AND other.target = alert.target AND other.thing = alert.thing
                     AND other.status IN (0, 1))
             WHERE id = ?1",
        )?
        .execute(params![id, now_ms])?;
    Ok(())
}

/// What was held is over, and was never sent.
pub(super) fn never_tell(connection: &Connection, id: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE alert SET status = 2, reason = ?, body = x'' WHERE id = ?")?
        .execute(params![UNTOLD, id])?;
    Ok(())
}
