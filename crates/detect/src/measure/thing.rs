//! What is known of one thing while it is measured. Bounded by its plan, never by its traffic.

use fleetward_domain::{Count, Datapoint, EpochMs, Observed, Report};

use super::Listener;
use super::plan::{MeasurePlan, Reader};
use super::reader_id::ReaderId;
use super::reports::RecentReports;
use super::series::Growth;
use super::window::{NumbersAt, Window};
use crate::limits::CATCH_UP_WINDOWS;

/// Before all times.
const NEVER_MS: EpochMs = EpochMs::MIN;

/// What is known of one thing while it is measured: its presence, its windows, and which reports
/// counted.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredThing {
    pub(crate) reports: RecentReports,
    /// The front doors through which it is connected, a bit each.
    pub(crate) doors: u64,
    /// The last time it was seen: by an activity, by a report, or as connected when a front door
    /// was lost. Its windows stand at this time or later.
    pub(crate) seen_ms: EpochMs,
    /// One for each slot of the plan. Behind them those of readers that began while the window
    /// that they will share was running: such a reader has its own until that ends.
    pub(crate) windows: Box<[Window]>,
}

impl MeasuredThing {
    /// A thing that was never seen before `from_ms`.
    #[must_use]
    pub fn new(plan: &MeasurePlan, from_ms: EpochMs) -> Self {
        let windows = plan.slots.iter().map(|slot| Window::at(from_ms, slot.window_ms));
        Self {
            reports: RecentReports::default(),
            doors: 0,
            seen_ms: NEVER_MS,
            windows: windows.collect(),
        }
    }

    /// Whether a front door says that it is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.doors != 0
    }

    /// The last time it was seen.
    #[must_use]
    pub fn seen_ms(&self) -> EpochMs {
        self.seen_ms
    }

    /// Takes a report; false if it is a repetition, which counts nowhere.
    pub fn report(
        &mut self,
        plan: &MeasurePlan,
        at_ms: EpochMs,
        report: &Report,
        listener: &mut impl Listener,
    ) -> bool {
        let at_ms = at_ms.max(self.seen_ms);
        if !self.reports.is_new(report.report_id, at_ms) {
            return false;
        }
        // A sign of life even where no measure is taken from reports: silence is about all of it.
        self.see(plan, at_ms, listener);
        if !plan.takes_reports() {
            return true;
        }
        // In one walk, and in the readers' order whoever shares what: see `grow`.
        self.grow_own(plan, |reader| {
            reader.series.growth_in_report(report).map_or(Growth::Nothing, Growth::By)
        });
        for (id, reader) in ReaderId::number(&plan.readers) {
            let Some(value) = reader.series.value_in_report(report) else { continue };
            match (reader.slot, value) {
                (Some(slot), Observed::Count(growth)) => {
                    self.grow(plan, (reader, id, slot), Growth::By(growth), listener);
                }
                _ => {
                    let measure = reader.series.measure();
                    listener.datapoint(id, Datapoint { measure, at_ms, value });
                }
            }
        }
        true
    }

    /// A sign of life: what ended before it is closed first.
    pub fn see(&mut self, plan: &MeasurePlan, at_ms: EpochMs, listener: &mut impl Listener) {
        let at_ms = at_ms.max(self.seen_ms);
        if plan.has_windows() {
            self.close(plan, at_ms, listener);
        }
        self.seen_ms = at_ms;
    }

    /// Whether it is connected through the front door of this bit.
    pub fn set_connected(&mut self, door: u64, connected: bool) {
        if connected {
            self.doors |= door;
        } else {
            self.doors &= !door;
        }
    }

    /// Takes what a front door counted until the thing was last seen.
    pub fn count(&mut self, plan: &MeasurePlan, counts: &[Count], listener: &mut impl Listener) {
        if !plan.takes_activity() {
            return;
        }
        self.grow_own(plan, |reader| {
            let counted = reader.series.is_counted();
            if counted { reader.series.growth_in_counts(counts) } else { Growth::Nothing }
        });
        for (id, reader) in ReaderId::number(&plan.readers) {
            let (true, Some(slot)) = (reader.series.is_counted(), reader.slot) else { continue };
            let growth = match reader.leads {
                true => reader.series.growth_in_counts(counts),
                false => Growth::Nothing,
            };
            self.grow(plan, (reader, id, slot), growth, listener);
        }
    }

    /// Whether some window that ends at or before `line_ms` has anything in it. Those of things
    /// that were away are left as they are: they cost nothing.
    #[must_use]
    pub fn has_windows_to_close(&self, plan: &MeasurePlan, line_ms: EpochMs) -> bool {
        let mut numbers = NumbersAt::new(line_ms);
        let mut closes = |window: &Window, window_ms| {
            let lived = self.is_connected()
                || !window.is_untouched()
                || self.seen_ms >= window.start_ms(window_ms);
            lived && window.number < numbers.of(window_ms)
        };
        let mut shared = plan.slots.iter().zip(&self.windows);
        shared.any(|(slot, window)| closes(window, slot.window_ms))
            || self.own(plan).iter().any(|window| closes(window, own_window_ms(plan, window)))
    }

    /// Closes the windows that end at or before `line_ms`, and moves on to those that hold it.
    pub fn close(&mut self, plan: &MeasurePlan, line_ms: EpochMs, listener: &mut impl Listener) {
        let mut numbers = NumbersAt::new(line_ms);
        let mut shared = plan.slots.iter().zip(&self.windows);
        // A reader's own window ends no sooner than the one that it will share.
        if shared.any(|(slot, window)| window.number < numbers.of(slot.window_ms)) {
            self.close_some(plan, numbers, listener);
        }
    }

    fn close_some(
        &mut self,
        plan: &MeasurePlan,
        mut numbers: NumbersAt,
        listener: &mut impl Listener,
    ) {
        for (id, reader) in ReaderId::number(&plan.readers) {
            let (Some(slot), Some(window_ms)) = (reader.slot, reader.series.window_ms) else {
                continue;
            };
            let reached = numbers.of(window_ms);
            let Some(window) = self.window_of(plan, id, slot) else { continue };
            if window.number < reached {
                self.tell_ends(id, (reader, window_ms), *window, reached, listener);
            }
        }
        // Those who share a window all have to be told of it before it moves on.
        self.move_windows(plan, numbers);
    }

    /// The window that a reader looks at, whose series has this slot.
    #[inline]
    pub(crate) fn window_of(
        &self,
        plan: &MeasurePlan,
        reader: ReaderId,
        slot: u32,
    ) -> Option<&Window> {
        let own = self.own(plan).iter().find(|window| u32::from(window.owner) == reader.place());
        own.or_else(|| self.windows.get(slot as usize))
    }

    /// The windows that readers have for themselves.
    #[inline]
    pub(crate) fn own(&self, plan: &MeasurePlan) -> &[Window] {
        self.windows.get(plan.slots.len()..).unwrap_or_default()
    }

    /// Makes a window grow, once for all who share it: the first of them is told first. Tells how
    /// far it has grown, if anything was said of it.
    #[inline(always)]
    fn grow(
        &mut self,
        plan: &MeasurePlan,
        (reader, id, slot): (&Reader, ReaderId, u32),
        growth: Growth,
        listener: &mut impl Listener,
    ) {
        let has_own = self.windows.len() > plan.slots.len();
        let Some(shared) = self.windows.get_mut(slot as usize) else { return };
        if reader.leads {
            shared.grow(growth);
        }
        let mut window = *shared;
        if has_own {
            window = self.window_of(plan, id, slot).copied().unwrap_or(window);
        }
        if window.fed {
            let (measure, value) = (reader.series.measure(), Observed::Count(window.sum));
            listener.grows(id, Datapoint { measure, at_ms: self.seen_ms, value });
        }
    }

    fn grow_own(&mut self, plan: &MeasurePlan, growth: impl Fn(&Reader) -> Growth) {
        for window in self.windows.get_mut(plan.slots.len()..).unwrap_or_default() {
            if let Some(reader) = plan.readers.get(usize::from(window.owner)) {
                window.grow(growth(reader));
            }
        }
    }

    /// Tells a reader of the ends of its window and of those after it, up to `reached`.
    fn tell_ends(
        &self,
        id: ReaderId,
        (reader, window_ms): (&Reader, EpochMs),
        mut window: Window,
        reached: u32,
        listener: &mut impl Listener,
    ) {
        loop {
            if let Some(value) = self.value_at_end(reader, &window, window_ms) {
                let (measure, at_ms) = (reader.series.measure(), window.end_ms(window_ms));
                listener.datapoint(id, Datapoint { measure, at_ms, value });
            }
            listener.window_ended(id);
            // A connected thing that says nothing goes through windows of zero. All others have
            // nothing more to be told of: any sign of them would have closed the window before.
            if !(self.is_connected() && reader.series.is_counted()) {
                return;
            }
            let next = window.number.saturating_add(1);
            window.move_to(next.max(reached.saturating_sub(CATCH_UP_WINDOWS)));
            if window.number >= reached {
                return;
            }
        }
    }

    /// What a window that ends comes to; none if it was not counted whole, or nobody was there.
    fn value_at_end(
        &self,
        reader: &Reader,
        window: &Window,
        window_ms: EpochMs,
    ) -> Option<Observed<'static>> {
        // Without a report that carries it, nobody knows a counter of reports: that is not zero.
        let counted = reader.series.is_counted();
        let was_there = || self.is_connected() || self.seen_ms >= window.start_ms(window_ms);
        let known = window.fed || (counted && was_there());
        (known && !window.partial).then_some(Observed::Count(window.sum))
    }

    /// Moves all windows that ended on to those that hold the time. A reader whose own window
    /// ended shares the others' from here: both stand at the same place, with nothing in them.
    fn move_windows(&mut self, plan: &MeasurePlan, mut numbers: NumbersAt) {
        for (slot, window) in plan.slots.iter().zip(&mut self.windows) {
            let reached = numbers.of(slot.window_ms);
            if window.number < reached {
                window.move_to(reached);
            }
        }
        if self.own(plan).is_empty() {
            return;
        }
        let (shared, own) = self.windows.split_at(plan.slots.len().min(self.windows.len()));
        let goes_on = |window: &&Window| window.number >= numbers.of(own_window_ms(plan, window));
        let own: Vec<Window> = own.iter().filter(goes_on).copied().collect();
        if shared.len() + own.len() < self.windows.len() {
            self.windows = shared.iter().copied().chain(own).collect();
        }
    }
}

/// The length of a window that a reader has for itself.
fn own_window_ms(plan: &MeasurePlan, window: &Window) -> EpochMs {
    let reader = plan.readers.get(usize::from(window.owner));
    reader.and_then(|reader| reader.series.window_ms).unwrap_or(EpochMs::MAX)
}
