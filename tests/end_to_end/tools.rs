//! The foreign clients.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use fleetward_hands::Stack;

/// The folder that `cargo xtask test` fills with a Python environment.
fn tools() -> PathBuf {
    let tools = env::var_os("FLEETWARD_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-tools"),
        PathBuf::from,
    );
    assert!(
        tools.join("installed.txt").exists(),
        "the foreign clients are missing: `cargo xtask test` sets them up"
    );
    tools
}

/// A program of the Python environment, with credentials for the stack.
pub(crate) fn python_tool(stack: &Stack, program: &str) -> Command {
    let mut command = Command::new(tools().join("bin").join(program));
    command
        .env("AWS_ACCESS_KEY_ID", stack.key_id())
        .env("AWS_SECRET_ACCESS_KEY", &stack.secret)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_PAGER", "")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1");
    command
}

/// Runs `aws ARGUMENTS --endpoint-url …`.
pub(crate) fn aws_raw(stack: &Stack, arguments: &[&str]) -> Output {
    python_tool(stack, "aws")
        .args(arguments)
        .args(["--endpoint-url", &stack.endpoint(), "--output", "json"])
        .output()
        .unwrap()
}

/// Runs it, expects success, and gives what it printed.
pub(crate) fn aws(stack: &Stack, arguments: &[&str]) -> Value {
    let output = aws_raw(stack, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "aws {arguments:?}: {stderr}");
    if output.stdout.iter().all(u8::is_ascii_whitespace) {
        return Value::Null;
    }
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a shell script, as a page of documentation has it, with `aws` on the path.
pub(crate) fn shell(stack: &Stack, script: &str) -> Output {
    let bin = tools().join("bin");
    let path = env::join_paths(
        std::iter::once(bin).chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    );
    let mut command = python_tool(stack, "python");
    let mut shell = Command::new("sh");
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let _ = &mut command;
    shell
        .env("PATH", path.unwrap())
        .env("AWS_ENDPOINT_URL", stack.endpoint())
        .args(["-c", script])
        .output()
        .unwrap()
}
