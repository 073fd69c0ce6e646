//! What to measure of things that are alike: made once for all of them.

use fleetward_domain::EpochMs;

use super::layout::{Layout, number_at};
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
    /// The lengths of their windows, each once, shortest first.
    pub(crate) lengths_ms: Vec<EpochMs>,
    takes_reports: bool,
    takes_activity: bool,
    /// How many readers count from a begin: see [`MeasurePlan::beside`].
    beginning: usize,
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
    /// The place of its length among the lengths.
    pub(crate) length: usize,
}

impl MeasurePlan {
    /// One reader for each series that is wanted, up to [`READERS_PER_PLAN`]; those that want the
    /// same share its window.
    pub fn new(wanted: impl IntoIterator<Item = Series>) -> Self {
        let mut plan = Self::default();
        plan.add(wanted);
        plan.beginning = plan.readers.len();
        plan
    }

    /// The same, and readers after those that count whatever they hear of, without a begin. They
    /// share no window with the others, whose begins are theirs.
    #[must_use]
    pub fn beside(mut self, wanted: impl IntoIterator<Item = Series>) -> Self {
        self.add(wanted);
        self
    }

    fn add(&mut self, wanted: impl IntoIterator<Item = Series>) {
        let own = self.slots.len();
        let room = READERS_PER_PLAN.saturating_sub(self.readers.len());
        for series in wanted.into_iter().take(room) {
            self.takes_activity |= series.is_counted();
            self.takes_reports |= series.is_reported();
            let slots = self.slots.len();
            let slot = series.window_ms.map(|window_ms| self.slot(&series, window_ms, own));
            let leads = self.slots.len() > slots;
            self.readers.push(Reader { series, slot, leads });
        }
        self.lengths_ms = self.slots.iter().map(|slot| slot.window_ms).collect();
        self.lengths_ms.sort_unstable();
        self.lengths_ms.dedup();
        for slot in &mut self.slots {
            let place = self.lengths_ms.iter().position(|length| *length == slot.window_ms);
            slot.length = place.unwrap_or(0);
        }
    }

    /// The readers that count from a begin.
    pub(crate) fn beginning(&self) -> &[Reader] {
        self.readers.get(..self.beginning).unwrap_or_default()
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

    /// The number of the window of a length (by its place) that holds this time.
    #[inline]
    pub(crate) fn number_at(&self, length: usize, at_ms: EpochMs) -> u32 {
        self.lengths_ms.get(length).map_or(0, |window_ms| number_at(at_ms, *window_ms))
    }

    /// How a thing's windows lie in its words.
    pub(crate) fn layout(&self) -> Layout {
        Layout { lengths: self.lengths_ms.len(), slots: self.slots.len() }
    }

    /// A reader's window among the slots; none if it has none.
    #[inline]
    pub(crate) fn slot_of(&self, reader: &Reader) -> Option<(usize, &Slot)> {
        let place = reader.slot? as usize;
        Some((place, self.slots.get(place)?))
    }

    /// The place of the series' window; a new one if none from this place on is of it.
    fn slot(&mut self, series: &Series, window_ms: EpochMs, from: usize) -> u32 {
        let known = self.slots.iter().skip(from).position(|slot| slot.series == *series);
        let known = known.map(|place| from + place);
        let place = known.unwrap_or(self.slots.len());
        if known.is_none() {
            self.slots.push(Slot { series: series.clone(), window_ms, length: 0 });
        }
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}
