//! The partitions that this process owns: their state, and how far each got.

use std::collections::{BTreeMap, BTreeSet};

use fleetward_detect::{Partition, Settings};
use fleetward_domain::{Effects, EpochMs, FormatLevel, Record};
use fleetward_log::{EVERY_PARTITION, Entered, record};
use fleetward_store::{Chunk, DetectionTx, PartitionClaim, PartitionProgress, Store, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::failure::Failure;

/// Partitions that are claimed at once: the store's writer puts their claims into one commit.
const CLAIMS_AT_ONCE: usize = 32;

/// The owned partitions, by number.
pub struct Owned {
    settings: Settings,
    /// Which format of state is written.
    level: FormatLevel,
    partitions: BTreeMap<u32, OwnedPartition>,
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
    /// Nothing yet; state will be written in the format that the level names.
    #[must_use]
    pub fn none(settings: Settings, level: FormatLevel) -> Self {
        Self { settings, level, partitions: BTreeMap::new(), now_ms: 0, dirty: false }
    }

    /// Owns just these partitions from here on: gives up those that went, and claims those that
    /// are new, with their stored state.
    ///
    /// # Errors
    /// A sentence, if the store fails or a stored state cannot be read.
    pub async fn follow(
        &mut self,
        store: &dyn Store,
        wanted: &BTreeSet<u32>,
    ) -> Result<(), Failure> {
        let gone: Vec<u32> =
            self.partitions.keys().filter(|number| !wanted.contains(number)).copied().collect();
        for number in gone {
            self.give_up(store, number).await?;
        }
        let new: Vec<u32> =
            wanted.iter().filter(|number| !self.partitions.contains_key(number)).copied().collect();
        let settings = self.settings;
        let mut claimed = stream::iter(new)
            .map(|number| OwnedPartition::claim(settings, store, number))
            .buffered(CLAIMS_AT_ONCE);
        while let Some(owned) = claimed.try_next().await? {
            self.partitions.insert(owned.claim.partition, owned);
        }
        Ok(())
    }

    /// Writes the state of a partition and forgets it. Its effects are in the store already.
    async fn give_up(&mut self, store: &dyn Store, number: u32) -> Result<(), Failure> {
        let Some(mut owned) = self.partitions.remove(&number) else { return Ok(()) };
        let mut tx = DetectionTx::default();
        owned.add_state(self.level, &mut tx)?;
        match store.commit_detection(tx).await {
            Ok(()) => Ok(()),
            // Whoever has it now replays what this state would have told.
            Err(StoreError::Fenced { .. }) => Ok(()),
            Err(error) => Err(Failure::of(&format!("cannot give up partition {number}"))(error)),
        }
    }

    /// Where reading starts, or where replay would.
    #[must_use]
    pub fn positions(&self) -> Vec<(u32, u64)> {
        self.partitions.iter().map(|(number, owned)| (*number, owned.position)).collect()
    }

    /// When some partition next needs to be told the time.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<EpochMs> {
        self.partitions.values().filter_map(|owned| owned.state.next_deadline_ms()).min()
    }

    /// The newest time that a record has told.
    #[must_use]
    pub fn now_ms(&self) -> EpochMs {
        self.now_ms
    }

    /// Whether state changed since it was last written.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// State is in the store up to here.
    pub fn state_written(&mut self) {
        self.dirty = false;
    }

    /// Applies records, and gives the effects that must be committed because of them, with the
    /// progress of the partitions that had some.
    ///
    /// # Errors
    /// A sentence that names the record, if one cannot be read: one that a newer release wrote,
    /// say. Whatever came after it would be judged without it, so the role ends there.
    pub fn apply(&mut self, batch: &[Entered]) -> Result<DetectionTx, Failure> {
        let mut tx = DetectionTx::default();
        let mut affected = BTreeSet::new();
        for entered in batch {
            let record = record::decode(&entered.bytes).map_err(|error| {
                let place = entered.offset;
                Failure::new(format!("the log cannot be applied from offset {place} on: {error}"))
            })?;
            if let Record::Tick(at_ms) = record {
                self.now_ms = self.now_ms.max(at_ms);
            }
            self.dirty = true;
            for (number, owned) in self.addressed(entered.partition) {
                if owned.apply(entered.offset, &record, &mut tx) {
                    affected.insert(*number);
                }
            }
        }
        // A partition without effects has no news: replaying it would give none either.
        let affected = affected.iter().filter_map(|number| self.partitions.get(number));
        tx.progress = affected.map(OwnedPartition::progress).collect();
        Ok(tx)
    }

    fn addressed(&mut self, partition: u32) -> impl Iterator<Item = (&u32, &mut OwnedPartition)> {
        let numbers =
            if partition == EVERY_PARTITION { 0..=u32::MAX } else { partition..=partition };
        self.partitions.range_mut(numbers)
    }

    /// Adds all state that changed since the last checkpoint, and how far every partition got.
    ///
    /// # Errors
    /// A sentence, if the format level cannot say it.
    pub fn add_state(&mut self, tx: &mut DetectionTx) -> Result<(), Failure> {
        tx.progress.clear();
        self.partitions.values_mut().try_for_each(|owned| owned.add_state(self.level, tx))
    }
}

impl OwnedPartition {
    /// Claims a partition and loads its state.
    async fn claim(settings: Settings, store: &dyn Store, number: u32) -> Result<Self, Failure> {
        let tried = format!("cannot take over partition {number}");
        let claim = store.claim_partition(number).await.map_err(Failure::of(&tried))?;
        let chunks = store.load_chunks(number).await.map_err(Failure::of(&tried))?;
        let chunks = chunks.iter().map(|chunk| (chunk.index, chunk.bytes.as_slice()));
        let state = Partition::load(settings, chunks).map_err(Failure::of(&tried))?;
        Ok(Self { claim, state, position: claim.state_offset })
    }

    /// Applies one record, unless it was applied before; keeps its effects, unless they were
    /// committed before the crash that made us replay it. True if there are some to commit.
    fn apply(&mut self, offset: u64, record: &Record, tx: &mut DetectionTx) -> bool {
        if offset < self.position {
            return false;
        }
        let mut effects = Effects::default();
        self.state.apply_whole(record, &mut effects);
        self.position = offset.saturating_add(1);
        if offset < self.claim.effects_offset || effects.is_empty() {
            return false;
        }
        tx.effects.append(&mut effects);
        true
    }

    /// How far its effects got.
    fn progress(&self) -> PartitionProgress {
        PartitionProgress {
            partition: self.claim.partition,
            epoch: self.claim.epoch,
            state_offset: None,
            effects_offset: self.position.max(self.claim.effects_offset),
        }
    }

    /// Adds the state that changed since the last time, and how far it got.
    fn add_state(&mut self, level: FormatLevel, tx: &mut DetectionTx) -> Result<(), Failure> {
        let partition = self.claim.partition;
        let progress = PartitionProgress { state_offset: Some(self.position), ..self.progress() };
        tx.progress.push(progress);
        let dirty = self.state.take_dirty(level);
        let dirty = dirty.map_err(Failure::of("cannot write the detection state"))?.into_iter();
        tx.chunks.extend(dirty.map(|(index, bytes)| Chunk { partition, index, bytes }));
        Ok(())
    }
}
