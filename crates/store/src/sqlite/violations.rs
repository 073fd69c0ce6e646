//! Open violations and events in SQL: what may be asked of them, each by an index.

use std::sync::Arc;

use fleetward_domain::{
    CriteriaType, EpochMs, FormatLevel, Placement, VerificationState, Violation, ViolationEvent,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use tokio::sync::watch;

use super::alarms::{event_in, open_in, said_before};
use super::violation_id::StoredId;
use super::{SqliteStore, from_now_on, kept, outbox, stored};
use crate::codes;
use crate::error::StoreError;
use crate::limits::EXPIRED_ROWS_PER_WRITE;
use crate::unreadable::Unreadable;
use crate::violations::{EventCursor, EventFilter, ViolationFilter, Violations};

#[async_trait::async_trait]
impl Violations for SqliteStore {
    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError> {
        let (filter, unreadable) = (filter.clone(), Arc::clone(&self.unreadable));
        let level = self.level;
        self.readers.read(move |c| active((c, level), &unreadable, &filter, after, limit)).await
    }

    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
        let (filter, unreadable) = (filter.clone(), Arc::clone(&self.unreadable));
        let level = self.level;
        self.readers.read(move |c| events((c, level), &unreadable, &filter, after, limit)).await
    }

    fn newest_event(&self) -> watch::Receiver<u64> {
        from_now_on(&self.newest_event)
    }

    async fn knows_violation(&self, violation_id: &str) -> Result<bool, StoreError> {
        let id = violation_id.to_owned();
        let unreadable = Arc::clone(&self.unreadable);
        let level = self.level;
        let said = move |c: &Connection| said_before((c, level), &unreadable, (&id, None));
        Ok(self.readers.read(said).await?.is_some())
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        self.pass_over_strays().await?;
        let limit = EXPIRED_ROWS_PER_WRITE;
        let mut expired = 0;
        loop {
            let (events, alerts) = self
                .writer
                .write(move |w| {
                    outbox::hand_over_events(w, before_ms, limit)?;
                    let events = expire(w.connection, before_ms, limit)?;
                    Ok((events, outbox::expire(w.connection, before_ms, limit)?))
                })
                .await?;
            expired += events as u64;
            if events < limit && alerts < limit {
                break;
            }
        }
        if kept::refers(self.level) {
            let unused = self.readers.read(move |c| kept::unused(c, before_ms)).await?;
            self.writer.write(move |w| kept::forget(w.connection, &unused)).await?;
        }
        Ok(expired)
    }
}

fn active(
    (connection, level): (&Connection, FormatLevel),
    unreadable: &Unreadable,
    filter: &ViolationFilter,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Violation>, StoreError> {
    let mut conditions = Conditions::of(connection, filter, level)?;
    if let Some(id) = after {
        conditions.add("id > ?", [StoredId::of(&id, level).into()]);
    }
    let (clause, values) = conditions.finish();
    let sql = format!("{} {clause} ORDER BY id", kept::rows_of("violation", level));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query_and_then(params_from_iter(values), open_in)?;
    let mut violations = Vec::new();
    // Rows come as they are asked for: what is left out does not make the page shorter.
    while violations.len() < limit
        && let Some(row) = found.next()
    {
        let open = unreadable.skip(row)?;
        violations.extend(open.filter(|open: &Violation| filter.takes_criteria(&open.behavior)));
    }
    Ok(violations)
}

fn events(
    (connection, level): (&Connection, FormatLevel),
    unreadable: &Unreadable,
    filter: &EventFilter,
    after: Option<EventCursor>,
    limit: usize,
) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
    let mut conditions = Conditions::of(connection, &filter.violations, level)?;
    conditions.add("at_ms BETWEEN ? AND ?", [filter.from_ms.into(), filter.to_ms.into()]);
    if let Some(after) = after {
        conditions.add("(at_ms, row) < (?, ?)", [after.at_ms.into(), after.row.into()]);
    }
    let (clause, values) = conditions.finish();
    let rows = kept::rows_of("event", level);
    let sql = format!("{rows} {clause} ORDER BY at_ms DESC, row DESC");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query_and_then(params_from_iter(values), event_in)?;
    // The limit is kept here and not in SQL: unreadable events are passed over and must not make a
    // page look like the last one.
    let mut events = Vec::new();
    while events.len() < limit
        && let Some(row) = found.next()
    {
        let event = unreadable.skip(row)?;
        events.extend(event.filter(|(_, event): &(EventCursor, ViolationEvent)| {
            filter.violations.takes_criteria(&event.behavior)
        }));
    }
    Ok(events)
}

/// Removes some events older than `before_ms`; returns how many.
fn expire(connection: &Connection, before_ms: EpochMs, limit: usize) -> Result<usize, StoreError> {
    let expired = connection
        .prepare_cached(
            "DELETE FROM event WHERE row IN
             (SELECT row FROM event WHERE at_ms < ? ORDER BY at_ms, row LIMIT ?)",
        )?
        .execute(params![before_ms, stored::rows(limit)])?;
    Ok(expired)
}

/// A WHERE clause of the conditions that were asked for, so that each set of them gets the index
/// that fits it. What few rows have is named in SQL as it is in the index of those rows.
#[derive(Default)]
struct Conditions {
    texts: Vec<&'static str>,
    values: Vec<Value>,
}

impl Conditions {
    fn of(
        connection: &Connection,
        filter: &ViolationFilter,
        level: FormatLevel,
    ) -> Result<Self, StoreError> {
        let mut conditions = Self::default();
        let refers = kept::refers(level);
        if let Some(thing) = &filter.thing {
            conditions.add("thing = ?", [thing.to_string().into()]);
            if refers {
                conditions.add("near = ?", [Placement::near(thing.as_str()).into()]);
            }
        }
        if let Some(profile) = &filter.profile {
            let profile = match refers {
                false => profile.to_string().into(),
                // Nothing has a profile without a number: NULL equals nothing.
                true => kept::name_number(connection, profile.as_str())?.into(),
            };
            conditions.add("profile = ?", [profile]);
        }
        if let Some(suppressed) = filter.suppressed {
            conditions.add(if suppressed { "suppressed = 1" } else { "suppressed = 0" }, []);
        }
        if let Some(state) = filter.verification {
            conditions.add("verification = ?", [codes::of_verification(state).into()]);
            if state != VerificationState::Unknown {
                conditions.add("verification <> 0", []);
            }
        }
        if refers && filter.criteria == Some(CriteriaType::Statistical) {
            conditions.add("criteria = 2", []);
        }
        Ok(conditions)
    }

    fn add(&mut self, text: &'static str, values: impl IntoIterator<Item = Value>) {
        self.texts.push(text);
        self.values.extend(values);
    }

    fn finish(self) -> (String, Vec<Value>) {
        let clause = match &*self.texts {
            [] => String::new(),
            texts => format!("WHERE {}", texts.join(" AND ")),
        };
        (clause, self.values)
    }
}
