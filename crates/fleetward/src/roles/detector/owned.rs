//! The partitions that this process owns, and what the log brings them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fleetward_detect::Settings;
use fleetward_detect::limits::THINGS_PER_STEP;
use fleetward_domain::{Effects, EpochMs, FormatLevel, Record};
use fleetward_log::{EVERY_PARTITION, record};
use fleetward_store::{DetectionTx, PartitionProgress, StateTx, Store, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::partition::OwnedPartition;
use super::reader::Batch;
use super::written::Written;
use crate::failure::Failure;

/// Partitions that are claimed and loaded at once: the store's writer puts their claims into one
/// commit.
const CLAIMS_AT_ONCE: usize = 64;
/// About how many violations or events go into one commit. A sub-step of a partition is not cut.
const EFFECTS_PER_COMMIT: usize = 2_000;
/// Messages of exported metrics that one commit holds back.
const EXPORTS_PER_COMMIT: usize = 64;
/// Things that are gone through at once at most, about: between two turns others are read, answered
/// and written. A sub-step of a partition is not cut.
const THINGS_PER_TURN: usize = 8 * THINGS_PER_STEP;
/// Log whose records may wait for partitions that are busy; beyond it nothing is read.
const WAITING_BYTES: u64 = 32 << 20;

/// The owned partitions, by number.
pub struct Owned {
    settings: Settings,
    /// Which format of state is written.
    level: FormatLevel,
    partitions: BTreeMap<u32, OwnedPartition>,
    /// When a commit is full.
    effects_per_commit: usize,
    /// When a turn is over.
    things_per_turn: usize,
    /// Log that was handed in so far.
    read_bytes: u64,
    /// Log whose records wait.
    waiting_bytes: u64,
}

impl Owned {
    /// Nothing yet; state will be written in the format that the level names.
    #[must_use]
    pub fn none(settings: Settings, level: FormatLevel) -> Self {
        Self {
            settings,
            level,
            partitions: BTreeMap::new(),
            effects_per_commit: EFFECTS_PER_COMMIT,
            things_per_turn: THINGS_PER_TURN,
            read_bytes: 0,
            waiting_bytes: 0,
        }
    }

    /// The same, with commits of about so many effects.
    #[must_use]
    pub fn committing(self, effects_per_commit: usize) -> Self {
        Self { effects_per_commit, ..self }
    }

    /// The same, in turns of about so many things.
    #[must_use]
    pub fn going_through(self, things_per_turn: usize) -> Self {
        Self { things_per_turn, ..self }
    }

    /// Owns just these partitions from here on: gives up those that went, and claims those that
    /// are new, with their stored state. No state is on its way to be written.
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

    /// Writes the state of a partition and forgets it. Its effects are in the store already, but
    /// for those of a record that is half applied: whoever comes next applies it again.
    async fn give_up(&mut self, store: &dyn Store, number: u32) -> Result<(), Failure> {
        let state = self.state(number)?;
        if let Some(mut partition) = self.partitions.remove(&number) {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(partition.discard());
        }
        let Some(state) = state else { return Ok(()) };
        match store.write_state(state).await {
            Ok(()) => Ok(()),
            // Whoever has it now replays what this state would have told.
            Err(StoreError::Fenced { .. }) => Ok(()),
            Err(error) => Err(Failure::of(&format!("cannot give up partition {number}"))(error)),
        }
    }

    /// The state of a partition, to be written: what changed since this was last asked. None while
    /// a record is half applied.
    ///
    /// # Errors
    /// A sentence, if the format level cannot say it.
    pub fn state(&mut self, number: u32) -> Result<Option<StateTx>, Failure> {
        let Some(partition) = self.partitions.get_mut(&number) else { return Ok(None) };
        let Some(lent) = partition.lend() else { return Ok(None) };
        let (state, tx) = lent.encode(self.level);
        partition.put_back(state);
        tx.map(Some)
    }

    /// Where reading starts, or where replay would.
    #[must_use]
    pub fn positions(&self) -> Vec<(u32, u64)> {
        self.partitions.iter().map(|(number, owned)| (*number, owned.position())).collect()
    }

    /// When some partition next needs to be told the time.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<EpochMs> {
        self.partitions.values().filter_map(OwnedPartition::next_deadline_ms).min()
    }

    /// Takes the records that come next, and gives the effects that must be committed because of
    /// them. Some may wait: see [`Owned::go_on`].
    ///
    /// # Errors
    /// A sentence that names the record, if one cannot be read: one that a newer release wrote,
    /// say. Whatever came after it would be judged without it, so the role ends there.
    pub fn take(&mut self, batch: &Batch) -> Result<DetectionTx, Failure> {
        let mut draft = Draft::of(self);
        for entered in &batch.records {
            let record = record::decode(&entered.bytes).map_err(|error| {
                let place = entered.offset;
                Failure::new(format!("the log cannot be applied from offset {place} on: {error}"))
            })?;
            let bytes = entered.bytes.len() as u64;
            self.read_bytes = self.read_bytes.saturating_add(bytes);
            self.hand_out(entered.partition, (entered.offset, bytes), record, &mut draft);
        }
        for partition in self.partitions.values_mut() {
            batch.passed.into_iter().for_each(|passed| partition.pass(passed));
        }
        Ok(self.to_commit(draft))
    }

    /// Hands a record to whom it concerns: who is idle applies it at once, as long as the commit
    /// has room for what comes of it and the turn is not over. What concerns everyone is little
    /// for each partition and much for all of them together.
    fn hand_out(
        &mut self,
        to: u32,
        (offset, bytes): (u64, u64),
        record: Record,
        draft: &mut Draft,
    ) {
        let (numbers, share) = match to {
            EVERY_PARTITION => (0..=u32::MAX, bytes / self.partitions.len().max(1) as u64),
            one => (one..=one, bytes),
        };
        let record = Arc::new(record);
        for (number, partition) in self.partitions.range_mut(numbers) {
            partition.written.applied(share);
            if draft.is_full() || !partition.is_idle() {
                self.waiting_bytes += partition.enqueue(offset, share, &record);
                continue;
            }
            draft.things += partition.things_of(&record);
            if partition.apply(offset, &record, &mut draft.effects) {
                draft.affected.insert(*number);
            }
        }
    }

    /// A partition without effects has no news: replaying it would give none either.
    fn to_commit(&self, Draft { effects, affected, .. }: Draft) -> DetectionTx {
        let affected = affected.iter().filter_map(|number| self.partitions.get(number));
        DetectionTx { progress: affected.map(OwnedPartition::progress).collect(), effects }
    }

    /// Whether some partition can go on with what waits for it.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.partitions.values().any(OwnedPartition::has_work)
    }

    /// Whether so much waits that nothing more should be read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting_bytes >= WAITING_BYTES
    }

    /// Goes on with what waits, until nothing does, a commit is full or the turn is over; gives the
    /// effects to be committed. Partitions for which a device waits come first, so that what
    /// concerns everyone delays nobody more than by a partition's share of it.
    pub fn go_on(&mut self) -> DetectionTx {
        let mut draft = Draft::of(self);
        while !draft.is_full() {
            let able = self.partitions.iter_mut().filter(|(_, partition)| partition.has_work());
            let Some((number, partition)) = able.min_by_key(|(_, it)| it.urgency()) else { break };
            while partition.has_work() && !draft.is_full() {
                draft.things += partition.things_of_next();
                let (is_news, bytes) = partition.go_on(&mut draft.effects);
                self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
                if is_news {
                    draft.affected.insert(*number);
                }
            }
        }
        self.to_commit(draft)
    }

    /// The effects of these are stored.
    pub fn committed(&mut self, progress: &[PartitionProgress]) {
        for stored in progress {
            if let Some(partition) = self.partitions.get_mut(&stored.partition) {
                partition.was_committed(stored);
            }
        }
    }

    /// Log that was handed in so far, in bytes.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// The partitions whose state could be written now.
    pub(super) fn writable(&self) -> impl Iterator<Item = (u32, &Written)> {
        self.partitions
            .iter()
            .filter(|(_, partition)| partition.can_be_written())
            .map(|(number, partition)| (*number, &partition.written))
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut OwnedPartition> {
        self.partitions.get_mut(&number)
    }

    /// A partition, if it is still owned by this claim.
    pub(super) fn claimed_mut(&mut self, number: u32, epoch: u64) -> Option<&mut OwnedPartition> {
        self.get_mut(number).filter(|partition| partition.claim.epoch == epoch)
    }
}

/// What is done in one turn, and to be committed together.
struct Draft {
    effects: Effects,
    /// Of which partitions.
    affected: BTreeSet<u32>,
    /// Things that were gone through.
    things: usize,
    /// How many violations or events are enough.
    enough: usize,
    /// How many things are.
    enough_things: usize,
}

impl Draft {
    fn of(owned: &Owned) -> Self {
        Self {
            effects: Effects::default(),
            affected: BTreeSet::new(),
            things: 0,
            enough: owned.effects_per_commit,
            enough_things: owned.things_per_turn,
        }
    }

    fn is_full(&self) -> bool {
        let Effects { violations, events, exports, .. } = &self.effects;
        violations.len().max(events.len()) >= self.enough
            || exports.len() >= EXPORTS_PER_COMMIT
            || self.things >= self.enough_things
    }
}
