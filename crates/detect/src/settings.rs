//! What an operator can set of detection.

use fleetward_domain::EpochMs;

use crate::limits::{SILENCE_STEP_FLOOR_MS, SILENCE_STEPS};

/// Settings of detection; the same for all partitions, and for the life of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often cloud-side counters close; no window is shorter.
    pub period_ms: i64,
    /// How long after its end a window stays open for records that are still on their way.
    pub grace_ms: i64,
    /// A violation of a thing that gave no datapoint for so long is invalidated.
    pub silence_ms: i64,
}

impl Default for Settings {
    /// AWS's: five minutes and two days; and two seconds of grace.
    fn default() -> Self {
        Self { period_ms: 300_000, grace_ms: 2_000, silence_ms: 2 * 24 * 3_600_000 }
    }
}

impl Settings {
    /// How often silent things are looked for: often enough to be within half a per cent of the
    /// setting, rarely enough to cost nothing.
    pub(crate) fn silence_step_ms(&self) -> EpochMs {
        (self.silence_ms / SILENCE_STEPS).max(SILENCE_STEP_FLOOR_MS)
    }

    /// The length of a behavior's window; one period if it states none.
    pub(crate) fn window_ms(&self, duration_seconds: Option<u32>) -> EpochMs {
        let stated = EpochMs::from(duration_seconds.unwrap_or(0)).saturating_mul(1_000);
        stated.max(self.period_ms).max(1_000)
    }
}
