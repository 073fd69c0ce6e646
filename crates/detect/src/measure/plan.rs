//! What to measure of things that are alike: made once for all of them.

use fleetward_domain::EpochMs;

use super::reader_id::ReaderId;
use super::series::Series;
use crate::limits::READERS_PER_PLAN;

/// What to measure of things that are alike.
#[derive(Debug, Default)]
pub struct MeasurePlan {
    /// In the order in which they were given.
    pub(crate) readers: Vec<Reader>,
    /// The series that are summed, each once: a thing has a window for each, in this order.
    pub(crate) slots: Vec<Slot>,
    takes_reports: bool,
    takes_activity: bool,
}

/// Somebody who wants to be told of a series.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) series: Series,
    /// The place of its window among the slots, if it has windows.
    pub(crate) slot: Option<u32>,
    /// It is the first that looks at that window, and makes it grow for all.
    pub(crate) leads: bool,
}

/// A window that every thing of the plan has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) series: Series,
    pub(crate) window_ms: EpochMs,
}

impl MeasurePlan {
    /// One reader for each series that is wanted, up to [`READERS_PER_PLAN`]; those that want the
    /// same share its window.
    pub fn new(wanted: impl IntoIterator<Item = Series>) -> Self {
        let mut plan = Self::default();
        for series in wanted.into_iter().take(READERS_PER_PLAN) {
            plan.takes_activity |= series.is_counted();
            plan.takes_reports |= !series.is_counted();
            let slots = plan.slots.len();
            let slot = series.window_ms.map(|window_ms| plan.slot(&series, window_ms));
            let leads = plan.slots.len() > slots;
            plan.readers.push(Reader { series, slot, leads });
        }
        plan
    }

    /// Who asked for what, by reader.
    #[must_use]
    pub fn series(&self, reader: ReaderId) -> Option<&Series> {
        reader.of(&self.readers).map(|reader| &reader.series)
    }

    /// Whether reports are of use.
    #[must_use]
    pub fn takes_reports(&self) -> bool {
        self.takes_reports
    }

    /// Whether activity is of use beyond presence.
    #[must_use]
    pub fn takes_activity(&self) -> bool {
        self.takes_activity
    }

    /// Whether anything is summed over windows.
    #[must_use]
    pub fn has_windows(&self) -> bool {
        !self.slots.is_empty()
    }

    /// The place of the series' window; a new one if nobody wanted the series before.
    fn slot(&mut self, series: &Series, window_ms: EpochMs) -> u32 {
        let known = self.slots.iter().position(|slot| slot.series == *series);
        let place = known.unwrap_or(self.slots.len());
        if known.is_none() {
            self.slots.push(Slot { series: series.clone(), window_ms });
        }
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}
