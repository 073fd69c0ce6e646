//! When a partition's state is written, and writing it beside the loop.
//!
//! A partition's turn comes when the log that was applied to it since its last turn is larger than
//! its state: so state costs at most as many bytes as the log does. It also comes when its last
//! turn holds back too much of the log. One is written at a time, the one that waits longest
//! first.

use std::sync::Arc;

use fleetward_domain::FormatLevel;
use fleetward_log::EventLog;
use fleetward_store::{StateTx, Store, StoreError};
use tokio::task::JoinSet;

use super::beside;
use super::owned::Owned;
use super::partition::Lent;
use crate::failure::Failure;

/// A partition may hold back one part in this many of what the log keeps.
const HELD_BACK_PART: u64 = 8;
/// States that are encoded and written at once when the detector stops.
const AT_THE_END: usize = 8;

/// Writes states.
pub(super) struct Checkpoints {
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    level: FormatLevel,
    least_bytes: u64,
    may_hold_back: u64,
    under_way: JoinSet<Result<Stage, Failure>>,
}

/// How far a write is.
enum Stage {
    /// The state is free again; what is to be written is about to be.
    Encoded(Box<fleetward_detect::Partition>, StateTx),
    /// It is written, or why not.
    Written { partition: u32, epoch: u64, state_offset: u64, outcome: Result<(), StoreError> },
}

impl Checkpoints {
    pub(super) fn new(store: Arc<dyn Store>, log: Arc<dyn EventLog>, least_bytes: u64) -> Self {
        let level = store.format_level();
        let may_hold_back = (log.retention_bytes() / HELD_BACK_PART).max(least_bytes);
        let under_way = JoinSet::new();
        Self { store, log, level, least_bytes, may_hold_back, under_way }
    }

    /// Begins to write the state whose turn it is, if none is being written. Everything that the
    /// partitions did so far is committed.
    pub(super) fn begin(&mut self, owned: &mut Owned) {
        if !self.under_way.is_empty() {
            return;
        }
        let read_bytes = owned.read_bytes();
        let limits = (self.least_bytes, self.may_hold_back);
        let turn = owned
            .writable()
            .map(|(number, written)| (written.lateness(read_bytes, limits), number))
            .filter(|(lateness, _)| *lateness >= 1.0)
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        if let Some((_, number)) = turn {
            self.lend(owned, number);
        }
    }

    fn lend(&mut self, owned: &mut Owned, number: u32) {
        let read_bytes = owned.read_bytes();
        let Some(partition) = owned.get_mut(number) else { return };
        let Some(lent) = partition.lend() else { return };
        partition.written.begin_anew(read_bytes);
        let (level, bytes) = (self.level, partition.written.state_bytes());
        self.under_way.spawn(encode(lent, level, bytes));
    }

    /// Waits for the next thing that happens to a state on its way; for ever if none is.
    pub(super) async fn next(&mut self) -> Result<Happened, Failure> {
        let Some(joined) = self.under_way.join_next().await else {
            return std::future::pending().await;
        };
        joined.map_err(Failure::of("writing the detection state broke down"))?.map(Happened)
    }

    /// Takes note of it: puts a state back and begins its write, or lets go of the log.
    ///
    /// # Errors
    /// A sentence, if it could not be written. One that is owned no longer is no failure.
    pub(super) async fn note(&mut self, owned: &mut Owned, what: Happened) -> Result<(), Failure> {
        match what.0 {
            Stage::Encoded(state, tx) => {
                if let Some(partition) = owned.claimed_mut(tx.partition, tx.epoch) {
                    partition.put_back(*state);
                    partition.written.replace(&tx.chunks);
                }
                self.under_way.spawn(write(self.store.clone(), tx));
            }
            Stage::Written { partition, epoch, state_offset, outcome } => {
                if owned.claimed_mut(partition, epoch).is_none() {
                    return Ok(());
                }
                let tried = format!("cannot write the state of partition {partition}");
                outcome.map_err(Failure::of(&tried))?;
                let released = self.log.release(&[(partition, state_offset)]).await;
                released.map_err(Failure::of("cannot release the log"))?;
            }
        }
        Ok(())
    }

    /// Writes all states, so that a restart replays nothing. Nothing waits to be applied.
    ///
    /// # Errors
    /// The first sentence of those that could not be written.
    pub(super) async fn write_all(&mut self, owned: &mut Owned) -> Result<(), Failure> {
        let mut left: Vec<u32> = owned.positions().into_iter().map(|(number, _)| number).collect();
        loop {
            while self.under_way.len() < AT_THE_END
                && let Some(number) = left.pop()
            {
                self.lend(owned, number);
            }
            if self.under_way.is_empty() {
                return Ok(());
            }
            let happened = self.next().await?;
            self.note(owned, happened).await?;
        }
    }

    /// Waits until no state is away or being written.
    ///
    /// # Errors
    /// As of [`Self::note`].
    pub(super) async fn finish(&mut self, owned: &mut Owned) -> Result<(), Failure> {
        while !self.under_way.is_empty() {
            let happened = self.next().await?;
            self.note(owned, happened).await?;
        }
        Ok(())
    }
}

/// Something happened to a state on its way.
pub(super) struct Happened(Stage);

async fn encode(lent: Lent, level: FormatLevel, bytes: u64) -> Result<Stage, Failure> {
    let (state, tx) = beside::compute(bytes, move || lent.encode(level)).await?;
    Ok(Stage::Encoded(Box::new(state), tx?))
}

async fn write(store: Arc<dyn Store>, tx: StateTx) -> Result<Stage, Failure> {
    let StateTx { partition, epoch, state_offset, .. } = tx;
    let outcome = store.write_state(tx).await;
    Ok(Stage::Written { partition, epoch, state_offset, outcome })
}
