//! The engine finds the same however the reports are written.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fleetward_benches::engine::{Found, Ours};
use fleetward_fleet::{Fleet, thing_name};
use fleetward_report::Format;
use minicbor::Encoder;
use serde_json::{Map, Value};

const SHORT: [(&str, &str); 20] = [
    ("header", "hed"),
    ("report_id", "rid"),
    ("version", "v"),
    ("metrics", "met"),
    ("listening_tcp_ports", "tp"),
    ("listening_udp_ports", "up"),
    ("ports", "pts"),
    ("port", "pt"),
    ("interface", "if"),
    ("total", "t"),
    ("network_stats", "ns"),
    ("bytes_in", "bi"),
    ("bytes_out", "bo"),
    ("packets_in", "pi"),
    ("packets_out", "po"),
    ("tcp_connections", "tc"),
    ("established_connections", "ec"),
    ("connections", "cs"),
    ("remote_addr", "rad"),
    ("custom_metrics", "cmet"),
];

fn with_short_names(value: &Value) -> Value {
    let short = |key: &String| {
        SHORT
            .iter()
            .find(|(long, _)| long == key)
            .map_or(key.clone(), |(_, short)| short.to_string())
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (short(key), with_short_names(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(elements) => elements.iter().map(with_short_names).collect(),
        other => other.clone(),
    }
}

/// Keys from back to front.
fn backwards(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            out.push('{');
            for (place, (key, value)) in members.iter().rev().enumerate() {
                out.push_str(if place > 0 { ", " } else { " " });
                out.push_str(&format!("\"{key}\" : "));
                backwards(value, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (place, element) in elements.iter().enumerate() {
                out.push_str(if place > 0 { ",\n" } else { "" });
                backwards(element, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn cbor(value: &Value, e: &mut Encoder<&mut Vec<u8>>) {
    match value {
        Value::Object(members) => {
            e.map(members.len() as u64).unwrap();
            for (key, value) in members {
                e.str(key).unwrap();
                cbor(value, e);
            }
        }
        Value::Array(elements) => {
            e.array(elements.len() as u64).unwrap();
            elements.iter().for_each(|element| cbor(element, e));
        }
        Value::String(text) => {
            e.str(text).unwrap();
        }
        number => {
            e.u64(number.as_u64().unwrap()).unwrap();
        }
    }
}

/// What is found in a small fleet whose reports are rewritten.
fn found(format: Format, rewrite: impl Fn(&Value) -> Vec<u8>) -> Found {
    let mut fleet = Fleet::new(1_000, 10);
    let mut ours = Ours::new(1_000).unwrap();
    while let Some(report) = fleet.next_report() {
        let document = serde_json::from_str(report.payload).unwrap();
        let name = thing_name(report.thing);
        ours.take(&name, report.at_ms, &rewrite(&document), format).unwrap();
    }
    ours.finish()
}

#[test]
fn names_order_and_notation_make_no_difference() {
    let as_it_is = found(Format::Json, |document| document.to_string().into_bytes());
    assert!(as_it_is.alarms > 200 && as_it_is.clears > 200, "{as_it_is:?}");
    let short = found(Format::Json, |d| with_short_names(d).to_string().into_bytes());
    assert_eq!(short, as_it_is);
    let shuffled = found(Format::Json, |document| {
        let mut text = String::new();
        backwards(document, &mut text);
        text.into_bytes()
    });
    assert_eq!(shuffled, as_it_is);
    for short in [false, true] {
        let binary = found(Format::Cbor, |document| {
            let mut bytes = Vec::new();
            let document = if short { with_short_names(document) } else { document.clone() };
            cbor(&document, &mut Encoder::new(&mut bytes));
            bytes
        });
        assert_eq!(binary, as_it_is);
    }
}
