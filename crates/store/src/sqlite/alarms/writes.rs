//! Writing violations and events, and an operator's word on them.

use std::collections::HashMap;

use fleetward_domain::{
    EventType, FormatLevel, Placement, VerificationState, Violation, ViolationEvent,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::rows::{Said, said_in};
use crate::codes;
use crate::error::StoreError;
use crate::shape::{event, value, violation};
use crate::sqlite::kept::{self, Numbers};
use crate::sqlite::stored::Verification;
use crate::sqlite::violation_id::StoredId;
use crate::sqlite::writer::Writing;
use crate::tx;
use crate::unreadable::Unreadable;

/// Writes violations; what an operator said of one stays.
pub(in crate::sqlite) fn put(
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
    let behavior = numbers.of(writing, &open.behavior, open.last_violation_ms)?;
    let profile = numbers.of_name(writing.connection, open.profile.as_str())?;
    // The thing and the profile follow from the id: what is indexed of all does not change.
    let mut put = writing.connection.prepare_cached(
        "INSERT INTO violation (id, near, thing, profile, behavior, severity, suppressed, criteria,
             started_ms, last_ms, verification, description, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET behavior = excluded.behavior,
             severity = excluded.severity, suppressed = excluded.suppressed,
             criteria = excluded.criteria, started_ms = excluded.started_ms,
             last_ms = excluded.last_ms, body = excluded.body",
    )?;
    put.execute(params![
        StoredId::of(&open.id, writing.level),
        Placement::near(open.thing.as_str()),
        open.thing.as_str(),
        profile,
        behavior,
        codes::of_severity(open.severity),
        open.behavior.suppress_alerts,
        codes::of_criteria(open.behavior.criteria_type()),
        open.started_ms,
        open.last_violation_ms,
        Verification(open.verification),
        open.verification_description,
        value::to_bytes(Some(&open.last_value), writing.level)?,
    ])?;
    Ok(())
}

/// Events that a commit wrote, and their rows.
pub(in crate::sqlite) type Written<'e> = HashMap<(&'e str, EventType), (i64, &'e ViolationEvent)>;

/// Writes events that are not there yet, with what an operator has said of their violation. Gives
/// those that were not, where rows refer.
pub(in crate::sqlite) fn add_events<'e>(
    writing: &Writing<'_>,
    unreadable: &Unreadable,
    numbers: &mut Numbers,
    events: &'e [ViolationEvent],
) -> Result<Written<'e>, StoreError> {
    let at = (writing.connection, writing.level);
    let mut written = Written::new();
    for happened in events {
        // Where rows refer, no constraint of the table keeps one from being there twice.
        if kept::refers(writing.level) && event_row(at, happened)?.is_some() {
            continue;
        }
        let of = (&*happened.violation_id, Some(happened.thing.as_str()));
        let said = said_before(at, unreadable, of)?
            .unwrap_or((happened.verification, happened.verification_description.clone()));
        if kept::refers(writing.level) {
            add_referring(writing, numbers, happened, said)?;
            let row = writing.connection.last_insert_rowid();
            written.insert((&happened.violation_id, happened.event_type), (row, happened));
        } else {
            add_whole(writing, happened, said)?;
        }
    }
    Ok(written)
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
    let behavior = numbers.of(writing, &happened.behavior, happened.at_ms)?;
    let profile = numbers.of_name(writing.connection, happened.profile.as_str())?;
    // That it is not there yet is the caller's to know: an index of ids would cost an eighth more.
    let mut add = writing.connection.prepare_cached(
        "INSERT INTO event (violation_id, event_type, near, thing, profile, behavior, severity,
             suppressed, criteria, at_ms, verification, description, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    add.execute(params![
        StoredId::of(&happened.violation_id, writing.level),
        codes::of_event(happened.event_type),
        Placement::near(happened.thing.as_str()),
        happened.thing.as_str(),
        profile,
        behavior,
        codes::of_severity(happened.severity),
        happened.behavior.suppress_alerts,
        codes::of_criteria(happened.behavior.criteria_type()),
        happened.at_ms,
        Verification(verification),
        description,
        value::to_bytes(happened.value.as_ref(), writing.level)?,
    ])?;
    Ok(())
}

/// The row of an event, where rows refer; none if it is not there. The same history gives an event
/// the same time: by that a packed id, which has no index, is found.
pub(in crate::sqlite) fn event_row(
    (connection, level): (&Connection, FormatLevel),
    happened: &ViolationEvent,
) -> Result<Option<i64>, StoreError> {
    let id = StoredId::of(&happened.violation_id, level);
    let (mut clause, mut values) = id.events(Some(happened.thing.as_str()), level);
    if matches!(id, StoredId::Packed(_)) {
        clause.push_str(" AND at_ms = ?");
        values.push(happened.at_ms.into());
    }
    values.push(codes::of_event(happened.event_type).into());
    let sql = format!("SELECT row FROM event WHERE {clause} AND event_type = ?");
    let mut found = connection.prepare_cached(&sql)?;
    Ok(found.query_row(params_from_iter(values), |row| row.get(0)).optional()?)
}

/// What an operator said of a violation; of its thing, if that is known. A word that cannot be
/// read counts as none: it must not stop detection, which comes past here with each event.
pub(in crate::sqlite) fn said_before(
    (connection, level): (&Connection, FormatLevel),
    unreadable: &Unreadable,
    (violation_id, thing): (&str, Option<&str>),
) -> Result<Option<Said>, StoreError> {
    let id = StoredId::of(violation_id, level);
    let (clause, values) = id.events(thing, level);
    let by_event = format!(
        "SELECT verification, description FROM event WHERE {clause} ORDER BY at_ms, row LIMIT 1"
    );
    let by_violation = "SELECT verification, description FROM violation WHERE id = ?".to_owned();
    for (sql, values) in [(by_violation, vec![id.into()]), (by_event, values)] {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(values))?;
        if let Some(row) = found.next()? {
            let said = unreadable.skip(said_in(row, "violation", violation_id))?;
            return Ok(Some(said.unwrap_or((VerificationState::Unknown, None))));
        }
    }
    Ok(None)
}

pub(in crate::sqlite) fn close(writing: &Writing<'_>, ids: &[String]) -> Result<(), StoreError> {
    let mut delete = writing.connection.prepare_cached("DELETE FROM violation WHERE id = ?")?;
    for id in ids {
        delete.execute([StoredId::of(id, writing.level)])?;
    }
    Ok(())
}

pub(in crate::sqlite) fn verify(
    writing: &mut Writing<'_>,
    said: &tx::Verification,
) -> Result<(), StoreError> {
    let (connection, id) = (writing.connection, StoredId::of(&said.violation_id, writing.level));
    let thing: Option<String> = connection
        .prepare_cached("SELECT thing FROM violation WHERE id = ?")?
        .query_row([&id], |row| row.get(0))
        .optional()?;
    let (clause, values) = id.events(thing.as_deref(), writing.level);
    let of_violation = ("violation", "id = ?".to_owned(), vec![id.into()]);
    let mut found = 0;
    for (table, clause, values) in [of_violation, ("event", clause, values)] {
        let sql = format!("UPDATE {table} SET verification = ?, description = ? WHERE {clause}");
        let word = [
            codes::of_verification(said.state).into(),
            said.description.clone().map_or(Value::Null, Into::into),
        ];
        let values = word.into_iter().chain(values);
        found += connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    }
    if found > 0 {
        writing.wakes.newest_event += 1;
    }
    Ok(())
}
