//! The test binaries of the workspace, and which tests are in them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::cargo;

/// A binary with tests.
pub(super) struct Binary {
    package: String,
    target: String,
    is_integration: bool,
    executable: PathBuf,
    /// Of the package: where its tests expect to run.
    folder: PathBuf,
}

/// Builds all of them; those with whole servers in them first, because their tests take longest.
pub(super) fn build(root: &Path) -> Result<Vec<Binary>, String> {
    let output = cargo()
        .args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err("the tests do not build".to_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut binaries: Vec<_> = messages.lines().filter_map(read_message).collect();
    if binaries.is_empty() {
        return Err("cargo named no test binary".to_owned());
    }
    binaries.sort_by_key(|binary| !binary.is_integration);
    Ok(binaries)
}

/// The test binary that a message of cargo's speaks of.
fn read_message(line: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_test = message.pointer("/profile/test")?.as_bool()?;
    let executable = message.get("executable")?.as_str()?;
    let target = message.get("target")?;
    let manifest = Path::new(message.get("manifest_path")?.as_str()?);
    let folder = manifest.parent()?.to_owned();
    is_test.then(|| Binary {
        package: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        target: target.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        is_integration: target.pointer("/kind/0").is_some_and(|kind| kind == "test"),
        executable: executable.into(),
        folder,
    })
}

impl Binary {
    /// The folder of its package, and its own name.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.package, self.target)
    }

    /// Starts it as cargo would.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }

    /// Its tests by name, and whether they are to be skipped.
    pub(super) fn tests(&self) -> Result<Vec<(String, bool)>, String> {
        let ignored: HashSet<String> = self.list(&["--ignored"])?.into_iter().collect();
        let all = self.list(&[])?;
        Ok(all.into_iter().map(|name| (name.clone(), ignored.contains(&name))).collect())
    }

    fn list(&self, arguments: &[&str]) -> Result<Vec<String>, String> {
        let output = self
            .command()
            .args(["--list", "--format", "terse"])
            .args(arguments)
            .output()
            .map_err(|error| format!("cannot start {}: {error}", self.name()))?;
        if !output.status.success() {
            return Err(format!("{} does not list its tests", self.name()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }
}

/// The packages whose documentation holds code: each costs a run of rustdoc, so that those
/// without any are not asked.
pub(super) fn packages_with_doc_tests(root: &Path) -> Result<Vec<String>, String> {
    let mut packages = Vec::new();
    let rooms = fs::read_dir(root.join("crates")).map_err(|error| format!("crates: {error}"))?;
    for room in rooms.filter_map(Result::ok).map(|entry| entry.path()) {
        let manifest = fs::read_to_string(room.join("Cargo.toml")).unwrap_or_default();
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = "));
        if let Some(name) = name.filter(|_| has_doc_tests(&room.join("src"))) {
            packages.push(name.trim_matches('"').to_owned());
        }
    }
    Ok(packages)
}

fn has_doc_tests(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.filter_map(Result::ok).map(|entry| entry.path()).any(|path| {
        let text = || fs::read_to_string(&path).unwrap_or_default();
        if path.is_dir() { has_doc_tests(&path) } else { opens_code(&text()) }
    })
}

/// Whether a block of documentation is code, and not `text` or the like.
fn opens_code(text: &str) -> bool {
    let fence = |line: &str| {
        let comment = line.trim().strip_prefix("///").or(line.trim().strip_prefix("//!"))?;
        comment.trim().strip_prefix("```").map(str::to_owned)
    };
    // Every second fence closes a block.
    text.lines().filter_map(fence).step_by(2).any(|kind| kind.is_empty() || kind == "rust")
}
