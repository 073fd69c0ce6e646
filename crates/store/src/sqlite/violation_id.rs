//! How ids of violations stand in columns: those that are derived from the level on that proves
//! what it keeps in sixteen bytes, all others as text. Both sort as the ids do, text first.

use fleetward_domain::violation::{SHARED_BITS, packed_id, shared_bits_of_id, unpacked_id};
use fleetward_domain::{FormatLevel, Placement};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, ToSql};

use super::kept;
use super::stored::column;
use crate::error::StoreError;

/// An id as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StoredId {
    Packed([u8; 16]),
    Text(String),
}

impl StoredId {
    pub(super) fn of(id: &str, level: FormatLevel) -> Self {
        let packed = kept::refers(level).then(|| packed_id(id)).flatten();
        packed.map_or_else(|| Self::Text(id.to_owned()), Self::Packed)
    }

    fn text(self) -> String {
        match self {
            Self::Packed(bytes) => unpacked_id(bytes),
            Self::Text(id) => id,
        }
    }

    /// A WHERE clause that finds the events of a violation by an index, and its values; quicker
    /// where the thing is known. Only ids that are text have an index of their own.
    pub(super) fn events(&self, thing: Option<&str>, level: FormatLevel) -> (String, Vec<Value>) {
        let id = Value::from(self.clone());
        match self {
            Self::Text(_) if kept::refers(level) => {
                ("typeof(violation_id) = 'text' AND violation_id = ?".to_owned(), vec![id])
            }
            Self::Text(_) => ("violation_id = ?".to_owned(), vec![id]),
            Self::Packed(bytes) => match thing {
                // As an equality, so that no other index looks better.
                Some(thing) => (
                    "near = ? AND violation_id = ?".to_owned(),
                    vec![Placement::near(thing).into(), id],
                ),
                None => {
                    let rest = Placement::NEAR_BITS - SHARED_BITS;
                    let first = u32::from(shared_bits_of_id(*bytes)) << rest;
                    let last = first | ((1 << rest) - 1);
                    let clause = "near BETWEEN ? AND ? AND violation_id = ?".to_owned();
                    (clause, vec![first.into(), last.into(), id])
                }
            },
        }
    }
}

/// The id in a column.
pub(super) fn id_in(
    row: &Row<'_>,
    name: &str,
    (what, key): (&str, &str),
) -> Result<String, StoreError> {
    Ok(column::<StoredId>(row, name, what, key)?.text())
}

/// What a row with such a key is called in sentences.
pub(super) fn called(row: &Row<'_>, name: &str) -> Result<String, StoreError> {
    match row.get::<_, StoredId>(name) {
        Ok(id) => Ok(id.text()),
        Err(_) => super::stored::key(row, name),
    }
}

impl From<StoredId> for Value {
    fn from(id: StoredId) -> Self {
        match id {
            StoredId::Packed(bytes) => Self::Blob(bytes.to_vec()),
            StoredId::Text(id) => Self::Text(id),
        }
    }
}

impl ToSql for StoredId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Packed(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Text(id) => ToSqlOutput::Borrowed(ValueRef::Text(id.as_bytes())),
        })
    }
}

impl FromSql for StoredId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => {
                bytes.try_into().map(Self::Packed).map_err(|_| FromSqlError::InvalidType)
            }
            ValueRef::Text(text) => std::str::from_utf8(text)
                .map(|id| Self::Text(id.to_owned()))
                .map_err(FromSqlError::other),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
