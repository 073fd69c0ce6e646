//! Runs the small Python program that reads botocore's service model.

use std::io::Write;
use std::process::{Command, Stdio};

use super::ModelError;

/// The facts of AWS IoT's service model as JSON, or how to get botocore.
pub(super) fn facts() -> Result<String, ModelError> {
    let failed = |error: std::io::Error| ModelError::Botocore(error.to_string());
    let mut python = Command::new("python3")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = python.stdin.take() {
        input.write_all(include_bytes!("extract.py")).map_err(failed)?;
    }
    let output = python.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let reason = told.trim().lines().last().unwrap_or("python3 failed").to_owned();
        return Err(ModelError::Botocore(reason));
    }
    String::from_utf8(output.stdout).map_err(|error| ModelError::Botocore(error.to_string()))
}
