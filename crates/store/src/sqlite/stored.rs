//! How values of the domain stand in columns.

use fleetward_domain::{EventType, Severity, VerificationState};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};

use crate::codes;
use crate::error::StoreError;

/// A number as SQLite keeps it, which knows signed ones only. What is larger stands above all
/// that is stored.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A page's length as SQLite takes it.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A number that was stored by [`signed`].
pub(super) struct Unsigned(pub(super) u64);

impl FromSql for Unsigned {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// What stands in a column beside a body. Where it holds what no release wrote, that is an error
/// about what is stored, which names the row: all else may be well.
pub(super) fn column<T: FromSql>(
    row: &Row<'_>,
    name: &str,
    what: &str,
    key: &str,
) -> Result<T, StoreError> {
    row.get(name).map_err(|error| {
        StoreError::corrupt(what, key)(format!("its column {name} cannot be read: {error}"))
    })
}

/// What a row is called in sentences, whatever type its key has.
pub(super) fn key(row: &Row<'_>, name: &str) -> Result<String, StoreError> {
    Ok(match row.get_ref(name)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    })
}

/// A column that should hold bytes; text is read as its bytes.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl FromSql for Bytes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(Self(bytes.to_vec())),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A column that holds the number of a type of event.
pub(super) struct KnownEventType(pub(super) EventType);

impl FromSql for KnownEventType {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = u8::column_result(value)?;
        codes::event(code).map(Self).ok_or(FromSqlError::OutOfRange(code.into()))
    }
}

/// A column that holds the number of a severity.
pub(super) struct KnownSeverity(pub(super) Severity);

impl FromSql for KnownSeverity {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = u8::column_result(value)?;
        codes::severity(code).map(Self).ok_or(FromSqlError::OutOfRange(code.into()))
    }
}

/// A column that holds a name, as it was parsed when it was written.
pub(super) fn named<T>(
    row: &Row<'_>,
    name: &str,
    (what, key): (&str, &str),
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text: String = column(row, name, what, key)?;
    let problem = format!("its column {name} holds no name");
    parse(&text).ok_or_else(|| StoreError::corrupt(what, key)(problem))
}

/// A verification state in a column.
#[derive(Clone, Copy)]
pub(super) struct Verification(pub(super) VerificationState);

impl ToSql for Verification {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(codes::of_verification(self.0).into())
    }
}

impl FromSql for Verification {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = u8::column_result(value)?;
        codes::verification(code).map(Self).ok_or(FromSqlError::OutOfRange(code.into()))
    }
}
