//! Partitions: who owns each, what its detection did, and its state.
//!
//! Effects (violations, events, alerts) and how far they go are one commit, at once. State follows
//! now and then, one partition a write, in a place of its own: nobody who uses the store waits for
//! it. Both are guarded by the partition's epoch.

use fleetward_domain::Effects;

use crate::error::StoreError;
use crate::limits::CHUNK_BYTES;
use crate::tx::bounded;

/// Partitions and their state.
#[async_trait::async_trait]
pub trait Partitions: Send + Sync {
    /// Takes a partition over: raises its epoch, so that a former owner's writes are refused.
    /// [`StoreError::EffectsLost`] if its state was written with effects that are not stored.
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError>;

    /// All state chunks of a partition, by index. [`StoreError::Corrupt`] if one is damaged or
    /// missing.
    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError>;

    /// Writes what detection did, all or nothing. [`StoreError::Fenced`] if an epoch is stale.
    /// While there is no room, it waits.
    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError>;

    /// Writes a partition's state, all or nothing. [`StoreError::Fenced`] if the epoch is stale.
    /// The effects of all records below its offset must be stored before.
    async fn write_state(&self, state: StateTx) -> Result<(), StoreError>;
}

/// A claimed partition: who holds the highest epoch owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionClaim {
    /// The partition.
    pub partition: u32,
    /// Guards every write of this owner.
    pub epoch: u64,
    /// Where the stored state stands: replay starts at this offset of the partition's log.
    pub state_offset: u64,
    /// Effects of records below this offset are stored already; replaying them must not store
    /// them again. Never below `state_offset`.
    pub effects_offset: u64,
}

/// A slice of a partition's state: about a thousand things, encoded by the detector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its place in the partition; chunk 0 is the partition's own header.
    pub index: u32,
    /// Opaque.
    pub bytes: Vec<u8>,
}

/// How far a partition's effects got with a commit. Stored offsets never go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionProgress {
    /// The partition.
    pub partition: u32,
    /// The epoch from the claim.
    pub epoch: u64,
    /// The new offset of the effects.
    pub effects_offset: u64,
}

/// One commit of detection.
#[derive(Clone, Debug, Default)]
pub struct DetectionTx {
    /// Every partition that this commit speaks for.
    pub progress: Vec<PartitionProgress>,
    /// What came of the records.
    pub effects: Effects,
}

/// Without progress.
impl From<Effects> for DetectionTx {
    fn from(effects: Effects) -> Self {
        Self { effects, ..Self::default() }
    }
}

/// One write of a partition's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateTx {
    /// The partition.
    pub partition: u32,
    /// The epoch from the claim.
    pub epoch: u64,
    /// Where the state stands: all records below it are in it. Stored offsets never go back.
    pub state_offset: u64,
    /// How far its effects were known to be stored.
    pub effects_offset: u64,
    /// What changed since the last write; replaces what has the same place.
    pub chunks: Vec<Chunk>,
}

impl StateTx {
    /// Refuses what is larger than every store takes.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.chunks
            .iter()
            .try_for_each(|chunk| bounded("a state chunk", chunk.bytes.len(), CHUNK_BYTES))
    }
}
