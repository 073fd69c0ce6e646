//! Checks a decoded object against the model's constraints and tells every break at once, in the
//! words of AWS.
//!
//! A message reads `2 validation errors detected: Value 'a b' at 'behaviors.1.member.name' failed
//! to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+; Value
//! null at 'roleArn' failed to satisfy constraint: Member must not be null`. As with AWS, a list
//! or a map of plain values is told as a whole, with all the constraints of its values: `Member
//! must satisfy constraint: [...]`, `Map keys must satisfy constraint: [...]`, `Map value must
//! satisfy constraint: [...]`. Lengths count characters; patterns match the whole string.

use serde_json::Value;

use crate::error::ApiError;
use crate::generated::operations::Operation;
use crate::limits::MAX_SHOWN_ERRORS;
use crate::shape::{Kind, Member, Shape};

mod constraint;
mod show;
#[cfg(test)]
mod tests;

use constraint::Constraint;
use show::show;
pub(crate) use show::{element_path, entry_path, member_path};

/// Checks the decoded input of an operation.
///
/// # Errors
/// `InvalidRequestException` with every failing member; `NotImplementedException` where the
/// operation is not served.
pub fn check(operation: Operation, input: &Value) -> Result<(), ApiError> {
    let shape = operation.input_shape().ok_or_else(|| ApiError::not_implemented(operation))?;
    let mut found = Found::default();
    value(shape, input, "", &mut found);
    found.into_result()
}

/// The breaks found so far: all are counted, the first are kept.
#[derive(Default)]
struct Found {
    count: usize,
    kept: Vec<String>,
}

impl Found {
    /// Adds one break; `value` is the value as shown, quoted.
    fn add(&mut self, value: &str, path: &str, constraint: &str) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() < MAX_SHOWN_ERRORS {
            let told = "failed to satisfy constraint";
            self.kept.push(format!("Value {value} at '{path}' {told}: {constraint}"));
        }
    }

    fn into_result(self) -> Result<(), ApiError> {
        if self.count == 0 {
            return Ok(());
        }
        let errors = if self.count == 1 { "error" } else { "errors" };
        let kept = self.kept.join("; ");
        let message = format!("{} validation {errors} detected: {kept}", self.count);
        Err(ApiError::invalid_request(message))
    }
}

fn value(shape: &Shape, input: &Value, path: &str, found: &mut Found) {
    for constraint in constraint::of(shape).filter(|constraint| !constraint.holds(shape, input)) {
        found.add(&quoted(shape, input), path, &constraint.to_string());
    }
    match shape.kind() {
        Kind::Structure(members) => structure(members, input, path, found),
        Kind::List { member, .. } => list(shape, member, input, path, found),
        Kind::Map { key, value, .. } => map(shape, (key, value), input, path, found),
        _ => {}
    }
}

fn structure(members: &[Member], input: &Value, path: &str, found: &mut Found) {
    for member in members {
        let path = member_path(path, member.name);
        match input.get(member.name) {
            None | Some(Value::Null) if member.is_required => {
                found.add("null", &path, &Constraint::NotNull.to_string());
            }
            None | Some(Value::Null) => {}
            Some(input) => value(member.shape, input, &path, found),
        }
    }
}

fn list(shape: &Shape, member: &Shape, input: &Value, path: &str, found: &mut Found) {
    let elements = input.as_array().map(Vec::as_slice).unwrap_or_default();
    if is_plain(member) {
        if !elements.iter().all(|element| holds_all(member, element)) {
            let constraints = constraints_of(member, elements.iter());
            let told = format!("Member must satisfy constraint: [{constraints}]");
            found.add(&quoted(shape, input), path, &told);
        }
        return;
    }
    for (at, element) in elements.iter().enumerate() {
        within(member, element, &element_path(path, at), found);
    }
}

fn map(
    shape: &Shape,
    (key_shape, value_shape): (&Shape, &Shape),
    input: &Value,
    path: &str,
    found: &mut Found,
) {
    let Some(entries) = input.as_object() else { return };
    if !entries.keys().all(|key| holds_all(key_shape, &Value::String(key.clone()))) {
        let constraints = constraints_of(key_shape, std::iter::empty());
        let told = format!("Map keys must satisfy constraint: [{constraints}]");
        found.add(&quoted(shape, input), path, &told);
    }
    if is_plain(value_shape) {
        if !entries.values().all(|value| holds_all(value_shape, value)) {
            let constraints = constraints_of(value_shape, entries.values());
            let told = format!("Map value must satisfy constraint: [{constraints}]");
            found.add(&quoted(shape, input), path, &told);
        }
        return;
    }
    for (key, entry) in entries {
        within(value_shape, entry, &entry_path(path, key), found);
    }
}

/// An element of a list or a map that has members of its own.
fn within(shape: &Shape, input: &Value, path: &str, found: &mut Found) {
    match input {
        Value::Null => found.add("null", path, &Constraint::NotNull.to_string()),
        _ => value(shape, input, path, found),
    }
}

fn is_plain(shape: &Shape) -> bool {
    !matches!(shape.kind(), Kind::Structure(_) | Kind::List { .. } | Kind::Map { .. })
}

fn holds_all(shape: &Shape, input: &Value) -> bool {
    !input.is_null() && constraint::of(shape).all(|constraint| constraint.holds(shape, input))
}

fn constraints_of<'a>(shape: &Shape, inputs: impl Iterator<Item = &'a Value>) -> String {
    let mut told: Vec<String> = constraint::of(shape).map(|c| c.to_string()).collect();
    if inputs.into_iter().any(Value::is_null) {
        told.push(Constraint::NotNull.to_string());
    }
    told.join(", ")
}

fn quoted(shape: &Shape, input: &Value) -> String {
    format!("'{}'", show(shape, input))
}
