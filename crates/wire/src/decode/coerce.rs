//! One value and the shape it is to have.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::expected;
use crate::check::{element_path, entry_path, member_path};
use crate::datetime::parse_iso8601;
use crate::error::ApiError;
use crate::shape::{Kind, Member, Shape};

/// Gives a JSON value the shape's type; none where it is `null`.
///
/// The recursion goes as deep as the shape, which is a static table that does not hold itself.
pub(super) fn coerce(value: Value, shape: &Shape, path: &str) -> Result<Option<Value>, ApiError> {
    let wrong = |found: &Value| wrong_type(shape, path, found);
    let value = match (shape.kind(), value) {
        (_, Value::Null) => return Ok(None),
        (Kind::Structure(members), Value::Object(object)) => structure(members, object, path)?,
        (Kind::List { member, .. }, Value::Array(elements)) => {
            let element = |(at, element): (usize, Value)| {
                let path = element_path(path, at);
                // A null in a list is kept, for the check to tell.
                Ok(coerce(element, member, &path)?.unwrap_or(Value::Null))
            };
            elements.into_iter().enumerate().map(element).collect::<Result<_, ApiError>>()?
        }
        (Kind::Map { value: shape, .. }, Value::Object(object)) => {
            let entry = |(key, value): (String, Value)| {
                let value = coerce(value, shape, &entry_path(path, &key))?.unwrap_or(Value::Null);
                Ok((key, value))
            };
            Value::Object(object.into_iter().map(entry).collect::<Result<_, ApiError>>()?)
        }
        (Kind::Blob { .. }, Value::String(text)) if STANDARD.decode(&text).is_ok() => text.into(),
        (Kind::Blob { .. }, other) => return Err(wrong(&other)),
        (Kind::Timestamp, Value::String(text)) => timestamp(&text, shape, path)?,
        (Kind::Timestamp, value @ Value::Number(_)) => value,
        (Kind::Text { .. }, value @ Value::String(_)) => value,
        (Kind::Boolean, value @ Value::Bool(_)) => value,
        (Kind::Double { .. }, value @ Value::Number(_)) => value,
        (Kind::Integer { .. } | Kind::Long { .. }, Value::Number(number)) => {
            integer(&number, shape).ok_or_else(|| wrong(&Value::Number(number)))?
        }
        (_, other) => return Err(wrong(&other)),
    };
    Ok(Some(value))
}

/// Gives the text of a label, a query parameter or a header the shape's type.
pub(super) fn from_text(text: &str, shape: &Shape, path: &str) -> Result<Value, ApiError> {
    let found = || Value::String(text.to_owned());
    let value = match shape.kind() {
        Kind::Text { .. } => Some(found()),
        Kind::Boolean => text.parse().ok().map(Value::Bool),
        Kind::Integer { .. } | Kind::Long { .. } => {
            text.parse::<i64>().ok().and_then(|number| integer(&number.into(), shape))
        }
        Kind::Double { .. } => text.parse().ok().and_then(Number::from_f64).map(Value::Number),
        Kind::Timestamp => Some(timestamp(text, shape, path)?),
        Kind::Blob { .. } | Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_) => None,
    };
    value.ok_or_else(|| wrong_type(shape, path, &found()))
}

fn structure(
    members: &[Member],
    mut object: Map<String, Value>,
    path: &str,
) -> Result<Value, ApiError> {
    let mut known = Map::new();
    for member in members {
        if let Some(value) = object.remove(member.name) {
            let value = coerce(value, member.shape, &member_path(path, member.name))?;
            known.extend(value.map(|value| (member.name.to_owned(), value)));
        }
    }
    Ok(Value::Object(known))
}

/// A whole number within the shape's width; `5.0` is one.
fn integer(number: &Number, shape: &Shape) -> Option<Value> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |float: f64| float.fract() == 0.0 && float.abs() <= LARGEST_EXACT;
    let number = match number.as_i64() {
        Some(number) => number,
        None => number.as_f64().filter(|float| whole(*float))? as i64,
    };
    let fits = !matches!(shape.kind(), Kind::Integer { .. }) || i32::try_from(number).is_ok();
    fits.then(|| number.into())
}

/// ISO 8601, or seconds since 1970 in digits, as a number.
fn timestamp(text: &str, shape: &Shape, path: &str) -> Result<Value, ApiError> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let seconds = parse_iso8601(text).or_else(|| text.parse().ok().filter(|_| is_number));
    let number = seconds.and_then(Number::from_f64).map(Value::Number);
    number.ok_or_else(|| wrong_type(shape, path, &Value::String(text.to_owned())))
}

fn wrong_type(shape: &Shape, path: &str, found: &Value) -> ApiError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "another number",
        Value::String(_) => "another string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let found = match (shape.kind(), found) {
        (Kind::Integer { .. } | Kind::Long { .. } | Kind::Double { .. }, "another number")
        | (Kind::Blob { .. } | Kind::Timestamp, "another string") => found,
        (_, "another number") => "a number",
        (_, "another string") => "a string",
        _ => found,
    };
    let expected = expected(shape);
    ApiError::invalid_request(format!("Expected {expected} at '{path}', found {found}."))
}
