//! The constraints of one shape, each with AWS's words for it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::shape::{Bounds, Kind, Pattern, Shape};

/// One thing that a value must satisfy.
pub(super) enum Constraint {
    NotNull,
    MaxLength(u64),
    MinLength(u64),
    Max(i64),
    Min(i64),
    MaxFloat(f64),
    MinFloat(f64),
    Matches(&'static Pattern),
    OneOf(&'static [&'static str]),
}

/// The constraints of a shape itself, not of what it holds, in AWS's order.
pub(super) fn of(shape: &Shape) -> impl Iterator<Item = Constraint> {
    use Constraint::{Matches, Max, MaxFloat, MaxLength, Min, MinFloat, MinLength, OneOf};
    let none = [None, None, None, None];
    let length = |length: &Bounds<u64>| [length.max.map(MaxLength), length.min.map(MinLength)];
    let [first, second, third, fourth] = match shape.kind() {
        Kind::List { length: bounds, .. }
        | Kind::Map { length: bounds, .. }
        | Kind::Blob { length: bounds } => {
            let [max, min] = length(bounds);
            [max, min, None, None]
        }
        Kind::Text { length: bounds, pattern, values } => {
            let [max, min] = length(bounds);
            let values = (!values.is_empty()).then_some(OneOf(values));
            [max, min, pattern.map(Matches), values]
        }
        Kind::Integer { range } | Kind::Long { range } => {
            [range.max.map(Max), range.min.map(Min), None, None]
        }
        Kind::Double { range } => [range.max.map(MaxFloat), range.min.map(MinFloat), None, None],
        Kind::Structure(_) | Kind::Boolean | Kind::Timestamp => none,
    };
    [first, second, third, fourth].into_iter().flatten()
}

impl Constraint {
    /// Whether the value satisfies it. A value of another type than the shape's does not.
    pub(super) fn holds(&self, shape: &Shape, value: &Value) -> bool {
        match self {
            Self::NotNull => !value.is_null(),
            Self::MaxLength(max) => length(shape, value).is_some_and(|length| length <= *max),
            Self::MinLength(min) => length(shape, value).is_some_and(|length| length >= *min),
            Self::Max(max) => value.as_i64().is_some_and(|number| number <= *max),
            Self::Min(min) => value.as_i64().is_some_and(|number| number >= *min),
            Self::MaxFloat(max) => value.as_f64().is_some_and(|number| number <= *max),
            Self::MinFloat(min) => value.as_f64().is_some_and(|number| number >= *min),
            Self::Matches(pattern) => value.as_str().is_some_and(|text| pattern.matches(text)),
            Self::OneOf(values) => value.as_str().is_some_and(|text| values.contains(&text)),
        }
    }
}

/// Characters of a string, bytes of a blob, entries of a list or a map.
fn length(shape: &Shape, value: &Value) -> Option<u64> {
    let length = match value {
        Value::String(text) if matches!(shape.kind(), Kind::Blob { .. }) => {
            STANDARD.decode(text).ok()?.len()
        }
        Value::String(text) => text.chars().count(),
        Value::Array(elements) => elements.len(),
        Value::Object(entries) => entries.len(),
        _ => return None,
    };
    u64::try_from(length).ok()
}

impl fmt::Display for Constraint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull => write!(out, "Member must not be null"),
            Self::MaxLength(max) => {
                write!(out, "Member must have length less than or equal to {max}")
            }
            Self::MinLength(min) => {
                write!(out, "Member must have length greater than or equal to {min}")
            }
            Self::Max(max) => write!(out, "Member must have value less than or equal to {max}"),
            Self::Min(min) => write!(out, "Member must have value greater than or equal to {min}"),
            Self::MaxFloat(max) => {
                write!(out, "Member must have value less than or equal to {max}")
            }
            Self::MinFloat(min) => {
                write!(out, "Member must have value greater than or equal to {min}")
            }
            Self::Matches(pattern) => {
                let source = pattern.source();
                write!(out, "Member must satisfy regular expression pattern: {source}")
            }
            Self::OneOf(values) => {
                write!(out, "Member must satisfy enum value set: [{}]", values.join(", "))
            }
        }
    }
}
