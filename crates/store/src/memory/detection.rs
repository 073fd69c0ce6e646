//! Claims, offsets and state of partitions.

use std::collections::BTreeMap;

use crate::detection::{Chunk, PartitionClaim, PartitionProgress};
use crate::error::StoreError;

#[derive(Debug, Default)]
pub(super) struct Partitions {
    claims: BTreeMap<u32, PartitionClaim>,
    chunks: BTreeMap<(u32, u32), Vec<u8>>,
}

impl Partitions {
    pub(super) fn claim(&mut self, partition: u32) -> PartitionClaim {
        let claim = self.claims.entry(partition).or_insert(PartitionClaim {
            partition,
            epoch: 0,
            state_offset: 0,
            effects_offset: 0,
        });
        claim.epoch += 1;
        *claim
    }

    pub(super) fn chunks(&self, partition: u32) -> Vec<Chunk> {
        self.chunks
            .range((partition, 0)..=(partition, u32::MAX))
            .map(|((_, index), bytes)| Chunk { partition, index: *index, bytes: bytes.clone() })
            .collect()
    }

    /// Checks all epochs before it changes anything.
    pub(super) fn apply(
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
