//! What was seen of a thing after its open windows: it waits until they have closed, so that
//! datapoints are taken in the order of their windows.

use fleetward_domain::EpochMs;

use super::begins::Grown;
use super::layout::number_at;
use super::plan::MeasurePlan;

/// What was seen in a stretch in which no window of the thing ends, and no reader begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    /// The begin of the first of it.
    pub(crate) since_ms: EpochMs,
    /// The latest time in it.
    pub(crate) at_ms: EpochMs,
    /// Through which front doors the thing is connected at its end, a bit each.
    pub(crate) doors: u64,
    /// Something was seen in it: not only that a front door was lost.
    pub(crate) is_seen: bool,
    /// By slot.
    pub(crate) grown: Box<[Grown]>,
}

impl Waiting {
    pub(crate) fn new(plan: &MeasurePlan, at_ms: EpochMs, since_ms: EpochMs, doors: u64) -> Self {
        let grown = vec![Grown::default(); plan.slots.len()].into_boxed_slice();
        Self { since_ms, at_ms, doors, is_seen: false, grown }
    }

    /// Whether what happened then belongs to the same windows.
    pub(crate) fn is_beside(&self, plan: &MeasurePlan, at_ms: EpochMs) -> bool {
        let same = |length: &EpochMs| number_at(self.at_ms, *length) == number_at(at_ms, *length);
        plan.lengths_ms.iter().all(same)
    }

    /// The door of this bit says whether the thing is connected through it.
    pub(crate) fn set_connected(&mut self, door: u64, connected: bool) {
        self.doors = if connected { self.doors | door } else { self.doors & !door };
    }
}
