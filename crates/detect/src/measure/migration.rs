//! From one plan to the next: which windows go on, and who shares them.

use fleetward_domain::EpochMs;

use super::plan::MeasurePlan;
use super::reader_id::ReaderId;
use super::thing::MeasuredThing;
use super::window::Window;

impl MeasuredThing {
    /// Gives it the windows of the plan that follows `old`. `carried`: for each new reader the
    /// old one that it continues, which wants the same series.
    pub(crate) fn migrate(
        &mut self,
        (old, new): (&MeasurePlan, &MeasurePlan),
        carried: &[Option<ReaderId>],
        at_ms: EpochMs,
    ) {
        let before = std::mem::take(&mut self.windows);
        let before = Self { windows: before, ..self.clone() };
        self.begin_plan(new, at_ms, |reader| {
            let from = carried.get(reader).copied().flatten()?;
            let slot = from.of(&old.readers)?.slot?;
            before.window_of(old, from, slot).copied()
        });
    }

    /// Gives it the windows of a plan that applies from now on: `of_reader` is the window of a
    /// reader that goes on; the others begin.
    pub(crate) fn begin_plan(
        &mut self,
        plan: &MeasurePlan,
        at_ms: EpochMs,
        of_reader: impl Fn(usize) -> Option<Window>,
    ) {
        let readers = plan.readers.iter().enumerate().map(|(place, reader)| {
            let window_ms = reader.series.window_ms?;
            let goes_on = of_reader(place).map(|window| Window { owner: 0, ..window });
            Some(goes_on.unwrap_or_else(|| self.begin(window_ms, at_ms)))
        });
        self.windows = share(plan, &readers.collect::<Vec<_>>());
    }

    /// The window of a series that begins to be counted now: what the thing did before that in
    /// the same window went uncounted.
    fn begin(&self, window_ms: EpochMs, at_ms: EpochMs) -> Window {
        let window = Window::at(at_ms, window_ms);
        let was_there = self.is_connected() || self.seen_ms >= window.start_ms(window_ms);
        Window { partial: was_there, ..window }
    }
}

/// From one window a reader to one a series. What happened before a reader began never counts for
/// it, so who does not agree with the earliest window keeps its own until that ends: it ends no
/// sooner, so that both then stand at the same place.
pub(crate) fn share(plan: &MeasurePlan, of_readers: &[Option<Window>]) -> Box<[Window]> {
    let of_readers = || plan.readers.iter().zip(of_readers).zip(0_u16..);
    let slotted = || of_readers().filter_map(|((r, window), at)| Some((r.slot?, (*window)?, at)));
    let mut earliest: Vec<Option<Window>> = vec![None; plan.slots.len()];
    for (slot, window, _) in slotted() {
        if let Some(known) = earliest.get_mut(slot as usize) {
            let is_earlier = known.is_none_or(|known| window.number < known.number);
            *known = if is_earlier { Some(window) } else { *known };
        }
    }
    let mut windows: Vec<Window> = earliest.into_iter().map(Option::unwrap_or_default).collect();
    for (slot, window, owner) in slotted() {
        if windows.get(slot as usize) != Some(&window) {
            windows.push(Window { owner, ..window });
        }
    }
    windows.into_boxed_slice()
}
