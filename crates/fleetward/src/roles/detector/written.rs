//! How much of a partition is written, and whether it is its turn again.

use std::collections::BTreeMap;

use fleetward_store::Chunk;

/// Less log than this is no reason to write the state of a partition.
pub const LEAST_BYTES: u64 = 1 << 20;

/// What is written of a partition, and what was applied since.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Bytes of each stored chunk.
    chunks: BTreeMap<u32, u64>,
    /// Log that was applied to this partition since its state was written.
    applied_bytes: u64,
    /// How much of the log had been read then, in bytes.
    at_read_bytes: u64,
}

impl Written {
    /// As these chunks were loaded.
    pub(super) fn of(chunks: &[Chunk]) -> Self {
        let mut written = Self::default();
        written.replace(chunks);
        written
    }

    /// These are written.
    pub(super) fn replace(&mut self, chunks: &[Chunk]) {
        let sizes = chunks.iter().map(|chunk| (chunk.index, chunk.bytes.len() as u64));
        self.chunks.extend(sizes);
    }

    /// How much its whole state is.
    pub(super) fn state_bytes(&self) -> u64 {
        self.chunks.values().sum()
    }

    /// So much log was applied to it.
    pub(super) fn applied(&mut self, bytes: u64) {
        self.applied_bytes = self.applied_bytes.saturating_add(bytes);
    }

    /// From here on counts what comes next.
    pub(super) fn begin_anew(&mut self, read_bytes: u64) {
        (self.applied_bytes, self.at_read_bytes) = (0, read_bytes);
    }

    /// How much later than it should its turn comes, in parts of what is allowed; below 1 it has
    /// none yet.
    pub(super) fn lateness(&self, read_bytes: u64, (least, may_hold_back): (u64, u64)) -> f64 {
        let allowed = self.state_bytes().max(least).max(1);
        let held_back = read_bytes.saturating_sub(self.at_read_bytes);
        let by_size = self.applied_bytes as f64 / allowed as f64;
        by_size.max(held_back as f64 / may_hold_back.max(1) as f64)
    }
}
