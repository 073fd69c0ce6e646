//! Rows of violations and events, as they are read.

use fleetward_domain::{
    FormatLevel, ProfileName, ThingName, VerificationState, Violation, ViolationEvent,
};
use rusqlite::{Connection, Row};

use crate::error::StoreError;
use crate::shape::{event, value, violation};
use crate::sqlite::kept;
use crate::sqlite::stored::{
    Bytes, KnownEventType, KnownSeverity, Verification, column, key, named,
};
use crate::sqlite::violation_id::{called, id_in};
use crate::violations::EventCursor;

/// What an operator said of a violation.
pub(in crate::sqlite) type Said = (VerificationState, Option<String>);

/// An operator's word in a row.
pub(super) fn said_in(row: &Row<'_>, what: &str, key: &str) -> Result<Said, StoreError> {
    let verification: Verification = column(row, "verification", what, key)?;
    Ok((verification.0, column(row, "description", what, key)?))
}

/// Reads a row of the table of open violations.
pub(in crate::sqlite) fn open_in(row: &Row<'_>) -> Result<Violation, StoreError> {
    let id = called(row, "id")?;
    let body: Bytes = column(row, "body", "violation", &id)?;
    let here = ("violation", &*id);
    let mut open = match kept::of_row(row, here.0, here.1)? {
        None => violation::from_bytes(&id, &body.0)?,
        Some(behavior) => Violation {
            id: id.clone(),
            thing: named(row, "thing", here, |text| ThingName::parse(text).ok())?,
            profile: named(row, "profile_name", here, |text| ProfileName::parse(text).ok())?,
            severity: column::<KnownSeverity>(row, "severity", here.0, here.1)?.0,
            behavior,
            last_value: value::from_bytes(here, &body.0)?
                .ok_or_else(|| StoreError::corrupt(here.0, here.1)("it has no value"))?,
            last_violation_ms: column(row, "last_ms", here.0, here.1)?,
            started_ms: column(row, "started_ms", here.0, here.1)?,
            verification: VerificationState::Unknown,
            verification_description: None,
        },
    };
    (open.verification, open.verification_description) = said_in(row, "violation", &id)?;
    Ok(open)
}

/// The event of a row, where rows refer; none if there is no such row.
pub(in crate::sqlite) fn event_of_row(
    connection: &Connection,
    row: i64,
) -> Result<Option<ViolationEvent>, StoreError> {
    let sql = format!("{} WHERE row = ?", kept::rows_of("event", FormatLevel::Proven));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([row])?;
    found.next()?.map(|row| event_in(row).map(|(_, event)| event)).transpose()
}

/// Reads a row of the table of events.
pub(in crate::sqlite) fn event_in(
    row: &Row<'_>,
) -> Result<(EventCursor, ViolationEvent), StoreError> {
    let number = key(row, "row")?;
    let here = ("event", &*number);
    let at_ms = column(row, "at_ms", here.0, here.1)?;
    let cursor = EventCursor { at_ms, row: column(row, "row", here.0, here.1)? };
    let body: Bytes = column(row, "body", here.0, here.1)?;
    // The body may say it too; a row whose column does not could happen once more beside itself.
    let event_type = column::<KnownEventType>(row, "event_type", here.0, here.1)?.0;
    let mut happened = match kept::of_row(row, here.0, here.1)? {
        None => event::from_bytes(&number, &body.0)?,
        Some(behavior) => ViolationEvent {
            violation_id: id_in(row, "violation_id", here)?,
            thing: named(row, "thing", here, |text| ThingName::parse(text).ok())?,
            profile: named(row, "profile_name", here, |text| ProfileName::parse(text).ok())?,
            severity: column::<KnownSeverity>(row, "severity", here.0, here.1)?.0,
            behavior,
            value: value::from_bytes(here, &body.0)?,
            event_type,
            at_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        },
    };
    (happened.verification, happened.verification_description) = said_in(row, "event", &number)?;
    Ok((cursor, happened))
}
