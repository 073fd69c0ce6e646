//! The time that records have told: it never goes back, whatever they say.

use fleetward_domain::EpochMs;

/// The latest times that records spoke of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// The latest time in any record.
    pub now_ms: EpochMs,
    /// The latest time in a tick.
    pub ticked_ms: EpochMs,
}

impl Clock {
    /// Moves on to the time of a record.
    pub fn reach(&mut self, at_ms: EpochMs) {
        self.now_ms = self.now_ms.max(at_ms);
    }

    /// Moves on to the time of a tick.
    pub fn tick(&mut self, at_ms: EpochMs) {
        self.reach(at_ms);
        self.ticked_ms = self.ticked_ms.max(at_ms);
    }

    /// Windows that end at or before this are closed for good.
    #[must_use]
    pub fn closed_until(&self, grace_ms: EpochMs) -> EpochMs {
        self.ticked_ms.saturating_sub(grace_ms)
    }
}
