//! One thing's counters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleetward_domain::{EpochMs, ThingName};
use fleetward_environment::Stamp;

use super::Counts;
use crate::limits::UNFLUSHED_WINDOWS;

/// One thing's counters, shared by its connections.
#[derive(Debug)]
pub(crate) struct ThingMeter {
    pub(crate) thing: ThingName,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Connections and refusals in progress: while there are any, the counters stay.
    pub(super) holders: u32,
    /// Whether it is in the list of things to collect.
    pub(super) is_listed: bool,
    /// How many connections it has.
    pub(super) connections: u32,
    /// When the last of them ended, if the thing ended it.
    pub(super) away_since_ms: Option<EpochMs>,
    /// What was not collected yet, one for each period and plan, in order of time.
    pub(super) buckets: Vec<Bucket>,
}

/// What becomes of a connection of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It came to be.
    Up,
    /// It ended.
    Down,
    /// It ended because the front door stops, which says nothing of the thing.
    Stopped,
}

/// What was counted in one period by one plan.
#[derive(Debug)]
pub(super) struct Bucket {
    /// By which clock: how many of its jumps were before.
    pub(super) jumps: u64,
    /// The period's begin.
    pub(super) begin_ms: EpochMs,
    /// The first count.
    pub(super) first_ms: EpochMs,
    /// The latest.
    pub(super) last_ms: EpochMs,
    /// Whether the thing was connected then.
    pub(super) is_connected: bool,
    /// Since when it was not, if it had been.
    pub(super) away_since_ms: Option<EpochMs>,
    pub(super) counts: Counts,
}

impl ThingMeter {
    pub(super) fn new(thing: ThingName) -> Self {
        Self { thing, state: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    /// When it began, where that is not the millisecond of the latest count.
    pub(super) fn since_ms(&self) -> Option<EpochMs> {
        (self.first_ms < self.last_ms).then_some(self.first_ms)
    }
}

impl State {
    pub(super) fn is_idle(&self) -> bool {
        self.holders == 0 && self.connections == 0 && !self.is_listed && self.buckets.is_empty()
    }

    /// What was not collected yet of the time before so many jumps of the clock.
    pub(super) fn take_before(&mut self, jumps: u64) -> Vec<Bucket> {
        let end = self.buckets.partition_point(|bucket| bucket.jumps < jumps);
        let later = self.buckets.split_off(end);
        std::mem::replace(&mut self.buckets, later)
    }

    /// A connection came to be, or ended.
    pub(super) fn turn(&mut self, at: Stamp, presence: Presence) {
        let is_last = self.connections <= 1;
        match presence {
            Presence::Up => {
                self.connections = self.connections.saturating_add(1);
                self.away_since_ms = None;
            }
            Presence::Down | Presence::Stopped => {
                self.connections = self.connections.saturating_sub(1);
                let is_left = is_last && presence == Presence::Down;
                self.away_since_ms = is_left.then_some(at.at_ms);
            }
        }
    }

    /// Adds what was counted to the bucket of that time; false if the counts of another were lost
    /// for it.
    pub(super) fn add(&mut self, at: Stamp, period_ms: i64, counts: &Counts) -> bool {
        let begin_ms = at.at_ms.saturating_sub(at.at_ms.rem_euclid(period_ms));
        let fits = |bucket: &mut Bucket| {
            Arc::ptr_eq(&bucket.counts.plan, &counts.plan)
                && (bucket.jumps, bucket.begin_ms) == (at.jumps, begin_ms)
        };
        let mut bucket = match self.buckets.pop_if(fits) {
            Some(bucket) => bucket,
            None => Bucket {
                jumps: at.jumps,
                begin_ms,
                first_ms: at.at_ms,
                last_ms: at.at_ms,
                is_connected: false,
                away_since_ms: None,
                counts: Counts::new(Arc::clone(&counts.plan)),
            },
        };
        bucket.first_ms = bucket.first_ms.min(at.at_ms);
        bucket.last_ms = bucket.last_ms.max(at.at_ms);
        bucket.is_connected = self.connections > 0;
        bucket.away_since_ms = self.away_since_ms;
        bucket.counts.add(counts);
        self.buckets.push(bucket);
        // What is held while the log takes nothing is bounded. Counted for another window they
        // would be an alarm, so they are lost.
        let is_too_much = self.buckets.len() > UNFLUSHED_WINDOWS;
        if is_too_much {
            self.buckets.remove(0);
        }
        !is_too_much
    }
}
