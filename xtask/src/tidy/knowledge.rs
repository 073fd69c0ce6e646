//! Who may know what: the invariants of absence that ARCHITECTURE.md states, each with the only
//! places that are excepted, and why.

use std::fs;

use serde_json::Value;

use super::{Source, expect_none, sources};
use crate::test::workspace_root;

/// Fails where code holds one of these words outside these places. A place that ends in `/` is a
/// folder.
fn only(what: &str, places: &[&str], words: &[&str]) {
    let mut complaints = Vec::new();
    let mut used = vec![false; places.len()];
    for source in product() {
        let place = places.iter().position(|place| is_at(&source.path, place));
        for (number, line) in source.code() {
            let Some(word) = words.iter().find(|word| line.contains(**word)) else { continue };
            match place {
                Some(place) => used[place] = true,
                None => complaints.push(format!("{}:{number}: {word}; {what}", source.path)),
            }
        }
    }
    let unused = places.iter().zip(&used).filter(|(_, used)| !**used);
    complaints.extend(unused.map(|(place, _)| format!("{place} is excepted and needs it not")));
    expect_none(&complaints);
}

/// What is delivered: benches, tests and tasks may know what they need.
fn product() -> impl Iterator<Item = Source> {
    let is_product =
        |source: &Source| source.path.starts_with("crates/") && !source.path.contains("/examples/");
    sources().into_iter().filter(move |source| is_product(source))
}

fn is_at(path: &str, place: &str) -> bool {
    path == place || (place.ends_with('/') && path.starts_with(place))
}

#[test]
fn only_the_store_knows_sql() {
    let words = ["rusqlite", "\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "PRAGMA "];
    only("only the store knows SQL", &["crates/store/src/"], &words);
}

#[test]
fn only_alerts_and_the_upstream_dial_out() {
    let places = [
        // The one dialler, with its rules on addresses.
        "crates/alerts/src/dialler.rs",
        // The broker behind the front door.
        "crates/front-door/src/upstream/transport.rs",
        // The demo's lights, and the caller of the API for it and the command line: clients, of the
        // server beside them.
        "crates/fleetward/src/demo/",
        "crates/fleetward/src/api_client.rs",
    ];
    let words = ["TcpStream::connect", "TcpSocket", "UdpSocket", "UnixStream::connect"];
    only("only alerts and the front door's upstream dial out", &places, &words);
}

#[test]
fn only_the_binary_reads_the_environment() {
    let places = ["crates/fleetward/src/command_line.rs", "crates/fleetward/src/tracing_output.rs"];
    let words = ["std::env", "env::var", "env = \"", "try_from_env"];
    only("only the command line reads the environment", &places, &words);
}

#[test]
fn only_who_keeps_something_touches_files() {
    let places = [
        "crates/log/src/disk/",
        "crates/store/src/sqlite/",
        // What a person names on the command line, and the data folder.
        "crates/fleetward/src/settings/file.rs",
        "crates/fleetward/src/keys.rs",
        "crates/fleetward/src/data_dir.rs",
        // Copies what may not be changed, to be read.
        "crates/fleetward/src/check/untouched.rs",
        // The machine's name, for the front door's certificate.
        "crates/fleetward/src/roles/front_door.rs",
        // The demo reads the CA file, as a device's maker would.
        "crates/fleetward/src/demo/",
    ];
    only("only log, store and the binary touch files", &places, &["std::fs", " fs::", "fs::File"]);
}

#[test]
fn only_who_starts_things_takes_the_machines_time_and_randomness() {
    let places = [
        "crates/fleetward/src/",
        // The defaults of settings.
        "crates/alerts/src/settings.rs",
        "crates/front-door/src/settings.rs",
    ];
    let words = ["Clock::system", "Chance::system"];
    only("take a Clock or Chance that is handed down", &places, &words);
}

/// Names of members that AWS's model knows and nobody else would hit upon.
fn members() -> Vec<String> {
    let text = fs::read_to_string(workspace_root().join("model/iot.json")).unwrap();
    let mut names = Vec::new();
    collect_members(&serde_json::from_str(&text).unwrap(), &mut names);
    names.retain(|name| name.chars().any(char::is_uppercase));
    names.sort();
    names.dedup();
    assert!(names.len() > 300);
    names
}

fn collect_members(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let members = map.get("members").and_then(Value::as_array);
            let name = |member: &Value| member.get("name")?.as_str().map(str::to_owned);
            names.extend(members.into_iter().flatten().filter_map(name));
            map.values().for_each(|value| collect_members(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_members(value, names)),
        _ => {}
    }
}

/// Reading or writing a member of JSON by its name, in the ways that code does it.
fn speaks_json(line: &str, members: &[String]) -> bool {
    if line.contains("rename_all = \"camelCase\"") {
        return true;
    }
    let is_member = |part: &str| members.iter().any(|member| member == part);
    let quoted = line.split('"').skip(1).step_by(2);
    let rest = line.split('"').skip(2).step_by(2);
    let before = line.split('"').step_by(2);
    before.zip(quoted).zip(rest).any(|((before, part), after)| {
        let looks_up =
            before.ends_with("get(") || (before.ends_with('[') && after.starts_with(']'));
        let writes = after.starts_with(':') || before.ends_with("rename = ");
        is_member(part) && (looks_up || writes)
    })
}

#[test]
fn only_wire_reads_and_writes_the_operations_json() {
    let members = members();
    // Messages that are none of an operation's, and a client of the API.
    let places = [
        "crates/wire/src/",
        "crates/alerts/src/payload",
        "crates/report/src/reply.rs",
        "crates/fleetward/src/demo/",
    ];
    let mut complaints = Vec::new();
    for source in product().filter(|source| !places.iter().any(|at| source.path.starts_with(at))) {
        let lines = source.code().filter(|(_, line)| speaks_json(line, &members));
        complaints.extend(lines.map(|(number, _)| {
            format!("{}:{number}: only wire reads and writes the operations' JSON", source.path)
        }));
    }
    expect_none(&complaints);
}

#[test]
fn json_of_an_operation_is_known_when_seen() {
    let members = ["thingName".to_owned()];
    for line in [
        "value.get(\"thingName\")",
        "value[\"thingName\"].as_str()",
        "json!({\"thingName\": name})",
        "#[serde(rename = \"thingName\")]",
        "#[serde(rename_all = \"camelCase\")]",
    ] {
        assert!(speaks_json(line, &members), "{line}");
    }
    for line in ["refuse(\"thingName\", \"is too long\")", "get(\"thing\")", "// \"thingName\""] {
        assert!(!speaks_json(line, &members), "{line}");
    }
}
