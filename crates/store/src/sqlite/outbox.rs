//! Alerts on their way out, in SQL.
//!
//! For each (thing, target) one pending alert is at the head; the others wait behind it, so that
//! what is due is found by index however long the queues are. Statuses stand in SQL as numbers,
//! those of `codes.rs`: SQLite uses an index of some statuses only where a question names them so.

mod held;

pub(super) use held::look_again_at_muted;

use fleetward_domain::{Alert, EpochMs, FormatLevel};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::watch;

use super::stored::{Bytes, column, key, rows};
use super::writer::Writing;
use super::{SqliteStore, from_now_on};
use crate::codes::{ALERT_BEHIND, ALERT_DEAD, ALERT_DELIVERED, ALERT_HEAD, ALERT_HELD};
use crate::error::StoreError;
use crate::held::too_far_ms as held_too_far_ms;
use crate::limits::{ALERT_LONGEST_WAIT_MS, UNREADABLE_ALERTS_AT_ONCE};
use crate::outbox::{AlertStatus, DueAlert, Outbox};
use crate::shape::alert;

#[async_trait::async_trait]
impl Outbox for SqliteStore {
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        let is_fair = self.level >= FormatLevel::Proven;
        if is_fair && self.readers.read(move |c| held::is_any_due(c, now_ms)).await? {
            self.writer.write(move |w| held::let_go(w, now_ms)).await?;
        }
        let due = move |c: &Connection| due(c, now_ms, limit, is_fair);
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
        self.readers.read(move |c| next_ms(c, now_ms)).await
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

/// Enqueues what was never enqueued.
pub(super) fn add(writing: &Writing<'_>, alerts: &[Alert]) -> Result<(), StoreError> {
    if writing.level >= FormatLevel::Proven {
        return held::add(writing, alerts);
    }
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

/// What is due, and rows that are but cannot be read.
#[derive(Default)]
struct Due {
    alerts: Vec<DueAlert>,
    unreadable: Vec<(i64, StoreError)>,
}

/// In the order of the index, so that a page costs a page however many wait: sorting would read all
/// of them.
const DUE_IN_TURN: &str = "
    SELECT id, key, status, failures, created_ms, due_ms, body, stranger, released_ms
    FROM alert INDEXED BY alert_turn WHERE status = 0 AND (due_ms <= ?1 OR due_ms > ?2)
    ORDER BY stranger, turn, id";

fn due(
    connection: &Connection,
    now_ms: EpochMs,
    limit: usize,
    is_fair: bool,
) -> Result<Due, StoreError> {
    // At the levels that know no turns, the oldest goes first.
    let mut statement = connection.prepare_cached(match is_fair {
        true => DUE_IN_TURN,
        false => {
            "SELECT id, key, status, failures, created_ms, due_ms, body, 0, 0 FROM alert
             WHERE status = 0 AND (due_ms <= ?1 OR due_ms > ?2) ORDER BY id"
        }
    })?;
    let mut found =
        statement.query_map([now_ms, too_far_ms(now_ms)], |row| Ok((row.get(0)?, due_in(row))))?;
    let mut due = Due::default();
    // What cannot be read takes no place of what can.
    while due.alerts.len() < limit
        && let Some(row) = found.next()
    {
        let (id, read) = row?;
        match read {
            Ok(alert) => due.alerts.push(alert),
            Err(error) if !error.is_about_what_is_stored() => return Err(error),
            Err(error) if due.unreadable.len() < UNREADABLE_ALERTS_AT_ONCE => {
                due.unreadable.push((id, error));
            }
            // The next look comes upon it, when the others are told and are dead letters.
            Err(_) => {}
        }
    }
    Ok(due)
}

/// Whatever is due after this was written by a clock that was set back since.
fn too_far_ms(now_ms: EpochMs) -> EpochMs {
    now_ms.saturating_add(ALERT_LONGEST_WAIT_MS)
}

/// Reads a row of the table of alerts that has its turn.
fn due_in(row: &Row<'_>) -> Result<DueAlert, StoreError> {
    let due = alert_in(row)?;
    let (is_of_stranger, released_ms) = (row.get(7)?, row.get(8)?);
    Ok(DueAlert { is_of_stranger, created_ms: due.created_ms.max(released_ms), ..due })
}

/// Reads a row of the table of alerts that has a body.
pub(super) fn alert_in(row: &Row<'_>) -> Result<DueAlert, StoreError> {
    let key = key(row, "key")?;
    status_in(row, &key)?;
    column::<EpochMs>(row, "due_ms", "alert", &key)?;
    let body: Bytes = column(row, "body", "alert", &key)?;
    Ok(DueAlert {
        id: column(row, "id", "alert", &key)?,
        alert: alert::from_bytes(&key, &body.0)?,
        failures: column(row, "failures", "alert", &key)?,
        created_ms: column(row, "created_ms", "alert", &key)?,
        is_of_stranger: false,
    })
}

fn status_in(row: &Row<'_>, key: &str) -> Result<(), StoreError> {
    let status: i64 = column(row, "status", "alert", key)?;
    if (ALERT_HEAD.into()..=ALERT_HELD.into()).contains(&status) {
        return Ok(());
    }
    Err(StoreError::corrupt("alert", key)(format!("its status {status} is none that is known")))
}

/// Alerts that no question finds, since it asks for one of the statuses.
fn strays(connection: &Connection) -> Result<Vec<(i64, StoreError)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, key, status FROM alert WHERE status NOT IN (0, 1, 2, 3, 4) LIMIT ?",
    )?;
    let mut found = statement.query([rows(UNREADABLE_ALERTS_AT_ONCE)])?;
    let mut strays = Vec::new();
    while let Some(row) = found.next()? {
        let read = status_in(row, &key(row, "key")?);
        strays
            .extend(read.err().map(|error| Ok::<_, StoreError>((row.get(0)?, error))).transpose()?);
    }
    Ok(strays)
}

fn next_ms(connection: &Connection, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
    let next_ms = connection
        .prepare_cached(
            "SELECT min(due_ms) FROM (
                 SELECT min(due_ms) AS due_ms FROM alert WHERE status = 0 AND due_ms > ?1
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
fn promote(writing: &Writing<'_>, left: Option<(String, String)>) -> Result<(), StoreError> {
    let Some((thing, target)) = left else { return Ok(()) };
    let mut promote = writing.connection.prepare_cached(match writing.level {
        FormatLevel::First | FormatLevel::Named => {
            "UPDATE alert SET status = 0 WHERE status = 1 AND id = (SELECT min(id) FROM alert
                 WHERE thing = ?1 AND target = ?2 AND status IN (0, 1))"
        }
        FormatLevel::Proven => {
            "UPDATE alert SET status = 0, turn = (SELECT max(id) + 1 FROM alert)
             WHERE status = 1 AND id = (SELECT min(id) FROM alert
                 WHERE thing = ?1 AND target = ?2 AND status IN (0, 1))
             AND NOT EXISTS (SELECT 1 FROM alert
                 WHERE thing = ?1 AND target = ?2 AND status = 0)"
        }
    })?;
    promote.execute(params![thing, target])?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn a_page_of_what_is_due_is_read_without_sorting_all_that_wait() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection, FormatLevel::Proven).unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {DUE_IN_TURN}");
        let mut statement = connection.prepare(&explain).unwrap();
        let plan = statement.query_map([0, 0], |row| row.get::<_, String>("detail")).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        assert_eq!(plan.len(), 1, "{plan:?}");
        assert!(plan[0].contains("USING INDEX alert_turn"), "{plan:?}");
    }
}
