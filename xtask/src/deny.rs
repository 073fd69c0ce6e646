//! `cargo xtask deny`: licences, bans and sources of everything that is built in (`deny.toml`).
//!
//! Advisories are left out: they need a database from the network, and change without a commit.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::test::{announce, cargo, succeed, workspace_root};

/// The version that judges; another one may judge differently.
const VERSION: &str = "0.20.2";

/// Installs the judge below `target/tools`, once, and asks it.
pub(crate) fn run() -> Result<(), String> {
    let root = workspace_root();
    let program = install(&root.join("target").join("tools"))?;
    let mut check = Command::new(program);
    check.args(["--offline", "--workspace", "check", "bans", "licenses", "sources"]);
    check.current_dir(&root);
    succeed(&mut check)
}

fn install(tools: &Path) -> Result<PathBuf, String> {
    let program = tools.join("bin").join("cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    let is_there =
        version.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).trim().ends_with(VERSION));
    if !is_there {
        announce("installing cargo-deny, once; that takes minutes");
        let mut install = cargo();
        // Unoptimised: it runs for a second, and optimising it takes longer than that saves.
        install.args(["install", "--locked", "--quiet", "--debug", "--force", "--root"]).arg(tools);
        succeed(install.args(["cargo-deny", "--version", &format!("={VERSION}")]))?;
    }
    Ok(program)
}
