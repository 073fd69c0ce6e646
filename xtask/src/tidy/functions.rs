//! Functions are short, and the longer ones say inside why they are as they are.

use super::{Source, expect_none, sources};

const FUNCTION_LINES: usize = 70;
/// Files with functions that are longer yet. May only get fewer.
const LONG: [&str; 1] = ["crates/log/src/record/samples.rs"];
/// A function from this length on has something that is not obvious.
const COMMENTED_LINES: usize = 30;
/// What may stand before `fn`.
const QUALIFIERS: [&str; 5] = ["default ", "const ", "async ", "unsafe ", "extern \"C\" "];

/// A function with a body.
struct Function<'a> {
    /// Of its first line.
    number: usize,
    /// From the signature to the closing brace.
    lines: Vec<&'a str>,
}

impl Function<'_> {
    fn has_comment(&self) -> bool {
        let is_comment =
            |line: &&str| line.contains("// ") && !line.trim_start().starts_with("///");
        self.lines.iter().any(is_comment)
    }
}

/// Every function with a body of more than one line, nested ones too.
fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = (0..lines.len()).filter(|&start| is_function(lines[start]));
    starts.filter_map(|start| function(&lines, start)).collect()
}

/// Whether a line begins a function, whatever stands before `fn`.
fn is_function(line: &str) -> bool {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.strip_prefix('(').and_then(|a| a.split_once(") ")).map_or(after, |a| a.1);
        rest = rest.trim_start();
    }
    while let Some(after) = QUALIFIERS.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    rest.starts_with("fn ")
}

/// The function that starts here; none if it is only declared or fits on its line.
fn function<'a>(lines: &[&'a str], start: usize) -> Option<Function<'a>> {
    let rest = lines.get(start..)?;
    let ends_signature = |line: &&str| line.trim_end().ends_with(['{', '}', ';']);
    let signature = rest.iter().position(ends_signature)?;
    if !rest[signature].trim_end().ends_with('{') {
        return None;
    }
    let indent = rest[0].len() - rest[0].trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    let end = rest.iter().position(|line| *line == closing)?;
    Some(Function { number: start + 1, lines: rest[..=end].to_vec() })
}

fn complain(source: &Source, function: &Function<'_>, what: &str) -> String {
    format!("{}:{}: {} lines, {what}", source.path, function.number, function.lines.len())
}

#[test]
fn every_kind_of_function_is_seen() {
    let text = "\
pub(super) async fn one(
    a: u32,
) -> u32 {
    // Because.
    a
}
trait Three {
    fn declared(
        &self,
    ) -> u32;
    fn short(&self) {}
    unsafe fn two() {
        three()
    }
}
pub(in crate::a) const fn three() {
}
";
    let found = functions(text);
    let lines: Vec<_> = found.iter().map(|found| (found.number, found.lines.len())).collect();
    assert_eq!(lines, [(1, 6), (12, 3), (16, 2)]);
    assert_eq!(found.iter().filter(|found| found.has_comment()).count(), 1);
}

#[test]
fn functions_are_short() {
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|source| !LONG.contains(&source.path.as_str())) {
        let long = functions(&source.text)
            .into_iter()
            .filter(|function| function.lines.len() > FUNCTION_LINES)
            .map(|function| complain(source, &function, &format!("at most {FUNCTION_LINES}")));
        complaints.extend(long);
    }
    expect_none(&complaints);
}

#[test]
fn longer_functions_say_why() {
    let mut complaints = Vec::new();
    for source in sources() {
        // Names of tests say what they are about.
        let silent = functions(source.product())
            .into_iter()
            .filter(|function| function.lines.len() >= COMMENTED_LINES && !function.has_comment())
            .map(|function| complain(&source, &function, "say inside why it is as it is"));
        complaints.extend(silent);
    }
    expect_none(&complaints);
}
