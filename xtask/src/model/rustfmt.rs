//! Generated code goes through rustfmt, so that it never differs by its layout.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::ModelError;

/// Formats Rust source with the workspace's own settings.
pub(super) fn format(root: &Path, source: &str) -> Result<String, ModelError> {
    let failed = |error: std::io::Error| ModelError::Rustfmt(error.to_string());
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = rustfmt.stdin.take() {
        // The child reads all of its input before it writes, so this cannot block on its output.
        input.write_all(source.as_bytes()).map_err(failed)?;
    }
    let output = rustfmt.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(ModelError::Rustfmt(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| ModelError::Rustfmt(error.to_string()))
}
