//! Alerts on their way out, in SQL.
//!
//! For each (thing, target) one pending alert is at the head; the others wait behind it, so that
//! what is due is found by index however long the queues are. Statuses stand in SQL as numbers,
//! those of `codes.rs`: SQLite uses an index of some statuses only where a question names them so.

mod due;
mod enqueue;
mod held;

pub(super) use due::{ALERTS, alert_in};
pub(super) use held::look_again_at_muted;

use due::{Due, called, status_in};
use fleetward_domain::{Alert, EpochMs, FormatLevel, Placement};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::watch;

use super::alarms::Written;
use super::kept::{self, Numbers};
use super::stored::rows;
use super::writer::Writing;
use super::{SqliteStore, from_now_on};
use crate::codes::{ALERT_BEHIND, ALERT_DEAD, ALERT_DELIVERED, ALERT_HEAD, ALERT_HELD};
use crate::error::StoreError;
use crate::held::too_far_ms as held_too_far_ms;
use crate::limits::UNREADABLE_ALERTS_AT_ONCE;
use crate::outbox::{AlertStatus, DueAlert, Outbox};
use crate::shape;

#[async_trait::async_trait]
impl Outbox for SqliteStore {
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        let is_fair = self.level >= FormatLevel::Proven;
        if is_fair && self.readers.read(move |c| held::is_any_due(c, now_ms)).await? {
            self.writer.write(move |w| held::let_go(w, now_ms)).await?;
        }
        let due = move |c: &Connection| match is_fair {
            true => due::in_turn(c, now_ms, limit),
            false => due::oldest_first(c, now_ms, limit),
        };
        let Due { alerts, unreadable } = self.readers.read(due).await?;
        for (id, error) in unreadable {
            let is_newer = matches!(error, StoreError::WrittenNewer { .. });
            let reason = error.to_string();
            self.unreadable.skip::<()>(Err(error))?;
            // What a newer release wrote waits for that one. What nobody can ever read would
            // hold back all that follows it.
            if !is_newer {
                self.alert_failed(id, None, &reason).await?;
            }
        }
        Ok(alerts)
    }

    /// One number tells of violations, events and alerts.
    fn newest_alert(&self) -> watch::Receiver<u64> {
        from_now_on(&self.newest_event)
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        let level = self.level;
        self.readers.read(move |c| next_ms((c, level), now_ms)).await
    }

    async fn alert_status(&self, id: i64) -> Result<Option<AlertStatus>, StoreError> {
        self.readers.read(move |c| status(c, id)).await
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.writer.write(move |w| delivered(w, id)).await
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.writer.write(move |w| failed(w, id, retry_ms, &reason)).await
    }
}

impl SqliteStore {
    /// Tells of alerts of a status that nobody knows, and lets go on what waits behind them. They
    /// stay for whoever knows better.
    pub(super) async fn pass_over_strays(&self) -> Result<(), StoreError> {
        for (id, error) in self.readers.read(strays).await? {
            self.unreadable.skip::<()>(Err(error))?;
            let lane = move |writing: &mut Writing<'_>| {
                let left = writing
                    .connection
                    .prepare_cached("SELECT thing, target FROM alert WHERE id = ?")?
                    .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                writing.wakes.newest_event += 1;
                promote(writing, left)
            };
            self.writer.write(lane).await?;
        }
        Ok(())
    }
}

/// Enqueues what was never enqueued; where rows refer, one of an event that was just written
/// refers to it.
pub(super) fn add(
    writing: &Writing<'_>,
    numbers: &mut Numbers,
    written: &Written<'_>,
    alerts: &[Alert],
) -> Result<(), StoreError> {
    match kept::refers(writing.level) {
        true => enqueue::add_referring(writing, numbers, written, alerts),
        false => enqueue::add_whole(writing, alerts),
    }
}

fn status(connection: &Connection, id: i64) -> Result<Option<AlertStatus>, StoreError> {
    let found: Option<(u8, String, EpochMs)> = connection
        .prepare_cached("SELECT status, reason, due_ms FROM alert WHERE id = ?")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(match found {
        Some((ALERT_HEAD | ALERT_BEHIND, ..)) => Some(AlertStatus::Waiting),
        Some((ALERT_DELIVERED, ..)) => Some(AlertStatus::Delivered),
        Some((ALERT_DEAD, reason, _)) => Some(AlertStatus::Dead { reason }),
        Some((ALERT_HELD, _, until_ms)) => Some(AlertStatus::Held { until_ms }),
        Some((other, ..)) => {
            let problem = format!("there is no status {other}");
            return Err(StoreError::corrupt("alert", id.to_string())(problem));
        }
        None => None,
    })
}

/// Alerts that no question finds, since it asks for one of the statuses.
fn strays(connection: &Connection) -> Result<Vec<(i64, StoreError)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM alert WHERE status NOT IN (0, 1, 2, 3, 4) LIMIT ?")?;
    let mut found = statement.query([rows(UNREADABLE_ALERTS_AT_ONCE)])?;
    let mut strays = Vec::new();
    while let Some(row) = found.next()? {
        let read = status_in(row, &called(row)?);
        strays.extend(
            read.err().map(|error| Ok::<_, StoreError>((row.get("id")?, error))).transpose()?,
        );
    }
    Ok(strays)
}

fn next_ms(
    (connection, level): (&Connection, FormatLevel),
    now_ms: EpochMs,
) -> Result<Option<EpochMs>, StoreError> {
    if !kept::refers(level) {
        let sql = "SELECT min(due_ms) FROM alert WHERE status = 0 AND due_ms > ?";
        return Ok(connection.prepare_cached(sql)?.query_row([now_ms], |row| row.get(0))?);
    }
    // One that never failed is due at once.
    let next_ms = connection
        .prepare_cached(
            "SELECT min(due_ms) FROM (
                 SELECT min(due_ms) AS due_ms FROM alert
                     WHERE status = 0 AND failures > 0 AND stranger = 0 AND due_ms > ?1
                 UNION ALL SELECT min(due_ms) FROM alert
                     WHERE status = 0 AND failures > 0 AND stranger = 1 AND due_ms > ?1
                 UNION ALL SELECT min(due_ms) FROM alert
                     WHERE status = 4 AND due_ms > ?1 AND (reason <> '' OR due_ms <= ?2))",
        )?
        .query_row([now_ms, held_too_far_ms(now_ms)], |row| row.get(0))?;
    Ok(next_ms)
}

fn delivered(writing: &Writing<'_>, id: i64) -> Result<(), StoreError> {
    let left = writing
        .connection
        .prepare_cached(
            "UPDATE alert SET status = 2, body = x'' WHERE id = ?1 AND status IN (0, 1)
             RETURNING thing, target",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    promote(writing, left)
}

fn failed(
    writing: &Writing<'_>,
    id: i64,
    retry_ms: Option<EpochMs>,
    reason: &str,
) -> Result<(), StoreError> {
    let left = writing
        .connection
        .prepare_cached(
            "UPDATE alert SET failures = min(failures + 1, 4294967295), reason = ?3,
                 due_ms = coalesce(?2, due_ms), status = iif(?2 IS NULL, 3, status)
             WHERE id = ?1 AND status IN (0, 1) RETURNING thing, target",
        )?
        .query_row(params![id, retry_ms, reason], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if retry_ms.is_some() { Ok(()) } else { promote(writing, left) }
}

/// The oldest alert that is left for a (thing, target) gets its turn, behind all that wait now.
fn promote(writing: &Writing<'_>, left: Option<(String, Value)>) -> Result<(), StoreError> {
    let Some((thing, target)) = left else { return Ok(()) };
    let near = Placement::near(&thing);
    let mut promote = writing.connection.prepare_cached(match writing.level {
        FormatLevel::First | FormatLevel::Named => {
            "UPDATE alert SET status = 0 WHERE status = 1 AND id = (SELECT min(id) FROM alert
                 WHERE thing = ?1 AND target = ?2 AND status IN (0, 1)) AND ?3 = ?3"
        }
        FormatLevel::Proven => {
            "UPDATE alert SET status = 0, turn = (SELECT max(id) + 1 FROM alert)
             WHERE status = 1 AND id = (SELECT min(id) FROM alert
                 WHERE near = ?3 AND target = ?2 AND thing = ?1 AND status IN (0, 1))
             AND NOT EXISTS (SELECT 1 FROM alert
                 WHERE near = ?3 AND target = ?2 AND thing = ?1 AND status IN (0, 1)
                     AND status = 0)"
        }
    })?;
    promote.execute(params![thing, target, near])?;
    Ok(())
}

/// Forgets some delivered and dead alerts older than `before_ms`; returns how many.
pub(super) fn expire(
    connection: &Connection,
    before_ms: EpochMs,
    limit: usize,
) -> Result<usize, StoreError> {
    let expired = connection
        .prepare_cached(
            "DELETE FROM alert WHERE id IN (SELECT id FROM alert
                 WHERE status IN (2, 3) AND created_ms < ? ORDER BY created_ms LIMIT ?)",
        )?
        .execute(params![before_ms, rows(limit)])?;
    Ok(expired)
}

/// Gives alerts that are not over what they say, before their events expire as [`expire`] does it.
pub(super) fn hand_over_events(
    writing: &Writing<'_>,
    before_ms: EpochMs,
    limit: usize,
) -> Result<(), StoreError> {
    if !kept::refers(writing.level) {
        return Ok(());
    }
    let mut referring = writing.connection.prepare_cached(
        "SELECT id FROM alert INDEXED BY alert_of_event WHERE event IN
             (SELECT row FROM event WHERE at_ms < ? ORDER BY at_ms, row LIMIT ?)
         AND status IN (0, 1, 4)",
    )?;
    let found = referring.query_map(params![before_ms, rows(limit)], |row| row.get(0))?;
    let mut whole = writing
        .connection
        .prepare_cached("UPDATE alert SET key = ?, event = NULL, body = ? WHERE id = ?")?;
    for id in found.collect::<rusqlite::Result<Vec<i64>>>()? {
        // One that cannot be read is none that its event would help.
        if let Some(Ok(DueAlert { alert, .. })) = due::read(writing.connection, id)? {
            let body = shape::alert::to_bytes(&alert, writing.level)?;
            whole.execute(params![alert.key(), body, id])?;
        }
    }
    Ok(())
}
