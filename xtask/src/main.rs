//! Tasks of the workspace, started with `cargo xtask <task>`.

use std::process::ExitCode;

mod bench;
mod deny;
mod model;
mod test;
#[cfg(test)]
mod tidy;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match task.as_deref() {
        Some("model") => model::run(&rest).map_err(|error| error.to_string()),
        Some("test") => match test::run(&rest) {
            Ok(true) => Ok(()),
            // The failures are told, and the closing line counts them.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Some("deny") => deny::run(),
        Some("bench") => bench::run(&rest),
        Some(other) => Err(format!("unknown task {other:?}; {TASKS}")),
        None => Err(TASKS.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

const TASKS: &str = "tasks: test [PART OF A NAME]... | deny | bench NAME|all [--json] | model [--check | --rust-only]";
