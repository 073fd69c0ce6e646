//! One partition that this process owns: its state, the records that wait for it, and how far it
//! got.

use std::collections::VecDeque;
use std::sync::Arc;

use fleetward_detect::limits::THINGS_PER_STEP;
use fleetward_detect::{Partition, Settings, Step};
use fleetward_domain::{Change, Effects, EpochMs, FormatLevel, Record};
use fleetward_store::{Chunk, PartitionClaim, PartitionProgress, StateTx, Store};

use super::beside;
use super::written::Written;
use crate::failure::Failure;

/// A record that waits.
struct Waiting {
    offset: u64,
    bytes: u64,
    record: Arc<Record>,
}

/// A partition and its way through the log.
pub(super) struct OwnedPartition {
    pub(super) claim: PartitionClaim,
    /// None while it is being encoded elsewhere.
    state: Option<Partition>,
    /// While the state is away: what it said last.
    deadline_ms: Option<EpochMs>,
    /// Records that came while it was busy, in order.
    queue: VecDeque<Waiting>,
    /// How many of them a device waits for.
    of_devices: usize,
    /// The record whose sub-steps are not all done.
    in_steps: Option<u64>,
    /// The offset after the last record that was taken: applied, or in the queue.
    taken: u64,
    /// How far this owner has committed effects; 0 before the first.
    committed: u64,
    /// What is written of it, and what was applied since.
    pub(super) written: Written,
}

impl OwnedPartition {
    /// Claims a partition and loads its state.
    ///
    /// # Errors
    /// A sentence that names the partition.
    pub(super) async fn claim(
        settings: Settings,
        store: &dyn Store,
        number: u32,
    ) -> Result<Self, Failure> {
        let tried = format!("cannot take over partition {number}");
        let claim = store.claim_partition(number).await.map_err(Failure::of(&tried))?;
        let chunks = store.load_chunks(number).await.map_err(Failure::of(&tried))?;
        // A partition that has read anything has its own chunk: to go on without would forget all.
        if claim.state_offset > 0 && chunks.is_empty() {
            return Err(Failure::new(format!(
                "{tried}: its state stands at offset {} and is lost; put back the whole data \
                 folder, or see what `fleetward repair --data DIR` can do",
                claim.state_offset
            )));
        }
        let written = Written::of(&chunks);
        // Others are claimed meanwhile, and several processors can load.
        let load = move || {
            let chunks = chunks.iter().map(|chunk| (chunk.index, chunk.bytes.as_slice()));
            Partition::load(settings, chunks)
        };
        let state = beside::compute(written.state_bytes(), load).await?;
        Ok(Self {
            claim,
            state: Some(state.map_err(Failure::of(&tried))?),
            deadline_ms: None,
            queue: VecDeque::new(),
            of_devices: 0,
            in_steps: None,
            taken: claim.state_offset,
            committed: 0,
            written,
        })
    }

    /// Where replay would start: everything below is in the state, or concerns others.
    pub(super) fn position(&self) -> u64 {
        let waiting = self.in_steps.or(self.queue.front().map(|waiting| waiting.offset));
        waiting.unwrap_or(self.taken)
    }

    /// All records below this were handed in, as far as they are for this partition.
    pub(super) fn pass(&mut self, offset: u64) {
        self.taken = self.taken.max(offset);
    }

    /// When it next needs to be told the time.
    pub(super) fn next_deadline_ms(&self) -> Option<EpochMs> {
        self.state.as_ref().map_or(self.deadline_ms, Partition::next_deadline_ms)
    }

    /// Whether it can go on with what waits for it.
    pub(super) fn has_work(&self) -> bool {
        self.state.is_some() && (self.in_steps.is_some() || !self.queue.is_empty())
    }

    /// Whether a record would be applied at once.
    pub(super) fn is_idle(&self) -> bool {
        self.state.is_some() && self.in_steps.is_none() && self.queue.is_empty()
    }

    /// Who goes first: the least. Those for which a device waits, and of these who is furthest
    /// behind.
    pub(super) fn urgency(&self) -> (bool, u64) {
        (self.of_devices == 0, self.position())
    }

    /// How many things a record may go through at once.
    pub(super) fn things_of(&self, record: &Record) -> usize {
        if concerns_one(record) { 1 } else { self.things_of_a_step() }
    }

    /// How many things [`Self::go_on`] may go through.
    pub(super) fn things_of_next(&self) -> usize {
        match self.queue.front() {
            Some(waiting) if self.in_steps.is_none() => self.things_of(&waiting.record),
            _ => self.things_of_a_step(),
        }
    }

    fn things_of_a_step(&self) -> usize {
        let all = self.state.as_ref().map_or(0, Partition::thing_count);
        // Who has none has looked nevertheless.
        all.clamp(1, THINGS_PER_STEP)
    }

    /// Takes a record to be applied later, unless it was taken before. Gives the bytes that wait
    /// because of it.
    pub(super) fn enqueue(&mut self, offset: u64, bytes: u64, record: &Arc<Record>) -> u64 {
        if offset < self.taken {
            return 0;
        }
        self.taken = offset.saturating_add(1);
        self.of_devices += usize::from(is_of_a_device(record));
        self.queue.push_back(Waiting { offset, bytes, record: record.clone() });
        bytes
    }

    /// Applies a record at once, unless it was taken before. Only of use while it is idle. True if
    /// there is something to commit.
    pub(super) fn apply(&mut self, offset: u64, record: &Record, tx: &mut Effects) -> bool {
        if offset < self.taken {
            return false;
        }
        self.taken = offset.saturating_add(1);
        self.begin(offset, record, tx)
    }

    /// Does one sub-step of what waits: of the record that is under way, or of the next. Gives
    /// whether there is something to commit, and the bytes that wait no longer.
    pub(super) fn go_on(&mut self, tx: &mut Effects) -> (bool, u64) {
        if let Some(offset) = self.in_steps {
            let mut effects = Effects::default();
            let step = self.state.as_mut().map_or(Step::Done, |state| state.go_on(&mut effects));
            return (self.keep(offset, step, effects, tx), 0);
        }
        let Some(Waiting { offset, bytes, record }) = self.queue.pop_front() else {
            return (false, 0);
        };
        self.of_devices -= usize::from(is_of_a_device(&record));
        (self.begin(offset, &record, tx), bytes)
    }

    /// Forgets what waits; gives its bytes.
    pub(super) fn discard(&mut self) -> u64 {
        self.of_devices = 0;
        self.queue.drain(..).map(|waiting| waiting.bytes).sum()
    }

    fn begin(&mut self, offset: u64, record: &Record, tx: &mut Effects) -> bool {
        let mut effects = Effects::default();
        let step =
            self.state.as_mut().map_or(Step::Done, |state| state.apply(record, &mut effects));
        self.keep(offset, step, effects, tx)
    }

    /// Keeps the effects of a sub-step, unless they were committed before the crash that made us
    /// replay it.
    fn keep(&mut self, offset: u64, step: Step, mut effects: Effects, tx: &mut Effects) -> bool {
        self.in_steps = (step == Step::More).then_some(offset);
        if offset < self.claim.effects_offset || effects.is_empty() {
            return false;
        }
        let partition = self.claim.partition;
        effects.summaries.iter_mut().for_each(|summary| summary.partition = partition);
        tx.append(&mut effects);
        true
    }

    /// How far its effects got. While a record is under way it is not counted: a replay tells all
    /// of its effects again, and each is stored once.
    pub(super) fn progress(&self) -> PartitionProgress {
        let PartitionClaim { partition, epoch, effects_offset, .. } = self.claim;
        let effects_offset = self.position().max(effects_offset);
        PartitionProgress { partition, epoch, effects_offset }
    }

    /// Its effects are stored up to here.
    pub(super) fn was_committed(&mut self, progress: &PartitionProgress) {
        self.committed = self.committed.max(progress.effects_offset);
    }

    /// Whether its state can be written: it is here, and no record is half applied.
    pub(super) fn can_be_written(&self) -> bool {
        self.state.is_some() && self.in_steps.is_none()
    }

    /// Hands the state out to be encoded; until it is put back, records wait. All effects so far
    /// are committed.
    pub(super) fn lend(&mut self) -> Option<Lent> {
        if !self.can_be_written() {
            return None;
        }
        let state = self.state.take()?;
        self.deadline_ms = state.next_deadline_ms();
        let PartitionClaim { partition, epoch, .. } = self.claim;
        let (state_offset, effects_offset) = (self.position(), self.committed);
        Some(Lent { state, partition, epoch, state_offset, effects_offset })
    }

    /// Takes the state back.
    pub(super) fn put_back(&mut self, state: Partition) {
        self.state = Some(state);
    }
}

/// A partition's state on its way to be encoded.
pub(super) struct Lent {
    state: Partition,
    pub(super) partition: u32,
    pub(super) epoch: u64,
    state_offset: u64,
    effects_offset: u64,
}

impl Lent {
    /// Encodes what changed since the last time; gives the state back.
    pub(super) fn encode(mut self, level: FormatLevel) -> (Partition, Result<StateTx, Failure>) {
        let Self { partition, epoch, state_offset, effects_offset, .. } = self;
        let dirty = self.state.take_dirty(level);
        let tx = dirty.map(|dirty| {
            let chunks = dirty.into_iter().map(|(index, bytes)| Chunk { index, bytes }).collect();
            StateTx { partition, epoch, state_offset, effects_offset, chunks }
        });
        (self.state, tx.map_err(Failure::of("cannot write the detection state")))
    }
}

/// Whether it goes through one thing at most.
fn concerns_one(record: &Record) -> bool {
    is_of_a_device(record)
        || matches!(
            record,
            Record::Change(
                ..,
                Change::Thing { .. }
                    | Change::Dimension(_)
                    | Change::Certificate(_)
                    | Change::Policy(_)
            )
        )
}

/// Whether a device waits for what comes of it; of all else only the detectors.
fn is_of_a_device(record: &Record) -> bool {
    match record {
        Record::Report { .. } | Record::Activity(_) => true,
        Record::DoorStarted { .. }
        | Record::Change(..)
        | Record::Tick(_)
        | Record::Watermark { .. }
        | Record::ClockSet { .. }
        | Record::DoorGone { .. }
        | Record::Threshold(_) => false,
    }
}
