//! The packets of mosquitto's own tests, byte for byte: what a broker answers and when it closes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and may panic"
)]

mod door;
#[path = "../../../mqtt/tests/corpus/read.rs"]
mod read;

use door::Door;
use read::{Case, Step, corpus, read};

/// Sequences that end otherwise, each with the reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

#[test]
fn every_sequence_ends_as_it_should() {
    let Some(folder) = corpus() else { return };
    let cases = read(&folder);
    let mut differ = Vec::new();
    for case in &cases {
        if let Err(problem) = run(case) {
            differ.push(format!("{}: {problem}", case.name));
        }
    }
    let is_known = |name: &String| EXCEPTIONS.iter().any(|(known, _)| name.starts_with(known));
    differ.retain(|name| !is_known(name));
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), cases.len(), differ.join("\n"));
    assert_eq!(cases.len(), 1_826);
}

fn run(case: &Case) -> Result<(), String> {
    let mut door = Door::new();
    if case.is_connected {
        door.connect_first(case.version, &case.name);
    }
    for step in &case.steps {
        match step {
            Step::Send(bytes) => door.feed(bytes),
            Step::Other { topic, payload, qos } => door.other(topic, payload, *qos),
            Step::Receive(wanted) => {
                let got = door.read(wanted.len());
                if got != *wanted {
                    return Err(format!("wanted {wanted:02x?}, got {got:02x?}"));
                }
            }
        }
    }
    let rest = door.read(usize::MAX);
    if !rest.is_empty() {
        return Err(format!("wanted no more, got {rest:02x?}"));
    }
    if door.is_closed() != case.must_disconnect {
        return Err(format!("closed: {}", door.is_closed()));
    }
    Ok(())
}
