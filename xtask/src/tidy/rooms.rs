//! The order of the rooms, and what a pure one does without.

use std::fs;

use serde_json::Value;

use super::{expect_none, sources};
use crate::test::{cargo, workspace_root};

/// The rooms, lowest first: a room depends only on rooms before it.
const ORDER: [&str; 19] = [
    "domain",
    "shape",
    "policy",
    "mqtt",
    "broker",
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
    "oracle",
    "sim",
];
/// Rooms that know no clock, no IO, no randomness and no async runtime.
const PURE: [&str; 9] =
    ["domain", "shape", "policy", "mqtt", "broker", "report", "fleet", "detect", "wire"];
/// What a pure room must not depend on.
const IMPURE: [&str; 11] = [
    "tokio",
    "hyper",
    "axum",
    "rusqlite",
    "rand",
    "getrandom",
    "tracing",
    "rustls",
    "async-trait",
    "fleetward-environment",
    "futures-util",
];
/// What a pure room must not name. `clippy.toml` bans the calls; this sees the imports.
const IMPURE_WORDS: [&str; 8] = [
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::env",
    "std::thread",
    "std::process",
    "SystemTime",
    "Instant::",
];

/// A package of the workspace.
struct Package {
    name: String,
    /// What it depends on outside tests.
    dependencies: Vec<String>,
}

impl Package {
    fn room(&self) -> &str {
        self.name.trim_start_matches("fleetward-")
    }
}

fn packages() -> Vec<Package> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace_root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap();
        let normal = all.iter().filter(|dependency| dependency["kind"].is_null());
        let dependencies = normal.map(|dependency| text(&dependency["name"])).collect();
        Package { name: text(&package["name"]), dependencies }
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

#[test]
fn every_room_has_a_place_in_the_order() {
    let root = workspace_root();
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let mut complaints = Vec::new();
    for entry in fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path()) {
        let room = entry.file_name().unwrap().to_string_lossy().into_owned();
        if !entry.is_dir() {
            continue;
        }
        if !ORDER.contains(&room.as_str()) {
            complaints.push(format!("crates/{room} has no place in the order of the rooms"));
        }
        if !map.contains(&format!("`crates/{room}`")) {
            complaints.push(format!("ARCHITECTURE.md does not say what crates/{room} is"));
        }
    }
    expect_none(&complaints);
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut complaints = Vec::new();
    let place =
        |name: &str| ORDER.iter().position(|room| *room == name.trim_start_matches("fleetward-"));
    let packages = packages();
    assert!(
        packages.iter().filter(|package| place(&package.name).is_some()).count() == ORDER.len()
    );
    for package in packages {
        let Some(own) = place(&package.name) else { continue };
        for dependency in &package.dependencies {
            if place(dependency).is_some_and(|other| other >= own) {
                complaints.push(format!("{} must not depend on {dependency}", package.room()));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn pure_rooms_depend_on_nothing_impure() {
    let mut complaints = Vec::new();
    for package in packages().iter().filter(|package| PURE.contains(&package.room())) {
        let foreign = package.dependencies.iter().filter(|name| IMPURE.contains(&name.as_str()));
        complaints.extend(foreign.map(|name| format!("{} depends on {name}", package.name)));
    }
    expect_none(&complaints);
}

#[test]
fn pure_rooms_name_nothing_impure() {
    let mut complaints = Vec::new();
    let sources = sources();
    for source in sources.iter().filter(|source| PURE.contains(&source.room())) {
        for (number, line) in source.code() {
            if let Some(word) = IMPURE_WORDS.iter().find(|word| line.contains(**word)) {
                complaints.push(format!("{}:{number}: {word} in a pure room", source.path));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn pure_rooms_ban_the_machine() {
    let crates = workspace_root().join("crates");
    let bans = fs::read_to_string(crates.join("pure.clippy.toml")).unwrap();
    assert!(bans.contains("time is an argument here"));
    for room in PURE {
        let own = fs::read_to_string(crates.join(room).join("clippy.toml")).unwrap_or_default();
        assert!(own == bans, "crates/{room}/clippy.toml must link to ../pure.clippy.toml");
    }
}
