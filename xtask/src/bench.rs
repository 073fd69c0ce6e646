//! `cargo xtask bench NAME [--json]`: builds the benchmarks for real and runs one. `all` runs each
//! once, in its own size, and prints one table of all figures.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::test::{succeed, workspace_root};

/// The head of the table of all figures.
const HEAD: &str = "\
| case | right | figure | median | least to most | unit | must | goal | verdict |
|---|---|---|---|---|---|---|---|---|";

/// Runs one benchmark, to which all arguments go, or all of them.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let root = workspace_root();
    // Some measure the server itself, so that must be built as users build it.
    let packages = ["--package", "fleetward", "--package", "fleetward-benches"];
    let build = ["build", "--quiet", "--release"];
    succeed(Command::new(&cargo).args(build).args(packages).current_dir(&root))?;
    if let Some(("all", rest)) = arguments.split_first().map(|(name, rest)| (name.as_str(), rest)) {
        return all(&cargo, &root, rest);
    }
    succeed(benches(&cargo, &root).args(arguments))
}

fn benches(cargo: &str, root: &Path) -> Command {
    let mut command = Command::new(cargo);
    let start = ["run", "--quiet", "--release", "--package", "fleetward-benches", "--"];
    command.args(start).current_dir(root);
    command
}

/// Runs every case in a process of its own, so that none finds the memory of another.
fn all(cargo: &str, root: &Path, arguments: &[String]) -> Result<(), String> {
    let cases = said_by(benches(cargo, root).arg("list"))?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (place, case) in cases.lines().enumerate() {
        eprintln!("{case}");
        let mut command = benches(cargo, root);
        command.args([case, "--json"]).args(arguments);
        if place > 0 {
            // Only the first looks whether the machine is idle: after it, it is busy with ours.
            command.arg("--any-load");
        }
        let said = said_by(&mut command);
        let outcome = said.and_then(|said| {
            serde_json::from_str::<Value>(&said).map_err(|error| format!("{error}: {said}"))
        });
        match outcome {
            Ok(outcome) => {
                if outcome.get("correct") != Some(&Value::Bool(true)) {
                    failed.push(format!("{case}: its answer is wrong"));
                }
                rows.extend(table(&outcome));
                let notes = outcome.get("notes").and_then(Value::as_array).into_iter().flatten();
                notes.filter_map(Value::as_str).for_each(|note| eprintln!("  {note}"));
            }
            Err(problem) => failed.push(format!("{case}: {problem}")),
        }
    }
    println!("{}", machine(root));
    println!("\n{HEAD}");
    rows.iter().for_each(|row| println!("{row}"));
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// What a command prints; a case with a wrong answer prints it all the same.
fn said_by(command: &mut Command) -> Result<String, String> {
    let done = command.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    if said.is_empty() { Err(format!("it printed nothing: {}", done.status)) } else { Ok(said) }
}

/// The rows of one case.
fn table(outcome: &Value) -> Vec<String> {
    let text = |of: &Value, member: &str| match of.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => short(number.as_f64().unwrap_or(f64::NAN)),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "NO".to_owned(),
        _ => "-".to_owned(),
    };
    let (case, right) = (text(outcome, "case"), text(outcome, "correct"));
    let figures = outcome.get("figures").and_then(Value::as_array).into_iter().flatten();
    let row = |figure: &Value| {
        let [name, median, least, most, unit, must, goal, verdict] =
            ["name", "median", "least", "most", "unit", "must", "goal", "verdict"]
                .map(|member| text(figure, member));
        format!(
            "| {case} | {right} | {name} | {median} | {least} to {most} | {unit} | {must} | \
             {goal} | {verdict} |"
        )
    };
    figures.map(row).collect()
}

/// Three digits that matter, and no more.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// When, of which commit, and on what.
fn machine(root: &Path) -> String {
    let of = |program: &str, arguments: &[&str]| {
        said_by(Command::new(program).args(arguments).current_dir(root)).unwrap_or_default()
    };
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, commit {}, {processors} processors, {}",
        of("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        of("git", &["rev-parse", "--short", "HEAD"]),
        of("uname", &["-srm"])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_of_a_case_is_a_row() {
        let outcome = serde_json::json!({
            "case": "restart", "correct": false,
            "figures": [
                {"name": "after a kill", "unit": "ms", "median": 812.4, "least": 700.0,
                 "most": 1234.5, "must": "<= 2000", "goal": "<= 1000", "verdict": "goal"},
                {"name": "the limit", "unit": "ms", "median": null},
            ],
        });
        assert_eq!(
            table(&outcome),
            [
                "| restart | NO | after a kill | 812 | 700 to 1234 | ms | <= 2000 | <= 1000 | goal |",
                "| restart | NO | the limit | - | - to - | ms | - | - | - |",
            ]
        );
    }
}
