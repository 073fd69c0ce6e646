//! What is due, and reading rows of alerts.

use fleetward_domain::{Alert, EpochMs, Notification, VerificationState};
use rusqlite::{Connection, Row, ToSql};

use crate::codes::{ALERT_HEAD, ALERT_HELD};
use crate::error::StoreError;
use crate::limits::{ALERT_LONGEST_WAIT_MS, RETRIED_AT_ONCE, UNREADABLE_ALERTS_AT_ONCE};
use crate::outbox::DueAlert;
use crate::shape::alert;
use crate::sqlite::alarms;
use crate::sqlite::stored::{Bytes, column, key};

/// All of alerts, with the names of their targets.
pub(in crate::sqlite) const ALERTS: &str = "
    SELECT alert.*, kept_name.name AS target_name FROM alert
    LEFT JOIN kept_name ON kept_name.number = alert.target";

/// What is due, and rows that are but cannot be read.
#[derive(Default)]
pub(super) struct Due {
    pub(super) alerts: Vec<DueAlert>,
    pub(super) unreadable: Vec<(i64, StoreError)>,
}

/// Those that never failed, and those whose time for another try has come: each in the order of an
/// index, so that a page costs a page however many wait.
const FRESH: &str = "status = 0 AND failures = 0 ORDER BY stranger, turn, alert.id";
const AGAIN: &str = "status = 0 AND failures > 0 AND stranger = ? AND due_ms <= ? ORDER BY due_ms";
const TOO_FAR: &str = "status = 0 AND failures > 0 AND stranger = ? AND due_ms > ? ORDER BY due_ms";

/// The alerts that have their turn, those of registered things first.
pub(super) fn in_turn(
    connection: &Connection,
    now_ms: EpochMs,
    limit: usize,
) -> Result<Due, StoreError> {
    let mut page = Page { limit, found: Vec::new(), due: Due::default() };
    page.take(connection, FRESH, &[])?;
    // Of a few that are tried again, the turn decides and not for how long each has been due.
    page.limit = limit.max(RETRIED_AT_ONCE);
    for stranger in [false, true] {
        page.take(connection, AGAIN, &[&stranger, &now_ms])?;
        page.take(connection, TOO_FAR, &[&stranger, &too_far_ms(now_ms)])?;
    }
    page.found.sort_by_key(|((turn, id), due)| (due.is_of_stranger, *turn, *id));
    page.found.truncate(limit);
    let alerts = page.found.into_iter().map(|(_, due)| due).collect();
    Ok(Due { alerts, ..page.due })
}

struct Page {
    limit: usize,
    /// With turns and ids.
    found: Vec<((i64, i64), DueAlert)>,
    due: Due,
}

impl Page {
    /// Adds a page of one index.
    fn take(
        &mut self,
        connection: &Connection,
        clause: &str,
        values: &[&dyn ToSql],
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(&format!("{ALERTS} WHERE {clause}"))?;
        let mut found = statement.query(values)?;
        let end = self.found.len().saturating_add(self.limit);
        // What cannot be read takes no place of what can.
        while self.found.len() < end
            && let Some(row) = found.next()?
        {
            let id = row.get("id")?;
            match alert_in(connection, row) {
                Ok(alert) => self.found.push(((row.get("turn")?, id), alert)),
                Err(error) => self.due.leave_out(id, error)?,
            }
        }
        Ok(())
    }
}

impl Due {
    fn leave_out(&mut self, id: i64, error: StoreError) -> Result<(), StoreError> {
        if !error.is_about_what_is_stored() {
            return Err(error);
        }
        // The next look comes upon the rest, when these are told and are dead letters.
        if self.unreadable.len() < UNREADABLE_ALERTS_AT_ONCE {
            self.unreadable.push((id, error));
        }
        Ok(())
    }
}

/// The same at the levels that know no turns: the oldest goes first.
pub(super) fn oldest_first(
    connection: &Connection,
    now_ms: EpochMs,
    limit: usize,
) -> Result<Due, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM alert WHERE status = 0 AND (due_ms <= ?1 OR due_ms > ?2) ORDER BY id",
    )?;
    let mut found = statement.query([now_ms, too_far_ms(now_ms)])?;
    let mut due = Due::default();
    while due.alerts.len() < limit
        && let Some(row) = found.next()?
    {
        match alert_in(connection, row) {
            Ok(alert) => due.alerts.push(alert),
            Err(error) => due.leave_out(row.get("id")?, error)?,
        }
    }
    Ok(due)
}

/// Whatever is due after this was written by a clock that was set back since.
fn too_far_ms(now_ms: EpochMs) -> EpochMs {
    now_ms.saturating_add(ALERT_LONGEST_WAIT_MS)
}

/// The alert of a row, where rows refer; none if there is no such row.
pub(super) fn read(
    connection: &Connection,
    id: i64,
) -> Result<Option<Result<DueAlert, StoreError>>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{ALERTS} WHERE id = ?"))?;
    let mut found = statement.query([id])?;
    Ok(found.next()?.map(|row| alert_in(connection, row)))
}

/// Reads a row of the table of alerts that was not delivered.
pub(in crate::sqlite) fn alert_in(
    connection: &Connection,
    row: &Row<'_>,
) -> Result<DueAlert, StoreError> {
    let key = called(row)?;
    status_in(row, &key)?;
    column::<EpochMs>(row, "due_ms", "alert", &key)?;
    let created_ms: EpochMs = column(row, "created_ms", "alert", &key)?;
    // The levels before know neither.
    let knows_turns = row.as_ref().column_index("turn").is_ok();
    let (is_of_stranger, released_ms) = match knows_turns {
        true => {
            let released_ms: Option<EpochMs> = column(row, "released_ms", "alert", &key)?;
            (column(row, "stranger", "alert", &key)?, released_ms)
        }
        false => (false, None),
    };
    let refers_to: Option<i64> = match knows_turns {
        true => column(row, "event", "alert", &key)?,
        false => None,
    };
    let alert = match refers_to {
        Some(event) => of_event(connection, row, (event, &key))?,
        None => {
            let body: Bytes = column(row, "body", "alert", &key)?;
            alert::from_bytes(&key, &body.0)?
        }
    };
    Ok(DueAlert {
        id: column(row, "id", "alert", &key)?,
        alert,
        failures: column(row, "failures", "alert", &key)?,
        created_ms: released_ms.unwrap_or(created_ms),
        is_of_stranger,
    })
}

/// An alert that says what its event does.
fn of_event(
    connection: &Connection,
    row: &Row<'_>,
    (event, key): (i64, &str),
) -> Result<Alert, StoreError> {
    let gone = || StoreError::corrupt("alert", key)("its event is not there");
    let unreadable = |error| match error {
        StoreError::Corrupt { .. } => {
            StoreError::corrupt("alert", key)(format!("its event cannot be read: {error}"))
        }
        other => other,
    };
    let found = alarms::event_of_row(connection, event).map_err(unreadable)?;
    let mut event = found.ok_or_else(gone)?;
    // What an operator says of it later is no part of what is told.
    (event.verification, event.verification_description) = (VerificationState::Unknown, None);
    Ok(Alert {
        target_arn: column(row, "target_name", "alert", key)?,
        notification: Notification::Violation(event),
    })
}

/// What an alert is called in sentences.
pub(super) fn called(row: &Row<'_>) -> Result<String, StoreError> {
    match key(row, "key")? {
        none if none.is_empty() => key(row, "id"),
        key => Ok(key),
    }
}

pub(super) fn status_in(row: &Row<'_>, key: &str) -> Result<(), StoreError> {
    let status: i64 = column(row, "status", "alert", key)?;
    if (ALERT_HEAD.into()..=ALERT_HELD.into()).contains(&status) {
        return Ok(());
    }
    Err(StoreError::corrupt("alert", key)(format!("its status {status} is none that is known")))
}

#[cfg(test)]
mod tests {
    use fleetward_domain::FormatLevel;

    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn a_page_of_what_is_due_is_read_without_sorting_all_that_wait() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection, FormatLevel::Proven).unwrap();
        let asked =
            [(FRESH, "alert_turn"), (AGAIN, "alert_again_due"), (TOO_FAR, "alert_again_due")];
        for (clause, index) in asked {
            let explain = format!("EXPLAIN QUERY PLAN {ALERTS} WHERE {clause}");
            let mut statement = connection.prepare(&explain).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>("detail"));
            let plan: Vec<String> = plan.map(Result::unwrap).collect();
            assert!(plan[0].contains(&format!("USING INDEX {index}")), "{plan:?}");
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
