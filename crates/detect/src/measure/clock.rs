//! The time of a partition: how far everything was counted, and since when it was counted whole.

use fleetward_domain::EpochMs;

use crate::limits::{AHEAD_MS, UNCOUNTED};

/// No window is longer (AWS: an hour, and a day to spare for settings to come).
const LONGEST_WINDOW_MS: EpochMs = 24 * 3_600_000;

/// What records said of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// The latest time in any record since the clock was last set.
    pub now_ms: EpochMs,
    /// Whatever was stamped before this was applied: windows that end by then are closed. It moves
    /// by watermarks, and goes back only where the machine's clock did.
    pub line_ms: EpochMs,
    /// Stretches in which somebody counted nothing, from and until: a front door was away, or the
    /// clock was set. Windows that share anything with one were not counted whole.
    pub uncounted: Vec<(EpochMs, EpochMs)>,
    /// By how much the machine's clock was set ahead, in all: what measures elapsed time subtracts
    /// it.
    pub skew_ms: EpochMs,
    /// When something last began to wait for the line. Records are compared with it where the line
    /// stands still, since nobody asked for watermarks.
    pub woke_ms: EpochMs,
}

impl Clock {
    /// Moves on to the time of a record.
    pub fn reach(&mut self, at_ms: EpochMs) {
        self.now_ms = self.now_ms.max(at_ms);
    }

    /// Whatever was stamped before this was applied. The line never goes back, but where the clock
    /// was set.
    pub fn draw_line(&mut self, at_ms: EpochMs) {
        self.reach(at_ms);
        self.line_ms = self.line_ms.max(at_ms);
    }

    /// Somebody counted nothing for a while, however short.
    pub fn miss(&mut self, from_ms: EpochMs, until_ms: EpochMs) {
        let until_ms = until_ms.max(from_ms.saturating_add(1));
        // Windows that are closed concern nobody any more.
        let open_ms = self.line_ms.saturating_sub(LONGEST_WINDOW_MS);
        self.uncounted.retain(|(_, until_ms)| *until_ms > open_ms);
        let is_full = self.uncounted.len() >= UNCOUNTED;
        match self.uncounted.last_mut() {
            Some(last) if is_full => {
                *last = (last.0.min(from_ms), last.1.max(until_ms));
            }
            _ => self.uncounted.push((from_ms, until_ms)),
        }
    }

    /// Whether everybody counted in all of a stretch.
    #[must_use]
    pub fn is_counted(&self, from_ms: EpochMs, until_ms: EpochMs) -> bool {
        let misses = |(from, until): &(EpochMs, EpochMs)| *from < until_ms && from_ms < *until;
        !self.uncounted.iter().any(misses)
    }

    /// The time that a record is taken at: one far ahead of all others is not believed.
    #[must_use]
    pub fn bounded(&self, at_ms: EpochMs) -> EpochMs {
        at_ms.min(self.line_ms.max(self.woke_ms).saturating_add(AHEAD_MS))
    }

    /// A time of a record as elapsed time, which no setting of the clock moves.
    #[must_use]
    pub fn elapsed(&self, at_ms: EpochMs) -> EpochMs {
        at_ms.saturating_sub(self.skew_ms)
    }
}
