//! What measuring and judging may know. (That modules form no circle is a test of all rooms.)

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// For each module of the crate's root those that its files, or those below it, use.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let mut uses = BTreeMap::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut uses);
    uses.remove("lib");
    assert!(uses.len() > 10, "the sources were not found");
    uses
}

fn collect(folder: &Path, module: Option<&str>, uses: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let own = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let module = module.unwrap_or(&own);
        if path.is_dir() {
            collect(&path, Some(module), uses);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let used = text.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_lowercase());
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        let used = used.filter(|used| !used.is_empty() && used != module);
        uses.entry(module.to_owned()).or_default().extend(used);
    }
}

/// Everything that a module uses, directly or not.
fn reached(from: &str, uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for used in uses.get(&module).into_iter().flatten() {
            if reached.insert(used.clone()) {
                next.push(used.clone());
            }
        }
    }
    reached
}

#[test]
fn measuring_knows_nothing_of_judging() {
    let reached = reached("measure", &uses());
    assert_eq!(reached, BTreeSet::from(["limits".to_owned()]));
}

#[test]
fn judges_know_datapoints_and_nothing_else() {
    assert_eq!(reached("judge", &uses()), BTreeSet::from(["limits".to_owned()]));
}
