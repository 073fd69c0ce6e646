//! The partition's time: the latest that its records spoke of.

use fleetward_domain::EpochMs;

/// Never goes back, whatever the records say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// The latest time in any record.
    pub(crate) now_ms: EpochMs,
    /// The latest time in a tick.
    pub(crate) ticked_ms: EpochMs,
}

impl Clock {
    /// Moves on to the time of a record.
    pub(crate) fn reach(&mut self, at_ms: EpochMs) {
        self.now_ms = self.now_ms.max(at_ms);
    }

    /// Windows that end at or before this are closed for good.
    pub(crate) fn closed_until(&self, grace_ms: EpochMs) -> EpochMs {
        self.ticked_ms.saturating_sub(grace_ms)
    }
}
