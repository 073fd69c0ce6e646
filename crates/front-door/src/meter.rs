//! What each thing does at the broker, counted.
//!
//! Connections count in plain integers and add them to their thing once a read; things that
//! changed are collected every few hundred milliseconds into one record each. What is counted
//! belongs to the period it happened in, whenever it is collected.

mod counts;
mod flush;
mod plan;
mod sizes;
mod sources;
#[cfg(test)]
mod tests;
mod thing;

pub(crate) use counts::Counts;
pub(crate) use flush::{Flusher, Sources};
pub(crate) use plan::{MeterPlan, TopicSet};
pub(crate) use thing::{Presence, ThingMeter};

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use arc_swap::ArcSwap;
use fleetward_domain::ThingName;
use fleetward_environment::{RecordClock, Stamp};

use crate::limits::METERED_THINGS;
use thing::Bucket;

/// The counters of all things of this front door.
pub(crate) struct Meter {
    clock: RecordClock,
    period_ms: i64,
    plan: ArcSwap<MeterPlan>,
    things: Mutex<HashMap<ThingName, Arc<ThingMeter>>>,
    /// Things with counts that were not collected yet, each once.
    changed: Mutex<Vec<Arc<ThingMeter>>>,
    /// Shared by whoever reads the time and adds by it; taken whole to draw a line: everything
    /// that was counted before that time is then listed.
    line: RwLock<()>,
    /// How many counts of a thing's period were lost, because the log took nothing for too long.
    lost: AtomicU64,
}

impl Meter {
    pub(crate) fn new(clock: RecordClock, period_ms: i64, plan: MeterPlan) -> Self {
        Self {
            clock,
            period_ms: period_ms.max(1),
            plan: ArcSwap::from_pointee(plan),
            things: Mutex::default(),
            changed: Mutex::default(),
            line: RwLock::default(),
            lost: AtomicU64::new(0),
        }
    }

    /// What is counted by topic.
    pub(crate) fn plan(&self) -> Arc<MeterPlan> {
        self.plan.load_full()
    }

    /// Whether `plan` is still what is counted by.
    pub(crate) fn is_current(&self, plan: &Arc<MeterPlan>) -> bool {
        Arc::ptr_eq(&self.plan.load(), plan)
    }

    pub(crate) fn set_plan(&self, plan: MeterPlan) {
        if **self.plan.load() != plan {
            self.plan.store(Arc::new(plan));
        }
    }

    /// The thing's counters, held until [`Self::release`]; `None` if there are too many things.
    pub(crate) fn hold(&self, thing: &ThingName) -> Option<Arc<ThingMeter>> {
        let mut things = lock(&self.things);
        let is_full = things.len() >= METERED_THINGS;
        let meter = match things.entry(thing.clone()) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(_) if is_full => return None,
            Entry::Vacant(new) => Arc::clone(new.insert(Arc::new(ThingMeter::new(thing.clone())))),
        };
        meter.lock().holders += 1;
        Some(meter)
    }

    /// Gives a thing's counters back. They go once they are collected and nobody holds them.
    pub(crate) fn release(&self, meter: &Arc<ThingMeter>) {
        let mut things = lock(&self.things);
        let mut state = meter.lock();
        state.holders = state.holders.saturating_sub(1);
        if state.is_idle() {
            things.remove(&meter.thing);
        }
    }

    /// Adds what a connection counted, and empties it.
    pub(crate) fn add(&self, meter: &Arc<ThingMeter>, counts: &mut Counts) {
        if counts.is_empty() {
            return;
        }
        self.change(meter, |state, at| state.add(at, self.period_ms, counts));
        counts.clear();
    }

    /// A connection of the thing came to be or ended.
    pub(crate) fn presence(
        &self,
        meter: &Arc<ThingMeter>,
        presence: Presence,
        counts: &mut Counts,
    ) {
        self.change(meter, |state, at| {
            state.turn(at, presence);
            state.add(at, self.period_ms, counts)
        });
        counts.clear();
    }

    /// How many periods of things were lost since this was asked last.
    fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// How many things are held.
    #[cfg(test)]
    pub(crate) fn things(&self) -> usize {
        lock(&self.things).len()
    }

    /// Changes a thing's counters by the time that it is now, and lists it. False from `change`
    /// says that counts were lost.
    fn change(
        &self,
        meter: &Arc<ThingMeter>,
        change: impl FnOnce(&mut thing::State, Stamp) -> bool,
    ) {
        // From the look at the clock until it is listed, so that no line falls between the two.
        let _counting = self.line.read().unwrap_or_else(PoisonError::into_inner);
        let mut state = meter.lock();
        if !change(&mut state, self.clock.stamp()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        let is_first = !std::mem::replace(&mut state.is_listed, true);
        drop(state);
        if is_first {
            lock(&self.changed).push(Arc::clone(meter));
        }
    }

    /// Takes the things that changed; [`Self::collected`] ends what this begins.
    fn take_changed(&self, limit: usize) -> Vec<Arc<ThingMeter>> {
        let mut changed = lock(&self.changed);
        let keep = changed.len().saturating_sub(limit);
        changed.split_off(keep)
    }

    /// Takes all things that changed: everything that was counted until now is in them.
    fn draw_line(&self) -> Vec<Arc<ThingMeter>> {
        let _nobody_counts = self.line.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *lock(&self.changed))
    }

    /// Collects of a thing that was taken what was counted before so many jumps of the clock. It
    /// is listed again if it has more.
    fn take_buckets(&self, meter: &Arc<ThingMeter>, jumps: u64) -> Vec<Bucket> {
        let mut state = meter.lock();
        let buckets = state.take_before(jumps);
        state.is_listed = !state.buckets.is_empty();
        let has_more = state.is_listed;
        drop(state);
        if has_more {
            lock(&self.changed).push(Arc::clone(meter));
        }
        buckets
    }

    /// Forgets those of the collected things that nobody holds.
    fn collected(&self, meters: &[Arc<ThingMeter>]) {
        let mut things = lock(&self.things);
        for meter in meters {
            if meter.lock().is_idle() {
                things.remove(&meter.thing);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
