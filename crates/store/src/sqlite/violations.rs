//! Open violations and events in SQL. What is asked for has its own column; the rest is JSON, and
//! what many have in common stands elsewhere ([`super::kept`]).

mod rows;

use std::sync::Arc;

use fleetward_domain::{EpochMs, FormatLevel, VerificationState, Violation, ViolationEvent};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use tokio::sync::watch;

use self::rows::{Said, said_in};
pub(super) use self::rows::{event_in, open_in};
use super::kept::{self, Numbers};
use super::stored::{self, Verification};
use super::writer::Writing;
use super::{SqliteStore, from_now_on, outbox};
use crate::codes;
use crate::error::StoreError;
use crate::limits::EXPIRED_ROWS_PER_WRITE;
use crate::shape::{event, violation};
use crate::tx;
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
        self.readers.read(move |c| Ok(said_before(c, &unreadable, &id)?.is_some())).await
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        self.pass_over_strays().await?;
        let limit = EXPIRED_ROWS_PER_WRITE;
        let mut expired = 0;
        loop {
            let (events, alerts) = self
                .writer
                .write(move |w| {
                    let events = expire(w.connection, before_ms, limit)?;
                    Ok((events, outbox::expire(w.connection, before_ms, limit)?))
                })
                .await?;
            expired += events as u64;
            if events < limit && alerts < limit {
                return Ok(expired);
            }
        }
    }
}

/// Writes violations; what an operator said of one stays.
pub(super) fn put(
    writing: &Writing<'_>,
    numbers: &mut Numbers,
    violations: &[Violation],
) -> Result<(), StoreError> {
    if kept::refers(writing.level) {
        return violations.iter().try_for_each(|open| put_referring(writing, numbers, open));
    }
    let mut put = writing.connection.prepare_cached(
        "INSERT INTO violation (id, thing, profile, suppressed, verification, description, body)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET suppressed = excluded.suppressed, body = excluded.body",
    )?;
    for open in violations {
        put.execute(params![
            open.id,
            open.thing.as_str(),
            open.profile.as_str(),
            open.behavior.suppress_alerts,
            Verification(open.verification),
            open.verification_description,
            violation::to_bytes(open, writing.level)?,
        ])?;
    }
    Ok(())
}

fn put_referring(
    writing: &Writing<'_>,
    numbers: &mut Numbers,
    open: &Violation,
) -> Result<(), StoreError> {
    let behavior = numbers.of(writing, &open.behavior)?;
    // The thing and the profile follow from the id: what is indexed does not change.
    let mut put = writing.connection.prepare_cached(
        "INSERT INTO violation (id, thing, profile, suppressed, verification, description, body,
             behavior, severity, near) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET suppressed = excluded.suppressed, body = excluded.body,
             behavior = excluded.behavior, severity = excluded.severity",
    )?;
    put.execute(params![
        open.id,
        open.thing.as_str(),
        open.profile.as_str(),
        open.behavior.suppress_alerts,
        Verification(open.verification),
        open.verification_description,
        violation::to_rest(open, writing.level)?,
        behavior,
        codes::of_severity(open.severity),
        kept::near(open.thing.as_str()),
    ])?;
    Ok(())
}

/// Writes events that are not there yet, with what an operator has said of their violation.
pub(super) fn add_events(
    writing: &Writing<'_>,
    unreadable: &Unreadable,
    numbers: &mut Numbers,
    events: &[ViolationEvent],
) -> Result<(), StoreError> {
    for happened in events {
        let before = said_before(writing.connection, unreadable, &happened.violation_id)?;
        let said =
            before.unwrap_or((happened.verification, happened.verification_description.clone()));
        if kept::refers(writing.level) {
            add_referring(writing, numbers, happened, said)?;
        } else {
            add_whole(writing, happened, said)?;
        }
    }
    Ok(())
}

fn add_whole(
    writing: &Writing<'_>,
    happened: &ViolationEvent,
    (verification, description): Said,
) -> Result<(), StoreError> {
    let mut add = writing.connection.prepare_cached(
        "INSERT INTO event (violation_id, event_type, thing, profile, suppressed, at_ms,
             verification, description, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (violation_id, event_type) DO NOTHING",
    )?;
    add.execute(params![
        happened.violation_id,
        codes::of_event(happened.event_type),
        happened.thing.as_str(),
        happened.profile.as_str(),
        happened.behavior.suppress_alerts,
        happened.at_ms,
        Verification(verification),
        description,
        event::to_bytes(happened, writing.level)?,
    ])?;
    Ok(())
}

fn add_referring(
    writing: &Writing<'_>,
    numbers: &mut Numbers,
    happened: &ViolationEvent,
    (verification, description): Said,
) -> Result<(), StoreError> {
    let behavior = numbers.of(writing, &happened.behavior)?;
    let mut add = writing.connection.prepare_cached(
        "INSERT INTO event (violation_id, event_type, thing, profile, suppressed, at_ms,
             verification, description, body, behavior, severity, near)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (violation_id, event_type) DO NOTHING",
    )?;
    add.execute(params![
        happened.violation_id,
        codes::of_event(happened.event_type),
        happened.thing.as_str(),
        happened.profile.as_str(),
        happened.behavior.suppress_alerts,
        happened.at_ms,
        Verification(verification),
        description,
        event::to_rest(happened, writing.level)?,
        behavior,
        codes::of_severity(happened.severity),
        kept::near(happened.thing.as_str()),
    ])?;
    Ok(())
}

/// What an operator said of a violation. A word that cannot be read counts as none: it must not
/// stop detection, which comes past here with each event.
fn said_before(
    connection: &Connection,
    unreadable: &Unreadable,
    violation_id: &str,
) -> Result<Option<Said>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT verification, description FROM violation WHERE id = ?1
         UNION ALL SELECT * FROM (SELECT verification, description FROM event
             WHERE violation_id = ?1 ORDER BY at_ms, row LIMIT 1)
         LIMIT 1",
    )?;
    let mut found = statement.query([violation_id])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let said = unreadable.skip(said_in(row, "violation", violation_id))?;
    Ok(Some(said.unwrap_or((VerificationState::Unknown, None))))
}

pub(super) fn close(connection: &Connection, ids: &[String]) -> Result<(), StoreError> {
    let mut delete = connection.prepare_cached("DELETE FROM violation WHERE id = ?")?;
    for id in ids {
        delete.execute([id])?;
    }
    Ok(())
}

pub(super) fn verify(writing: &mut Writing<'_>, said: &tx::Verification) -> Result<(), StoreError> {
    let (id, state) = (&said.violation_id, Verification(said.state));
    let mut found = 0;
    for sql in [
        "UPDATE violation SET verification = ?2, description = ?3 WHERE id = ?1",
        "UPDATE event SET verification = ?2, description = ?3 WHERE violation_id = ?1",
    ] {
        let mut update = writing.connection.prepare_cached(sql)?;
        found += update.execute(params![id, state, said.description])?;
    }
    if found > 0 {
        writing.wakes.newest_event += 1;
    }
    Ok(())
}

fn active(
    (connection, level): (&Connection, FormatLevel),
    unreadable: &Unreadable,
    filter: &ViolationFilter,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Violation>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.add_filter(filter, level);
    if let Some(id) = after {
        conditions.add("id > ?", [id.into()]);
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
    let mut conditions = Conditions::default();
    conditions.add_filter(&filter.violations, level);
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
             (SELECT row FROM event WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
        )?
        .execute(params![before_ms, stored::rows(limit)])?;
    Ok(expired)
}

/// A WHERE clause of the conditions that were asked for, so that each set of them gets the index
/// that fits it.
#[derive(Default)]
struct Conditions {
    texts: Vec<&'static str>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, text: &'static str, values: impl IntoIterator<Item = Value>) {
        self.texts.push(text);
        self.values.extend(values);
    }

    fn add_filter(&mut self, filter: &ViolationFilter, level: FormatLevel) {
        if let Some(thing) = &filter.thing {
            self.add("thing = ?", [thing.to_string().into()]);
            if kept::refers(level) {
                self.add("near = ?", [kept::near(thing.as_str()).into()]);
            }
        }
        if let Some(profile) = &filter.profile {
            self.add("profile = ?", [profile.to_string().into()]);
        }
        if let Some(suppressed) = filter.suppressed {
            self.add("suppressed = ?", [suppressed.into()]);
        }
        if let Some(state) = filter.verification {
            self.add("verification = ?", [codes::of_verification(state).into()]);
        }
    }

    fn finish(self) -> (String, Vec<Value>) {
        let clause = match &*self.texts {
            [] => String::new(),
            texts => format!("WHERE {}", texts.join(" AND ")),
        };
        (clause, self.values)
    }
}
