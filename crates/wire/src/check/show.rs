//! Values and paths as messages show them.

use serde_json::Value;

use crate::limits::{MAX_SHOWN_KEY_CHARS, MAX_SHOWN_VALUE_CHARS};
use crate::shape::{Kind, Shape};

/// The path of a structure's member: `behaviors.1.member` and `name` to
/// `behaviors.1.member.name`.
pub(crate) fn member_path(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path of a list's element; AWS counts from one.
pub(crate) fn element_path(path: &str, at: usize) -> String {
    format!("{path}.{}.member", at.saturating_add(1))
}

/// The path of a map's value.
pub(crate) fn entry_path(path: &str, key: &str) -> String {
    let mut shown = String::new();
    push(&mut shown, key, MAX_SHOWN_KEY_CHARS);
    format!("{path}.{shown}.member")
}

/// A value as AWS writes it: strings bare, lists `[a, b]`, maps `{a=b}`; cut where it is long,
/// and masked where the model calls it sensitive.
pub(super) fn show(shape: &Shape, value: &Value) -> String {
    let mut out = String::new();
    write(shape, value, &mut out);
    if out.chars().count() <= MAX_SHOWN_VALUE_CHARS {
        return out;
    }
    let mut cut: String = out.chars().take(MAX_SHOWN_VALUE_CHARS).collect();
    cut.push_str(CUT);
    cut
}

const CUT: &str = "...";
const MASK: &str = "*** Sensitive Data Redacted ***";

fn write(shape: &Shape, value: &Value, out: &mut String) {
    // Enough is written to know that it is too long; the rest of the value costs nothing.
    if out.len() > 4 * MAX_SHOWN_VALUE_CHARS {
        return;
    }
    if shape.is_sensitive() {
        out.push_str(MASK);
        return;
    }
    match (shape.kind(), value) {
        (Kind::List { member, .. }, Value::Array(elements)) => {
            let elements = elements.iter().map(|element| (None, *member, element));
            write_all("[", elements, "]", out);
        }
        (Kind::Map { value: shape, .. }, Value::Object(entries)) => {
            let entries = entries.iter().map(|(key, value)| (Some(key.as_str()), *shape, value));
            write_all("{", entries, "}", out);
        }
        (Kind::Structure(members), Value::Object(object)) => {
            let known = members.iter().filter_map(|member| {
                Some((Some(member.name), member.shape, object.get(member.name)?))
            });
            write_all("{", known, "}", out);
        }
        (_, Value::String(text)) => push(out, text, MAX_SHOWN_VALUE_CHARS.saturating_add(1)),
        (_, value) => out.push_str(&value.to_string()),
    }
}

fn write_all<'a>(
    open: &str,
    values: impl Iterator<Item = (Option<&'a str>, &'a Shape, &'a Value)>,
    close: &str,
    out: &mut String,
) {
    out.push_str(open);
    for (at, (key, shape, value)) in values.enumerate() {
        if out.len() > 4 * MAX_SHOWN_VALUE_CHARS {
            return;
        }
        if at > 0 {
            out.push_str(", ");
        }
        if let Some(key) = key {
            push(out, key, MAX_SHOWN_KEY_CHARS);
            out.push('=');
        }
        write(shape, value, out);
    }
    out.push_str(close);
}

fn push(out: &mut String, text: &str, max_chars: usize) {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => {
            out.push_str(text.get(..end).unwrap_or(text));
            out.push_str(CUT);
        }
        None => out.push_str(text),
    }
}
