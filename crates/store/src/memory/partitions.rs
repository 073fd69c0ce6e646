//! Claims, offsets and state of partitions.

use std::collections::BTreeMap;

use fleetward_domain::Effects;

use super::MemoryStore;
use crate::error::StoreError;
use crate::partitions::{Chunk, DetectionTx, PartitionClaim, PartitionProgress, Partitions};

#[async_trait::async_trait]
impl Partitions for MemoryStore {
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        Ok(self.state().partitions.claim(partition))
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        Ok(self.state().partitions.chunks(partition))
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        tx.check()?;
        let has_effects = !tx.effects.is_empty();
        {
            let state = &mut *self.state();
            state.partitions.apply(&tx.progress, tx.chunks)?;
            let Effects { violations, closed, events, alerts, .. } = tx.effects;
            state.violations.apply(violations, events, &closed);
            state.outbox.add(alerts);
        }
        if has_effects {
            self.event_written();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct PartitionTable {
    claims: BTreeMap<u32, PartitionClaim>,
    chunks: BTreeMap<(u32, u32), Vec<u8>>,
}

impl PartitionTable {
    fn claim(&mut self, partition: u32) -> PartitionClaim {
        let claim = self.claims.entry(partition).or_insert(PartitionClaim {
            partition,
            epoch: 0,
            state_offset: 0,
            effects_offset: 0,
        });
        claim.epoch += 1;
        *claim
    }

    fn chunks(&self, partition: u32) -> Vec<Chunk> {
        self.chunks
            .range((partition, 0)..=(partition, u32::MAX))
            .map(|((_, index), bytes)| Chunk { partition, index: *index, bytes: bytes.clone() })
            .collect()
    }

    /// Checks all epochs before it changes anything.
    fn apply(
        &mut self,
        progress: &[PartitionProgress],
        chunks: Vec<Chunk>,
    ) -> Result<(), StoreError> {
        for PartitionProgress { partition, epoch, .. } in progress.iter().copied() {
            let current = self.claims.get(&partition).map_or(0, |claim| claim.epoch);
            if current != epoch || current == 0 {
                return Err(StoreError::Fenced { partition, epoch, current });
            }
        }
        for progress in progress {
            if let Some(claim) = self.claims.get_mut(&progress.partition) {
                let state_offset = progress.state_offset.unwrap_or(0);
                claim.state_offset = claim.state_offset.max(state_offset);
                claim.effects_offset =
                    claim.effects_offset.max(progress.effects_offset).max(claim.state_offset);
            }
        }
        for chunk in chunks {
            self.chunks.insert((chunk.partition, chunk.index), chunk.bytes);
        }
        Ok(())
    }
}
