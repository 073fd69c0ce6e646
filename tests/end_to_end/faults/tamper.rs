//! `strace` between the server and its files.

use std::fs;
use std::path::Path;

use fleetward_hands::Stack;

/// The first segment of the event log.
pub(crate) const SEGMENT: &str = "log/00000000000000000000.log";
/// The store.
pub(crate) const STORE: &str = "fleetward.db";
/// What the store writes first.
pub(crate) const STORE_WAL: &str = "fleetward.db-wal";

/// Lets the next start run under `strace`, which tampers with calls to these files and traces them.
/// It counts calls of each thread by itself.
pub(crate) fn tamper(stack: &mut Stack, trace: &Path, calls: &str, how: &str, files: &[&str]) {
    let _ = fs::remove_file(trace);
    let mut under: Vec<String> = ["strace", "-D", "-f", "-o"].map(str::to_owned).to_vec();
    under.push(trace.display().to_string());
    under.extend(["-e".to_owned(), format!("trace={calls}")]);
    under.extend(["-e".to_owned(), format!("inject={calls}:{how}")]);
    for file in files {
        under.extend(["-P".to_owned(), stack.path("data").join(file).display().to_string()]);
    }
    stack.under = under;
}
