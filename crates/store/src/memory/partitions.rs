//! Claims, offsets and state of partitions.

use std::collections::BTreeMap;

use fleetward_domain::{Effects, FormatLevel};

use super::MemoryStore;
use crate::error::StoreError;
use crate::partitions::{
    Chunk, DetectionTx, PartitionClaim, PartitionProgress, Partitions, StateTx,
};

#[async_trait::async_trait]
impl Partitions for MemoryStore {
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        self.state().partitions.claim(partition)
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        Ok(self.state().partitions.chunks(partition))
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        let has_effects = !tx.effects.is_empty();
        {
            let state = &mut *self.state();
            state.partitions.advance(&tx.progress)?;
            let Effects { violations, closed, events, alerts, summaries, .. } = tx.effects;
            state.violations.apply(violations, events, &closed);
            state.outbox.add(alerts, self.level >= FormatLevel::Proven, &state.documents);
            state.summaries.add(summaries);
        }
        if has_effects {
            self.event_written();
        }
        Ok(())
    }

    async fn write_state(&self, tx: StateTx) -> Result<(), StoreError> {
        tx.check()?;
        self.state().partitions.write_state(tx)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct PartitionTable {
    owned: BTreeMap<u32, Owned>,
    chunks: BTreeMap<(u32, u32), Vec<u8>>,
}

/// A partition that was claimed.
#[derive(Clone, Copy, Debug, Default)]
struct Owned {
    epoch: u64,
    state_offset: u64,
    effects_offset: u64,
    /// How far effects were stored when the state was written.
    known: u64,
}

impl PartitionTable {
    fn claim(&mut self, partition: u32) -> Result<PartitionClaim, StoreError> {
        let owned = self.owned.entry(partition).or_default();
        owned.epoch += 1;
        let Owned { epoch, state_offset, effects_offset: stored, known } = *owned;
        if known > stored {
            return Err(StoreError::EffectsLost { partition, stored, known });
        }
        let effects_offset = stored.max(state_offset);
        Ok(PartitionClaim { partition, epoch, state_offset, effects_offset })
    }

    fn chunks(&self, partition: u32) -> Vec<Chunk> {
        self.chunks
            .range((partition, 0)..=(partition, u32::MAX))
            .map(|((_, index), bytes)| Chunk { index: *index, bytes: bytes.clone() })
            .collect()
    }

    /// Checks all epochs before it changes anything.
    fn advance(&mut self, progress: &[PartitionProgress]) -> Result<(), StoreError> {
        for PartitionProgress { partition, epoch, .. } in progress.iter().copied() {
            self.check(partition, epoch)?;
        }
        for progress in progress {
            if let Some(owned) = self.owned.get_mut(&progress.partition) {
                owned.effects_offset = owned.effects_offset.max(progress.effects_offset);
            }
        }
        Ok(())
    }

    fn write_state(&mut self, tx: StateTx) -> Result<(), StoreError> {
        self.check(tx.partition, tx.epoch)?;
        if let Some(owned) = self.owned.get_mut(&tx.partition) {
            owned.state_offset = owned.state_offset.max(tx.state_offset);
            owned.known = owned.known.max(tx.effects_offset);
        }
        for chunk in tx.chunks {
            self.chunks.insert((tx.partition, chunk.index), chunk.bytes);
        }
        Ok(())
    }

    fn check(&self, partition: u32, epoch: u64) -> Result<(), StoreError> {
        let current = self.owned.get(&partition).map_or(0, |owned| owned.epoch);
        if current != epoch || current == 0 {
            return Err(StoreError::Fenced { partition, epoch, current });
        }
        Ok(())
    }
}
