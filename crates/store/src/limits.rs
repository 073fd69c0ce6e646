//! Bounds of the store, each with its name and reason.

use std::time::Duration;

/// Longest key of a document, in bytes: two names or ARNs with a separator fit.
pub const KEY_BYTES: usize = 2048;

/// Largest value of a document, in bytes: AWS's longest policy document (404,600 characters)
/// fits with its JSON escapes.
pub const VALUE_BYTES: usize = 4 * 1024 * 1024;

/// Largest chunk of a partition's state, in bytes.
pub const CHUNK_BYTES: usize = 64 * 1024 * 1024;

/// Writes that wait for the writer; further callers wait for a place.
pub const QUEUED_WRITES: usize = 1024;

/// Most writes that share one sync. A larger group makes the first of it wait longer.
pub const GROUP_WRITES: usize = 256;

/// Reads at once, each on a connection of its own.
pub const READERS: usize = 4;

/// Rows that one write removes at most when old rows are expired, so that other writes get in
/// between.
pub const EXPIRED_ROWS_PER_WRITE: usize = 2000;

/// How long a connection waits for another one's lock, in milliseconds.
pub const BUSY_TIMEOUT_MS: u64 = 5000;

/// Size of the write-ahead log that starts a checkpoint, in pages of 4 KiB.
pub const CHECKPOINT_PAGES: u32 = 4000;

/// How long the writer rests after a write for which there was no room.
pub const FULL_PAUSE: Duration = Duration::from_millis(100);

/// Prepared statements that a connection keeps.
pub const CACHED_STATEMENTS: usize = 128;

/// Pages that the writer of detection state keeps, in KiB: the write of a partition of ten thousand
/// things fits.
pub const STATE_CACHE_KIB: i64 = 8 * 1024;

/// Rows that a check reads at once.
pub const CHECKED_ROWS: usize = 1000;

/// Unreadable documents and rows that the log is told of; more are only counted.
pub const TOLD_UNREADABLE: usize = 1000;

/// Alerts of one behavior of a thing that go to one target within [`FLAPPING_MS`]; what comes then
/// is held.
pub const FLAPPING_ALERTS: usize = 10;

/// The stretch of time in which a behavior that comes and goes is told of so often at most.
pub const FLAPPING_MS: i64 = 600_000;

/// No alert is held longer since its behavior comes and goes too often: the time of records may be
/// a little ahead of the clock of who delivers. A time that is further away was written before the
/// clock was set back, and counts as past.
pub const FLAPPING_LONGEST_MS: i64 = FLAPPING_MS + 10_000;

/// No alert waits longer for its next try. A time that is further away was written
/// before the clock was set back, and counts as past: nobody knows how long the old clock is gone.
pub const ALERT_LONGEST_WAIT_MS: i64 = 900_000;

/// Held alerts that one look at the outbox lets go; the next one lets go the next.
pub const ALERTS_LET_GO_AT_ONCE: usize = 2_000;

/// Alerts that are tried again which one look at the outbox reads at least, however few it gives.
pub const RETRIED_AT_ONCE: usize = 64;

/// Unreadable alerts that one look at the outbox deals with; the next one deals with the next.
pub const UNREADABLE_ALERTS_AT_ONCE: usize = 1000;

/// How long after its last noted use a row may refer to a kept behavior, in milliseconds: a day, so
/// that a use is noted once a day.
pub const KEPT_UNUSED_MS: i64 = 86_400_000;

/// Kept behaviors that are forgotten at once when old rows are expired; the next time the next.
pub const FORGOTTEN_AT_ONCE: usize = 1_000;
