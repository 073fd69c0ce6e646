//! Lists are tests: every setting is in the reference.

use std::fs;

use super::expect_none;
use crate::test::workspace_root;

#[test]
fn every_setting_is_in_the_reference() {
    let reference = fs::read_to_string(workspace_root().join("docs/settings.md")).unwrap();
    let path = workspace_root().join("crates/fleetward/src/settings/file.rs");
    let source = fs::read_to_string(path).unwrap();
    let (_, list) = source.split_once("TOP_KEYS: [&str; ").unwrap();
    let (_, keys) = list.split_once("] = [").unwrap();
    let (keys, _) = keys.split_once(']').unwrap();
    let keys: Vec<_> = keys.split('"').skip(1).step_by(2).filter(|key| *key != "config").collect();
    assert!(keys.len() > 10);
    let missing = keys.iter().filter(|key| !reference.contains(&format!("`{key}`")));
    expect_none(&missing.map(|key| format!("docs/settings.md lacks {key}")).collect::<Vec<_>>());
}
