//! The packets of mosquitto's own tests: sequences of bytes with what a broker must do.
//!
//! All of them go through the scanner and the parsers. For those that are a CONNECT alone, the
//! verdict of our parser is held against that of the corpus. The corpus speaks of a broker, we
//! parse; what can be told apart only by a broker is on a list by name.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and may panic"
)]

use std::path::{Path, PathBuf};
use std::sync::Once;

use fleetward_mqtt::packet::*;
use fleetward_mqtt::{MqttError, PacketType, ProtocolVersion, Scan, scan};
use serde_json::Value;

/// The most a broker of the corpus takes is more; no sequence has so large a frame for real.
const MAX_PACKET_BYTES: usize = 100_000;

/// CONNECTs whose verdict differs, each with the reason.
const EXCEPTIONS: [(&str, &str); 5] = [
    ("v3.1   CONNECT / 10 ok", "MQTT 3.1 is not supported"),
    ("v3.1   CONNECT / 10 ok ", "MQTT 3.1 is not supported"),
    ("v3.1   CONNECT / 14 ok ", "MQTT 3.1 is not supported"),
    ("v5.0   CONNECT / tiny max packet", "well formed, no CONNACK would fit"),
    (
        "v5.0   CONNECT EXTENDED AUTH / unsupported authentication method",
        "which methods there are is the server's to say",
    ),
];

struct Case {
    name: String,
    version: ProtocolVersion,
    /// Whether a CONNECT comes before what is sent.
    is_connected: bool,
    must_disconnect: bool,
    /// What the client sends, in order.
    sent: Vec<Vec<u8>>,
}

#[test]
fn every_sequence_is_scanned_and_parsed() {
    let Some(folder) = corpus() else { return };
    let cases = read(&folder);
    let frames: usize = cases.iter().map(|case| parse_all(case).0).sum();
    assert!(cases.len() > 1_800, "{} sequences", cases.len());
    assert!(frames > 1_500, "{frames} whole frames");
}

#[test]
fn verdicts_on_connect_agree() {
    let Some(folder) = corpus() else { return };
    let mut agree = 0;
    let mut differ = Vec::new();
    for case in read(&folder).iter().filter(|case| is_lone_connect(case)) {
        let (_, error) = parse_all(case);
        if error.is_some() == case.must_disconnect {
            agree += 1;
        } else {
            differ.push((case.name.clone(), error));
        }
    }
    let mut names: Vec<_> = differ.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, EXCEPTIONS.map(|(name, _)| name), "{differ:#?}");
    assert_eq!(agree, 300);
}

/// A gateway that refuses what brokers take breaks devices that work today.
#[test]
fn nothing_that_a_broker_takes_is_refused() {
    let Some(folder) = corpus() else { return };
    let mut refused = Vec::new();
    for case in read(&folder).iter().filter(|case| !case.must_disconnect) {
        if let (_, Some(error)) = parse_all(case)
            && EXCEPTIONS.iter().all(|(name, _)| *name != case.name)
        {
            refused.push((case.name.clone(), error));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Nine of ten sequences that must end the connection are seen through by the parsers alone. The
/// others break the rules of a session: no CONNECT before, an answer to nothing, a packet that
/// only a server sends, a DISCONNECT that is in order.
#[test]
fn most_of_what_a_broker_refuses_is_refused() {
    let Some(folder) = corpus() else { return };
    let cases = read(&folder);
    let must_disconnect: Vec<_> = cases.iter().filter(|case| case.must_disconnect).collect();
    let refused = must_disconnect.iter().filter(|case| parse_all(case).1.is_some()).count();
    assert_eq!((refused, must_disconnect.len()), (1_433, 1_606));
}

/// Where the corpus lies: `$FLEETWARD_TEST_DATA/mqtt-corpus`, or beside the checkout.
fn corpus() -> Option<PathBuf> {
    let data = std::env::var_os("FLEETWARD_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("mqtt-corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    let hint = "copy test/broker/data of eclipse-mosquitto/mosquitto to mqtt-corpus in the folder \
                that FLEETWARD_TEST_DATA names";
    assert!(std::env::var_os("CI").is_none(), "the MQTT corpus is missing: {hint}");
    static SAID: Once = Once::new();
    SAID.call_once(|| eprintln!("skipped, the MQTT corpus is missing: {hint}"));
    None
}

fn read(folder: &Path) -> Vec<Case> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let groups: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for group in groups.as_array().unwrap() {
            if group.get("disable").and_then(Value::as_bool) == Some(true) {
                continue;
            }
            for test in group.get("tests").and_then(Value::as_array).unwrap() {
                cases.push(read_case(group, test));
            }
        }
    }
    cases
}

fn read_case(group: &Value, test: &Value) -> Case {
    let text = |value: &Value, key| value.get(key).and_then(Value::as_str).unwrap().to_owned();
    let setting = |key| test.get(key).or_else(|| group.get(key));
    let truth = |key| setting(key).and_then(Value::as_bool).unwrap_or(true);
    let level = setting("ver").and_then(Value::as_u64).unwrap_or(4);
    let sent = (test.get("msgs").and_then(Value::as_array).unwrap().iter())
        .filter(|message| text(message, "type") == "send")
        .map(|message| payload(&text(message, "payload")))
        .collect();
    Case {
        name: format!("{} / {}", text(group, "group"), text(test, "name")),
        version: if level == 5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 },
        is_connected: truth("connect"),
        must_disconnect: truth("expect_disconnect"),
        sent,
    }
}

/// Bytes of the corpus' notation: hex, or a letter for the kind and a decimal number, or text
/// in single quotes. Tokens are parted by spaces; a quoted text may have spaces.
fn payload(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (inner, behind) = quoted.split_once('\'').unwrap();
            out.extend_from_slice(inner.as_bytes());
            rest = behind.trim_start();
            continue;
        }
        let (token, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = behind.trim_start();
        let number = || token.get(1..).unwrap().parse::<u32>().unwrap();
        match token.chars().next().unwrap() {
            'i' => out.push(u8::try_from(number()).unwrap()),
            'H' | 'k' | 'm' | 's' => out.extend(u16::try_from(number()).unwrap().to_be_bytes()),
            'L' => out.extend(number().to_be_bytes()),
            'v' | 'r' => variable_integer(&mut out, number()),
            _ => out.extend(hex(token)),
        }
    }
    out
}

/// Not the crate's own, for it refuses what the corpus has on purpose: more than four bytes.
fn variable_integer(out: &mut Vec<u8>, mut value: u32) {
    while value >= 128 {
        out.push(u8::try_from(value % 128).unwrap() | 128);
        value /= 128;
    }
    out.push(u8::try_from(value).unwrap());
}

fn hex(token: &str) -> Vec<u8> {
    assert!(token.len().is_multiple_of(2), "{token}");
    (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(token.get(at..at + 2).unwrap(), 16).unwrap())
        .collect()
}

fn is_lone_connect(case: &Case) -> bool {
    let is_connect = |bytes: &Vec<u8>| bytes.first().is_some_and(|first| first >> 4 == 1);
    !case.is_connected && case.sent.len() == 1 && case.sent.first().is_some_and(is_connect)
}

/// How many whole frames the client sends, and the first error; the connection ends with it.
/// A frame that never ends is an error too: a broker gives up waiting.
fn parse_all(case: &Case) -> (usize, Option<MqttError>) {
    let sent = case.sent.concat();
    let mut rest = sent.as_slice();
    let mut frames = 0;
    while !rest.is_empty() {
        match scan(rest, MAX_PACKET_BYTES) {
            Ok(Scan::Frame(frame)) => {
                frames += 1;
                let body = frame.body(rest);
                if let Err(error) = parse(case.version, frame.packet_type, frame.flags, body) {
                    return (frames, Some(error));
                }
                rest = rest.get(frame.total_bytes..).unwrap();
            }
            Ok(Scan::Incomplete { .. }) => {
                return (frames, Some(MqttError::Truncated { field: "the frame" }));
            }
            Err(error) => return (frames, Some(error)),
        }
    }
    (frames, None)
}

fn parse(
    version: ProtocolVersion,
    packet_type: PacketType,
    flags: u8,
    body: &[u8],
) -> Result<(), MqttError> {
    match packet_type {
        PacketType::Connect => Connect::parse(body).map(drop),
        PacketType::Connack => Connack::parse(version, body).map(drop),
        PacketType::Publish => Publish::parse(version, flags, body)?.check_from_client(),
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => {
            let kind = AnswerKind::from_packet_type(packet_type).unwrap();
            Answer::parse(version, kind, body).map(drop)
        }
        PacketType::Subscribe => Subscribe::parse(version, body).map(drop),
        PacketType::Suback => Suback::parse(version, SubackKind::Suback, body).map(drop),
        PacketType::Unsubscribe => Unsubscribe::parse(version, body).map(drop),
        PacketType::Unsuback => Suback::parse(version, SubackKind::Unsuback, body).map(drop),
        PacketType::Pingreq | PacketType::Pingresp => ping::check_body(body),
        PacketType::Disconnect => Disconnect::parse(version, body).map(drop),
        PacketType::Auth => Ok(()),
    }
}
