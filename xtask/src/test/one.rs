//! One test, in a process of its own.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::binaries::Binary;

/// A test that runs longer is ended; the slowest need a tenth of it.
const LIMIT: Duration = Duration::from_secs(300);

/// A test to run.
pub(super) struct Test<'a> {
    pub(super) binary: &'a Binary,
    pub(super) name: String,
    /// The folder of the foreign clients.
    pub(super) tools: &'a Path,
}

/// How a test ended.
pub(super) struct Ended {
    pub(super) passed: bool,
    /// What it printed.
    pub(super) said: String,
    pub(super) took: Duration,
}

impl Test<'_> {
    /// The test's name with those of its package and binary.
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.binary.name(), self.name)
    }

    /// Runs it; what it prints goes through this file.
    pub(super) fn run(&self, output: &Path) -> Result<Ended, String> {
        let failed = |error: std::io::Error| format!("cannot run {}: {error}", self.full_name());
        // A file and no pipe: a process that the test leaves behind would keep a pipe open.
        let file = File::create(output).map_err(failed)?;
        let began = Instant::now();
        let mut child = self
            .binary
            .command()
            .args(["--exact", &self.name, "--test-threads=1", "--show-output"])
            .env("FLEETWARD_TEST_TOOLS", self.tools)
            .stdin(Stdio::null())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file)
            .spawn()
            .map_err(failed)?;
        let (ended, end) = channel::<()>();
        let id = child.id().to_string();
        // The process cannot be reaped before `wait` returns, so the id stays its own.
        let watch = thread::spawn(move || {
            let too_long = end.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout);
            if too_long {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
            too_long
        });
        let status = child.wait().map_err(failed)?;
        drop(ended);
        let too_long = watch.join().unwrap_or(false);
        let bytes = std::fs::read(output).map_err(failed)?;
        let mut said = String::from_utf8_lossy(&bytes).into_owned();
        if too_long {
            said.push_str(&format!("\nended: it ran longer than {} s\n", LIMIT.as_secs()));
        }
        // A name that no test has would succeed, too, with nothing run.
        let passed = status.success() && said.contains("test result: ok. 1 passed");
        Ok(Ended { passed, said, took: began.elapsed() })
    }
}
