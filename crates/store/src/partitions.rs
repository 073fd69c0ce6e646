//! Partitions: who owns each, its state, and what its detection did. State, violations, events,
//! alerts and the place in the log go into one commit, guarded by the partitions' epochs.

use fleetward_domain::Effects;

use crate::error::StoreError;
use crate::limits::CHUNK_BYTES;
use crate::tx::bounded;

/// Partitions and their state.
#[async_trait::async_trait]
pub trait Partitions: Send + Sync {
    /// Takes a partition over: raises its epoch, so that a former owner's commits are refused.
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError>;

    /// All state chunks of a partition, by index.
    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError>;

    /// Writes what detection did, all or nothing. [`StoreError::Fenced`] if an epoch is stale.
    /// While there is no room, it waits.
    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError>;
}

/// A claimed partition: who holds the highest epoch owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionClaim {
    /// The partition.
    pub partition: u32,
    /// Guards every commit of this owner.
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
    /// The partition.
    pub partition: u32,
    /// Its place in the partition; chunk 0 is the partition's own header.
    pub index: u32,
    /// Opaque.
    pub bytes: Vec<u8>,
}

/// How far a partition got with this commit. Stored offsets never go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionProgress {
    /// The partition.
    pub partition: u32,
    /// The epoch from the claim.
    pub epoch: u64,
    /// The new offset of the state, if the commit carries the dirty chunks up to it.
    pub state_offset: Option<u64>,
    /// The new offset of the effects.
    pub effects_offset: u64,
}

/// One commit of detection.
#[derive(Clone, Debug, Default)]
pub struct DetectionTx {
    /// Every partition that this commit speaks for.
    pub progress: Vec<PartitionProgress>,
    /// State that changed since the last checkpoint; replaces what has the same place.
    pub chunks: Vec<Chunk>,
    /// What came of the records.
    pub effects: Effects,
}

/// With neither progress nor state.
impl From<Effects> for DetectionTx {
    fn from(effects: Effects) -> Self {
        Self { effects, ..Self::default() }
    }
}

impl DetectionTx {
    /// Refuses what is larger than every store takes, and chunks that no epoch guards.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        for chunk in &self.chunks {
            bounded("a state chunk", chunk.bytes.len(), CHUNK_BYTES)?;
            let partition = chunk.partition;
            if !self.progress.iter().any(|progress| progress.partition == partition) {
                return Err(StoreError::Unclaimed { partition });
            }
        }
        Ok(())
    }
}
