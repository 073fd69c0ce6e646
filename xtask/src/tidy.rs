//! Rules of the project that no lint knows, as tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::test::workspace_root;

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
const LINE_COLUMNS: usize = 100;
/// Rooms that know no clock, no IO, no randomness and no async runtime.
const PURE: [&str; 7] = ["domain", "shape", "policy", "mqtt", "report", "fleet", "detect"];
/// What a pure room must not depend on.
const IMPURE: [&str; 8] =
    ["tokio", "hyper", "axum", "rusqlite", "rand", "tracing", "rustls", "async-trait"];
/// The rooms, lowest first: a room depends only on rooms before it.
const ORDER: [&str; 16] = [
    "domain",
    "shape",
    "policy",
    "mqtt",
    "report",
    "fleet",
    "detect",
    "wire",
    "environment",
    "store",
    "log",
    "front-door",
    "control",
    "alerts",
    "console",
    "fleetward",
];
/// Names that say nothing of what is inside.
const MISSING_NAMES: [&str; 5] = ["utils", "helpers", "common", "types", "manager"];

/// All source files that people write, with their texts.
fn sources() -> Vec<(PathBuf, String)> {
    let root = workspace_root();
    let mut found = Vec::new();
    for folder in ["crates", "sim", "benches", "xtask", "tests"] {
        collect(&root.join(folder), &mut found);
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "generated") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

/// Fails with all complaints at once.
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn files_and_lines_are_short() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES {
            complaints.push(format!("{}: {lines} lines, at most {FILE_LINES}", path.display()));
        }
        for (number, line) in text.lines().enumerate() {
            // A long literal that a foreign document dictates cannot be broken.
            if line.chars().count() > LINE_COLUMNS && !line.contains('"') {
                complaints.push(format!("{}:{}: over {LINE_COLUMNS}", path.display(), number + 1));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn functions_are_short() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<_> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(crate) fn "]
                .iter()
                .any(|prefix| line.trim_start().starts_with(prefix));
            if !is_function || line.trim_end().ends_with([';', '}']) {
                continue;
            }
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines.iter().skip(start).position(|line| *line == closing).unwrap_or(0);
            if length > FUNCTION_LINES {
                complaints.push(format!(
                    "{}:{}: {length} lines, at most {FUNCTION_LINES}",
                    path.display(),
                    start + 1
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn every_file_has_a_name_that_says_something() {
    let mut complaints = Vec::new();
    for (path, _) in sources() {
        for part in path.strip_prefix(workspace_root()).unwrap() {
            let part = part.to_string_lossy();
            if MISSING_NAMES.contains(&part.trim_end_matches(".rs")) {
                complaints.push(format!("{}: {part} is a missing name", path.display()));
            }
        }
    }
    expect_none(&complaints);
}

/// Our packages: name without prefix, and the names of what they depend on outside tests.
fn packages() -> Vec<(String, Vec<String>)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace_root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bare = |name: &Value| name.as_str().unwrap().trim_start_matches("fleetward-").to_owned();
    let of = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
        (bare(&package["name"]), normal.map(|dependency| bare(&dependency["name"])).collect())
    };
    metadata["packages"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut complaints = Vec::new();
    let place = |name: &str| ORDER.iter().position(|room| *room == name);
    for (room, dependencies) in packages() {
        let Some(own) = place(&room) else { continue };
        for dependency in dependencies {
            if place(&dependency).is_some_and(|other| other >= own) {
                complaints.push(format!("{room} must not depend on {dependency}"));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn pure_rooms_stay_pure() {
    let mut complaints = Vec::new();
    for (room, dependencies) in packages() {
        let foreign = dependencies.iter().filter(|name| IMPURE.contains(&name.as_str()));
        if PURE.contains(&room.as_str()) {
            complaints.extend(foreign.map(|name| format!("{room} is pure and depends on {name}")));
        }
    }
    for room in PURE {
        let lints = workspace_root().join("crates").join(room).join("clippy.toml");
        if !fs::read_to_string(&lints).is_ok_and(|text| text.contains("time is an argument")) {
            complaints.push(format!("{} does not ban the clock", lints.display()));
        }
    }
    expect_none(&complaints);
}

#[test]
fn only_the_store_knows_sql_and_only_alerts_dials_out() {
    let mut complaints = Vec::new();
    for (room, dependencies) in packages() {
        let has = |name: &str| dependencies.iter().any(|dependency| dependency == name);
        if has("rusqlite") && room != "store" {
            complaints.push(format!("{room} depends on rusqlite"));
        }
        if has("webpki-roots") && room != "alerts" {
            complaints.push(format!("{room} depends on webpki-roots"));
        }
    }
    expect_none(&complaints);
}

#[test]
fn every_setting_is_in_the_reference() {
    let reference = fs::read_to_string(workspace_root().join("docs/settings.md")).unwrap();
    let path = workspace_root().join("crates/fleetward/src/settings/file.rs");
    let source = fs::read_to_string(path).unwrap();
    let (_, keys) = source.split_once("TOP_KEYS: [&str; 15] = [").unwrap();
    let (keys, _) = keys.split_once(']').unwrap();
    let keys: Vec<_> = keys.split('"').skip(1).step_by(2).filter(|key| *key != "config").collect();
    assert!(keys.len() > 10);
    let missing = keys.iter().filter(|key| !reference.contains(&format!("`{key}`")));
    expect_none(&missing.map(|key| format!("docs/settings.md lacks {key}")).collect::<Vec<_>>());
}
