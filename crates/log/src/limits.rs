//! Limits of the event log.

use std::time::Duration;

/// Longest record. A device report is at most 128 KiB as it comes, and a profile with its targets
/// is smaller than a megabyte.
pub const RECORD_BYTES: usize = 4 << 20;
/// A segment file is closed once it is this long; one batch may reach beyond.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// Records that were handed in and are not on disk yet: more callers wait.
pub const IN_FLIGHT_BYTES: usize = 16 << 20;
/// Longest batch that is written and synced at once, but for a single larger call.
pub const BATCH_BYTES: usize = 4 << 20;
/// How long the writer rests after a batch for which there was no room.
pub const FULL_PAUSE: Duration = Duration::from_millis(100);
/// A disk that has room for so much is not full any more.
pub const ROOM_BYTES: usize = 64 << 10;
/// Newest records that are kept in memory, so that a consumer at the tail reads no file.
pub const RECENT_BYTES: usize = 8 << 20;
/// How much a consumer that is not at the tail reads at once, unless one batch is longer.
pub const READ_BYTES: usize = 1 << 20;
/// Partitions of a new log, unless it is told otherwise: what a fleet of a hundred million things
/// spreads over. They cost nothing while they are empty.
pub const NEW_PARTITIONS: u32 = 256;
/// Most partitions.
pub const PARTITIONS: u32 = 4096;
