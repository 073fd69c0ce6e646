//! The partitions that this process owns: their state, and how far each got.

use fleetward_detect::{Effects, Partition, Settings};
use fleetward_domain::{EpochMs, FormatLevel, Record};
use fleetward_log::{EVERY_PARTITION, Entered, record};
use fleetward_store::{Chunk, DetectionTx, PartitionClaim, PartitionProgress, Store};

use crate::failure::Failure;

/// All owned partitions, by number.
pub(super) struct Owned {
    partitions: Vec<OwnedPartition>,
    /// Which format of state is written.
    level: FormatLevel,
    now_ms: EpochMs,
    dirty: bool,
}

struct OwnedPartition {
    claim: PartitionClaim,
    state: Partition,
    /// The offset after the last record applied.
    position: u64,
}

impl Owned {
    /// Claims all partitions and loads their state.
    pub(super) async fn claim(
        settings: &Settings,
        store: &dyn Store,
        count: u32,
    ) -> Result<Self, Failure> {
        let mut partitions = Vec::new();
        for number in 0..count {
            let tried = format!("cannot take over partition {number}");
            let claim = store.claim_partition(number).await.map_err(Failure::of(&tried))?;
            let chunks = store.load_chunks(number).await.map_err(Failure::of(&tried))?;
            let chunks = chunks.iter().map(|chunk| (chunk.index, chunk.bytes.as_slice()));
            let state = Partition::load(*settings, chunks).map_err(Failure::of(&tried))?;
            partitions.push(OwnedPartition { claim, state, position: claim.state_offset });
        }
        Ok(Self { partitions, level: store.format_level(), now_ms: 0, dirty: false })
    }

    /// Where reading starts, or where replay would.
    pub(super) fn positions(&self) -> Vec<(u32, u64)> {
        self.partitions.iter().map(|owned| (owned.claim.partition, owned.position)).collect()
    }

    /// When some partition next needs to be told the time.
    pub(super) fn next_deadline_ms(&self) -> Option<EpochMs> {
        self.partitions.iter().filter_map(|owned| owned.state.next_deadline_ms()).min()
    }

    /// The newest time that a record has told.
    pub(super) fn now_ms(&self) -> EpochMs {
        self.now_ms
    }

    /// Whether state changed since it was last written.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// State is in the store up to here.
    pub(super) fn state_written(&mut self) {
        self.dirty = false;
    }

    /// Applies records, and gives what must be committed because of them.
    ///
    /// # Errors
    /// A sentence that names the record, if one cannot be read: one that a newer release wrote,
    /// say. Whatever came after it would be judged without it, so the role ends there.
    pub(super) fn apply(&mut self, batch: &[Entered]) -> Result<DetectionTx, Failure> {
        let mut tx = DetectionTx::default();
        for entered in batch {
            let record = record::decode(&entered.bytes).map_err(|error| {
                let place = entered.offset;
                Failure::new(format!("the log cannot be applied from offset {place} on: {error}"))
            })?;
            if let Record::Tick(at_ms) = record {
                self.now_ms = self.now_ms.max(at_ms);
            }
            self.dirty = true;
            for owned in self.addressed(entered.partition) {
                owned.apply(entered.offset, &record, &mut tx);
            }
        }
        tx.progress = self.progress();
        Ok(tx)
    }

    fn addressed(&mut self, partition: u32) -> &mut [OwnedPartition] {
        if partition == EVERY_PARTITION {
            return &mut self.partitions;
        }
        let place = usize::try_from(partition).unwrap_or(usize::MAX);
        self.partitions.get_mut(place..).and_then(|rest| rest.get_mut(..1)).unwrap_or_default()
    }

    /// How far every partition got.
    pub(super) fn progress(&self) -> Vec<PartitionProgress> {
        self.partitions
            .iter()
            .map(|owned| PartitionProgress {
                partition: owned.claim.partition,
                epoch: owned.claim.epoch,
                state_offset: None,
                effects_offset: owned.position.max(owned.claim.effects_offset),
            })
            .collect()
    }

    /// Adds all state that changed since the last checkpoint.
    pub(super) fn add_state(&mut self, tx: &mut DetectionTx) {
        tx.progress = self.progress();
        for (owned, progress) in self.partitions.iter_mut().zip(&mut tx.progress) {
            progress.state_offset = Some(owned.position);
            let partition = owned.claim.partition;
            let dirty = owned.state.take_dirty(self.level).into_iter();
            tx.chunks.extend(dirty.map(|(index, bytes)| Chunk { partition, index, bytes }));
        }
    }
}

impl OwnedPartition {
    /// Applies one record, unless it was applied before; keeps its effects, unless they were
    /// committed before the crash that made us replay it.
    fn apply(&mut self, offset: u64, record: &Record, tx: &mut DetectionTx) {
        if offset < self.position {
            return;
        }
        let mut effects = Effects::default();
        self.state.apply(record, &mut effects);
        self.position = offset.saturating_add(1);
        if offset >= self.claim.effects_offset {
            tx.violations.append(&mut effects.violations);
            tx.closed.append(&mut effects.closed);
            tx.events.append(&mut effects.events);
            tx.alerts.append(&mut effects.alerts);
        }
    }
}
