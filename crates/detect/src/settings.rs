//! What an operator can set of detection.

use fleetward_domain::{EpochMs, FormatLevel};

use crate::limits::{
    EXACT_SHARES, EXACT_VALUES, EXACT_VALUES_FLOOR, SILENCE_STEP_FLOOR_MS, SILENCE_STEPS,
    THINGS_PER_STEP, UNREGISTERED_SWEEP, UNREGISTERED_SWEEP_PART, UNREGISTERED_THINGS,
};

/// Settings of detection; the same for all partitions, and for the life of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often cloud-side counters close; no window is shorter.
    pub period_ms: i64,
    /// A violation of a thing that gave no datapoint for so long is invalidated.
    pub silence_ms: i64,
    /// Most unregistered things that are kept, in all partitions together: their names are chosen
    /// by devices.
    pub unregistered_things: u32,
    /// How many partitions there are.
    pub partitions: u32,
    /// How many things one step of what concerns everyone looks at. What comes of a record does
    /// not depend on it.
    pub things_per_step: usize,
    /// The format level of the data: ids of violations are derived as releases of that level do.
    pub level: FormatLevel,
}

impl Default for Settings {
    /// AWS's: five minutes and two days; and one partition.
    fn default() -> Self {
        Self {
            period_ms: 300_000,
            silence_ms: 2 * 24 * 3_600_000,
            unregistered_things: UNREGISTERED_THINGS,
            partitions: 1,
            things_per_step: THINGS_PER_STEP,
            level: FormatLevel::CURRENT,
        }
    }
}

impl Settings {
    /// How often silent things are looked for: often enough to be within half a per cent of the
    /// setting, rarely enough to cost nothing.
    pub(crate) fn silence_step_ms(&self) -> EpochMs {
        (self.silence_ms / SILENCE_STEPS).max(SILENCE_STEP_FLOOR_MS)
    }

    /// How many unregistered things one partition keeps: its share of the total, and never none.
    pub(crate) fn unregistered_things_here(&self) -> usize {
        self.unregistered_things.div_ceil(self.partitions.max(1)).max(1) as usize
    }

    /// How many of them are forgotten at once at the limit.
    pub(crate) fn unregistered_sweep(&self) -> usize {
        let part = self.unregistered_things_here() / UNREGISTERED_SWEEP_PART;
        UNREGISTERED_SWEEP.min(part).max(1)
    }

    /// Most values of a fleet's window that one partition keeps one by one: some times its share of
    /// all that are.
    pub(crate) fn exact_values(&self) -> usize {
        let partitions = usize::try_from(self.partitions.max(1)).unwrap_or(usize::MAX);
        let share = EXACT_VALUES.saturating_mul(EXACT_SHARES) / partitions;
        share.clamp(EXACT_VALUES_FLOOR, EXACT_VALUES)
    }

    /// The length of a behavior's window; one period if it states none.
    pub(crate) fn window_ms(&self, duration_seconds: Option<u32>) -> EpochMs {
        let stated = EpochMs::from(duration_seconds.unwrap_or(0)).saturating_mul(1_000);
        stated.max(self.period_ms).max(1_000)
    }
}
