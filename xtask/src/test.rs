//! `cargo xtask test [PART OF A NAME]...`: every test, with the foreign clients that they need.
//!
//! All test binaries are built at once. Then each test runs in a process of its own, as many at
//! once as there are cores: no test sees what another left behind, one that hangs is ended, and
//! a long binary does not hold up the others. What tests print is shown for those that fail.

mod binaries;
mod clients;
mod one;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

use one::{Ended, Test};

/// A test that takes longer is named, so that it is seen.
const SLOW: Duration = Duration::from_secs(15);

/// Sets up what is missing, then runs the tests whose names hold one of the arguments, or all.
/// False if a test failed; the last line printed counts them.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    let root = workspace_root();
    let tools = clients::set_up(&root)?;
    announce("building the tests");
    let binaries = binaries::build(&root)?;
    let mut tests = Vec::new();
    let mut skipped = 0;
    for binary in &binaries {
        let listed = binary.tests()?;
        let is_wanted = |name: &String| {
            arguments.is_empty() || arguments.iter().any(|part| name.contains(part.as_str()))
        };
        let (ignored, active): (Vec<_>, Vec<_>) =
            listed.into_iter().filter(|(name, _)| is_wanted(name)).partition(|(_, skip)| *skip);
        skipped += ignored.len();
        tests.extend(active.into_iter().map(|(name, _)| Test { binary, name, tools: &tools }));
    }
    announce(&format!("running {} tests of {} binaries", tests.len(), binaries.len()));
    let began = Instant::now();
    let mut failed = run_all(&tests, &root)?;
    failed += run_doc_tests(&root, arguments.is_empty())?;
    let passed = tests.len().saturating_sub(failed);
    announce(&format!("the tests took {:.0} s", began.elapsed().as_secs_f64()));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0)
}

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The cargo that runs this.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// Says what goes on.
pub(crate) fn announce(what: &str) {
    println!("xtask: {what}");
}

/// Runs a command to its end.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let status = command.status().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown}: {status}")) }
}

/// Runs the tests, a few at once; gives how many failed.
fn run_all(tests: &[Test<'_>], root: &Path) -> Result<usize, String> {
    let slots = available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(BTreeSet::new());
    let broken = Mutex::new(None);
    let work = |slot: usize| {
        let output = root.join("target").join(format!("test-output-{slot}.txt"));
        while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
            match test.run(&output) {
                Ok(Ended { passed: true, said, took }) => {
                    // Said by a test that this machine does not let do its work.
                    for line in said.lines().filter(|line| line.starts_with("SKIPPED: ")) {
                        announce(&format!("{}: {line}", test.full_name()));
                    }
                    if took >= SLOW {
                        announce(&format!("{} took {:.0} s", test.full_name(), took.as_secs_f64()));
                    }
                }
                Ok(Ended { said, .. }) => {
                    // One call, so that two failures do not mix their lines.
                    println!("--- {} failed ---\n{said}", test.full_name());
                    failed
                        .lock()
                        .unwrap_or_else(|poison| poison.into_inner())
                        .insert(test.full_name());
                }
                Err(error) => {
                    *broken.lock().unwrap_or_else(|poison| poison.into_inner()) = Some(error);
                    return;
                }
            }
        }
    };
    scope(|scope| {
        for slot in 0..slots {
            scope.spawn(move || work(slot));
        }
    });
    if let Some(error) = broken.into_inner().unwrap_or_else(|poison| poison.into_inner()) {
        return Err(error);
    }
    let failed = failed.into_inner().unwrap_or_else(|poison| poison.into_inner());
    for name in &failed {
        announce(&format!("failed: {name}"));
    }
    Ok(failed.len())
}

/// Runs the examples in documentation, if there are any; 1 if some failed.
fn run_doc_tests(root: &Path, wanted: bool) -> Result<usize, String> {
    let packages = if wanted { binaries::packages_with_doc_tests(root)? } else { Vec::new() };
    if packages.is_empty() {
        return Ok(0);
    }
    let mut tests = cargo();
    tests.args(["test", "--doc", "--quiet"]).current_dir(root);
    for package in &packages {
        tests.args(["--package", package]);
    }
    Ok(usize::from(succeed(&mut tests).is_err()))
}
