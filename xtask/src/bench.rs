//! `cargo xtask bench NAME [--json]`: builds the benchmarks for real and runs one.

use std::process::Command;

use crate::test::{succeed, workspace_root};

/// Runs one benchmark; all arguments go to it.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let root = workspace_root();
    if arguments.first().is_some_and(|name| name == "alarm-delay") {
        // This one measures the server itself, so that must be built as users build it.
        let build = ["build", "--quiet", "--release", "--package", "fleetward"];
        succeed(Command::new(&cargo).args(build).current_dir(&root))?;
    }
    let start = ["run", "--quiet", "--release", "--package", "fleetward-benches", "--"];
    succeed(Command::new(&cargo).args(start).args(arguments).current_dir(&root))
}
