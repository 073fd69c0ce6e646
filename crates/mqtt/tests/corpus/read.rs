//! Reads the corpus: files of mosquitto's own tests.

use std::path::{Path, PathBuf};
use std::sync::Once;

use fleetward_mqtt::ProtocolVersion;
use serde_json::Value;

/// A sequence of the corpus.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) version: ProtocolVersion,
    /// Whether a CONNECT comes before what is sent.
    pub(crate) is_connected: bool,
    pub(crate) must_disconnect: bool,
    pub(crate) steps: Vec<Step>,
}

/// One step of a sequence.
#[allow(dead_code, reason = "parsers are held against what is sent, a broker against all")]
pub(crate) enum Step {
    Send(Vec<u8>),
    Receive(Vec<u8>),
    /// Another client publishes.
    Other {
        topic: String,
        payload: String,
        qos: u64,
    },
}

impl Case {
    /// What the client sends, in order.
    #[allow(dead_code, reason = "a broker is held against all steps")]
    pub(crate) fn sent(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.steps.iter().filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes),
            _ => None,
        })
    }
}

/// Where the corpus lies: `$FLEETWARD_TEST_DATA/mqtt-corpus`, or beside the checkout.
pub(crate) fn corpus() -> Option<PathBuf> {
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

pub(crate) fn read(folder: &Path) -> Vec<Case> {
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
    let messages = test.get("msgs").and_then(Value::as_array).unwrap();
    let steps = messages.iter().map(|message| match text(message, "type").as_str() {
        "send" => Step::Send(payload(&text(message, "payload"))),
        "recv" => Step::Receive(payload(&text(message, "payload"))),
        "external_publish" => Step::Other {
            topic: text(message, "topic"),
            payload: text(message, "payload"),
            qos: message.get("qos").and_then(Value::as_u64).unwrap(),
        },
        other => panic!("a step of the kind {other}"),
    });
    Case {
        name: format!("{} / {}", text(group, "group"), text(test, "name")),
        version: if level == 5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 },
        is_connected: truth("connect"),
        must_disconnect: truth("expect_disconnect"),
        steps: steps.collect(),
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
