//! What a process has written and how much memory it had, as Linux counts it.

use std::fs;
use std::time::Duration;

use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{Documents, Kind, Tx};

/// Bytes that this process has written so far, and the most memory that it had, in bytes.
pub(super) fn written_and_peak() -> (u64, u64) {
    (field("/proc/self/io", "wchar:"), field("/proc/self/status", "VmHWM:") * 1024)
}

/// From here on counts the most memory that it has.
pub(super) fn forget_peak() {
    // Where that is not allowed, the peak is of the whole process and the figure is too high.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn field(file: &str, field: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A thread of this process that writes.
pub(super) struct Thread(String);

/// The thread that writes the detection state of a store, which nobody else uses yet: of the two
/// that write, the one that a write of the API leaves alone.
///
/// # Errors
/// A text, if the system does not tell.
pub(super) async fn state_writer(store: &SqliteStore) -> Result<Thread, String> {
    let writers = || {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let places = tasks.map(|task| task.path().display().to_string());
        let is_writer = |place: &String| {
            fs::read_to_string(format!("{place}/comm")).is_ok_and(|it| it.trim() == "store-writer")
        };
        places.filter(is_writer).map(Thread).collect::<Vec<_>>()
    };
    // A thread that was started has its name a little later.
    while writers().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before: Vec<_> = writers().into_iter().map(|it| (written_by(&it), it)).collect();
    let mut tx = Tx::default();
    tx.puts.push((Kind::Setting, "bench".to_owned(), b"0".to_vec()));
    store.commit(tx).await.map_err(|error| error.to_string())?;
    let idle = before.into_iter().find(|(written, thread)| written_by(thread) == *written);
    idle.map(|(_, thread)| thread).ok_or_else(|| "no thread writes the state alone".to_owned())
}

/// Bytes that a thread has written so far.
pub(super) fn written_by(thread: &Thread) -> u64 {
    field(&format!("{}/io", thread.0), "wchar:")
}
