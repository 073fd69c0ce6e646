//! Files and lines are short, and names say something.

use super::{expect_none, sources};

const FILE_LINES: usize = 400;
const LINE_COLUMNS: usize = 100;
/// Files that are longer yet. May only get fewer.
const LONG: [&str; 1] = ["crates/wire/src/convert/tests.rs"];
/// Names that say nothing of what is inside.
const MISSING_NAMES: [&str; 5] = ["utils", "helpers", "common", "types", "manager"];

#[test]
fn files_and_lines_are_short() {
    let mut complaints = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > FILE_LINES && !LONG.contains(&source.path.as_str()) {
            complaints.push(format!("{}: {lines} lines, at most {FILE_LINES}", source.path));
        }
        for (number, line) in (1..).zip(source.text.lines()) {
            // A long literal that a foreign document dictates cannot be broken.
            if line.chars().count() > LINE_COLUMNS && !line.contains('"') {
                complaints.push(format!("{}:{number}: over {LINE_COLUMNS}", source.path));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn every_file_has_a_name_that_says_something() {
    let mut complaints = Vec::new();
    for source in sources() {
        for part in source.path.split('/') {
            if MISSING_NAMES.contains(&part.trim_end_matches(".rs")) {
                complaints.push(format!("{}: {part} is a missing name", source.path));
            }
        }
    }
    expect_none(&complaints);
}
