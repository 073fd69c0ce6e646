//! Shapes in JSON: how a version is told, and which shape reads it.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Reads one version of a shape. The error says what is wrong, never what was in the bytes.
pub(super) type Reader<T> = fn(&[u8]) -> Result<T, String>;

/// The reader of a version whose JSON is an `S`.
pub(super) fn reader<S, T>(bytes: &[u8]) -> Result<T, String>
where
    S: DeserializeOwned + TryInto<T>,
    S::Error: Display,
{
    let shape: S = serde_json::from_slice(bytes).map_err(|error| problem(&error))?;
    shape.try_into().map_err(|error| error.to_string())
}

/// Reads a value with the reader of its version: the first reads version 1.
pub(super) fn read<T>(
    what: &str,
    key: &str,
    bytes: &[u8],
    readers: &[Reader<T>],
) -> Result<T, StoreError> {
    let found = version(bytes).map_err(|error| StoreError::corrupt(what, key)(problem(&error)))?;
    let place = usize::try_from(found).unwrap_or(usize::MAX).checked_sub(1);
    match place.and_then(|place| readers.get(place)) {
        Some(reader) => reader(bytes).map_err(StoreError::corrupt(what, key)),
        None if found == 0 => Err(StoreError::corrupt(what, key)("there is no version 0")),
        None => Err(StoreError::WrittenNewer {
            what: what.to_owned(),
            key: key.to_owned(),
            shape: format!(
                "version {found} of its shape; this release reads up to version {}",
                readers.len()
            ),
        }),
    }
}

/// Writes a shape.
pub(super) fn write(what: &str, key: &str, shape: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(shape).map_err(StoreError::corrupt(what, key))
}

/// The version that a value says it has. The first release wrote none.
fn version(bytes: &[u8]) -> Result<u32, serde_json::Error> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default = "first")]
        v: u32,
    }
    // What is no object (the `null` of an edge) has no place for a version: it is the first.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Ok(first());
    }
    serde_json::from_slice(bytes).map(|Head { v }| v)
}

fn first() -> u32 {
    1
}

/// What is wrong with some JSON and where. A parser's own words may echo a value, which may be a
/// secret: they are not repeated.
fn problem(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "its JSON ends too early",
        serde_json::error::Category::Data => "its JSON is not of this shape",
        _ => "it is not JSON",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}
