//! `docs/faults.md`: each fault has a row, and the tests that its row names are there.

use std::fs;

use super::expect_none;
use crate::test::workspace_root;

const PAGE: &str = "docs/faults.md";
/// A section each, in whatever order.
const SECTIONS: [&str; 6] =
    ["Reports", "Profiles and registry", "Clock", "Disk and files", "Processes", "Floods"];
const COLUMNS: &str = "| what goes wrong | what happens | shown by |";

/// What a row has to complain of: its last cell names files in backticks, and behind each the
/// tests in it.
fn complaints_of(cells: &[&str]) -> Vec<String> {
    let [_, wrong, happens, shown, _] = cells else {
        return vec![format!("a row of {} cells, three are right: {cells:?}", cells.len())];
    };
    let mut complaints = Vec::new();
    if wrong.trim().is_empty() || happens.trim().is_empty() {
        complaints.push("an empty cell".to_owned());
    }
    let (mut file, mut tests) = (None, 0);
    for word in shown.split('`').skip(1).step_by(2) {
        if word.ends_with(".rs") {
            file = fs::read_to_string(workspace_root().join(word)).ok();
            if file.is_none() {
                complaints.push(format!("{word} is not there"));
            }
        } else if let Some(file) = &file {
            tests += 1;
            if !file.contains(&format!("fn {word}(")) {
                complaints.push(format!("no test {word} in the file named before it"));
            }
        }
    }
    if tests == 0 {
        complaints.push("name a test: its file in backticks, then its name".to_owned());
    }
    complaints
}

#[test]
fn each_fault_names_the_test_that_shows_what_happens() {
    let text = fs::read_to_string(workspace_root().join(PAGE)).unwrap();
    let mut complaints = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        if !SECTIONS.contains(&title) {
            complaints.push(format!("{PAGE}: no such section: {title}"));
        }
        let mut rows = section.lines().filter(|line| line.starts_with('|'));
        if rows.next() != Some(COLUMNS) {
            complaints.push(format!("{PAGE}: {title} begins with {COLUMNS}"));
        }
        for row in rows.skip(1) {
            let cells: Vec<_> = row.split('|').collect();
            let of_row = |what| format!("{PAGE}: {row:.60}...: {what}");
            complaints.extend(complaints_of(&cells).into_iter().map(of_row));
        }
    }
    expect_none(&complaints);
}

#[test]
fn a_row_without_its_test_is_seen() {
    let here = "xtask/src/tidy/faults.rs";
    let row = |shown: &str| complaints_of(&["", " a ", " b ", shown, ""]).len();
    assert_eq!(row(&format!("`{here}` `a_row_without_its_test_is_seen`")), 0);
    assert_eq!(row(&format!("`{here}` `another`")), 1);
    assert_eq!(row(&format!("`{here}`")), 1);
    assert_eq!(row("`xtask/src/nowhere.rs` `another`"), 2);
    assert_eq!(complaints_of(&["", "a", "b", ""]).len(), 1);
}
