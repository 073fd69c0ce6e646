//! The JSON of exported metrics (AWS: "Metrics export schema"). It is detection's own message and
//! none of an operation's.

use std::fmt::Write as _;

use fleetward_domain::{Datapoint, DimensionOperator, Observed};
use ipnet::IpNet;

use crate::limits::EXPORT_VALUE_BYTES;

const HEAD: &str = r#"{"version":"1.0","metrics":["#;
const TAIL: &str = "]}";

/// Metrics that go out in one message.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Without head and tail.
    entries: String,
}

impl Batch {
    /// The bytes of the message with one more metric; nothing if it would be the first, which is
    /// never too much.
    pub(super) fn bytes_with(&self, entry: &str) -> usize {
        match self.entries.len() {
            0 => 0,
            bytes => HEAD.len() + bytes + 1 + entry.len() + TAIL.len(),
        }
    }

    pub(super) fn push(&mut self, entry: &str) {
        if !self.entries.is_empty() {
            self.entries.push(',');
        }
        self.entries.push_str(entry);
    }

    /// The message; none without metrics.
    pub(super) fn into_message(self) -> Option<Vec<u8>> {
        let message = || [HEAD, &self.entries, TAIL].concat().into_bytes();
        (!self.entries.is_empty()).then(message)
    }
}

/// One metric; none if its value cannot be said in JSON.
///
/// `version` tells values of one thing, metric and time apart, of which the highest counts. There
/// never are two that differ: a window closes once, and what is told again is the same.
pub(super) fn entry(name: &str, thing: &str, datapoint: &Datapoint<'_>) -> Option<String> {
    let mut entry = String::from(r#"{"name":"#);
    text(&mut entry, name);
    entry.push_str(r#","thing":"#);
    text(&mut entry, thing);
    entry.push_str(r#","value":{"#);
    value(&mut entry, &datapoint.value)?;
    // Writing to a text cannot fail.
    let _ = write!(entry, r#"}},"version":1,"timestamp":{}"#, datapoint.at_ms);
    if let Some(dimension) = &datapoint.measure.dimension {
        entry.push_str(r#","dimension":{"name":"#);
        text(&mut entry, dimension.name.as_str());
        let operator = match dimension.operator {
            DimensionOperator::In => "IN",
            DimensionOperator::NotIn => "NOT_IN",
        };
        let _ = write!(entry, r#","operator":"{operator}"}}"#);
    }
    entry.push('}');
    Some(entry)
}

fn value(out: &mut String, value: &Observed<'_>) -> Option<()> {
    match *value {
        Observed::Count(count) => {
            let _ = write!(out, r#""count":{count}"#);
        }
        Observed::Number(number) if number.is_finite() => {
            let _ = write!(out, r#""number":{number}"#);
        }
        Observed::Number(_) => return None,
        Observed::Ports(ports) => list(out, "ports", ports, |out, port| {
            let _ = write!(out, "{port}");
        }),
        // As violations show them.
        Observed::Addresses(addresses) => list(out, "cidrs", addresses, |out, address| {
            let _ = write!(out, r#""{}""#, IpNet::from(*address));
        }),
        Observed::Numbers(numbers) => list(out, "numbers", numbers, |out, number| {
            // Nothing else can be said in JSON.
            let number = if number.is_finite() { *number } else { 0.0 };
            let _ = write!(out, "{number}");
        }),
        Observed::Strings(strings) => list(out, "strings", strings, |out, string| {
            text(out, string);
        }),
    }
    Some(())
}

/// A list as far as it fits: what a device sent may take more bytes in JSON than a message has.
fn list<T>(out: &mut String, name: &str, elements: &[T], write: impl Fn(&mut String, &T)) {
    let _ = write!(out, r#""{name}":["#);
    for (place, element) in elements.iter().enumerate() {
        let before = out.len();
        if place > 0 {
            out.push(',');
        }
        write(out, element);
        if out.len() > EXPORT_VALUE_BYTES {
            out.truncate(before);
            break;
        }
    }
    out.push(']');
}

fn text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use fleetward_domain::{Measure, Metric};

    use super::*;

    fn entry_of(value: Observed<'_>) -> String {
        let measure = Measure { metric: Metric::parse("m").unwrap(), dimension: None };
        entry("m", "a\"\\\u{1}é", &Datapoint { measure: &measure, at_ms: 7, value }).unwrap()
    }

    #[test]
    fn texts_are_escaped() {
        let strings = ["x\n".to_owned(), "y".to_owned()];
        let expected = concat!(
            r#"{"name":"m","thing":"a\"\\\u0001é","value":{"strings":["x\u000a","y"]},"#,
            r#""version":1,"timestamp":7}"#
        );
        assert_eq!(entry_of(Observed::Strings(&strings)), expected);
    }

    #[test]
    fn lists_are_cut_to_what_a_message_can_hold() {
        let strings = vec!["\u{1}".repeat(1_000); 100];
        let entry = entry_of(Observed::Strings(&strings));
        assert!(entry.len() < EXPORT_VALUE_BYTES + 200, "{}", entry.len());
        assert_eq!(entry.matches("\",\"\\u0001").count(), 9, "whole elements only");
        let numbers = [1e300, -0.5, f64::NAN];
        assert!(entry_of(Observed::Numbers(&numbers)).contains(",-0.5,0]"));
    }
}
