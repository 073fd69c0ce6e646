//! Windows as formats 1 and 2 have them: each reader's with a number of its own, none that waits,
//! and none that says since when it counts.

use fleetward_domain::EpochMs;

use super::restored::Begun;
use crate::measure::layout::{FED, PARTIAL, PRESENT, start_ms};
use crate::measure::{Grown, Own, ReaderId, Scene};
use crate::thing_state::ThingState;

/// The window of a series, or of a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredWindow {
    pub(super) sum: u64,
    /// Its number since the epoch.
    pub(super) number: u32,
    /// Of a window that one reader has for itself: the reader.
    pub(super) owner: u16,
    /// Somebody said something of the series in it, zero included.
    pub(super) fed: bool,
    /// Some of it was not counted.
    pub(super) partial: bool,
}

impl StoredWindow {
    /// What a reader's window comes to. What these formats cannot say makes it partial.
    pub(super) fn of_reader(thing: &ThingState, scene: Scene<'_>, id: ReaderId) -> Option<Self> {
        let reader = id.of(&scene.plan.readers)?;
        let (place, slot) = scene.plan.slot_of(reader)?;
        let (layout, words) = (scene.plan.layout(), &thing.measured.words);
        let number = layout.number(words, slot.length);
        let (from_ms, end_ms) =
            (start_ms(number, slot.window_ms), start_ms(number.saturating_add(1), slot.window_ms));
        let grown = thing.measured.grown_of(scene, (id, place, slot), number);
        let marks = layout.of_length(words, slot.length);
        let Grown { value, marks: of_slot } = grown.unwrap_or_default();
        let is_whole = thing.measured.begin_of(scene.begins, id) <= from_ms
            && scene.clock.is_counted(from_ms, end_ms)
            && thing.measured.waiting().is_empty();
        Some(Self {
            sum: value,
            number,
            owner: u16::try_from(id.place()).unwrap_or(u16::MAX),
            fed: of_slot & FED != 0,
            partial: !is_whole || (marks | of_slot) & PARTIAL != 0,
        })
    }

    /// What the window comes to that all readers of a series share.
    pub(super) fn of_slot(thing: &ThingState, scene: Scene<'_>, place: usize) -> Self {
        let (layout, words) = (scene.plan.layout(), &thing.measured.words);
        let Some(slot) = scene.plan.slots.get(place) else { return Self::default() };
        let number = layout.number(words, slot.length);
        let (from_ms, end_ms) =
            (start_ms(number, slot.window_ms), start_ms(number.saturating_add(1), slot.window_ms));
        let marks = layout.of_length(words, slot.length) | layout.of_slot(words, place) & PARTIAL;
        let is_whole = scene.begins.of_slot(place).max(thing.measured.from_ms) <= from_ms
            && scene.clock.is_counted(from_ms, end_ms)
            && thing.measured.waiting().is_empty();
        Self {
            sum: thing.measured.value(layout, place),
            number,
            owner: 0,
            fed: layout.of_slot(words, place) & FED != 0,
            partial: !is_whole || marks & PARTIAL != 0,
        }
    }

    /// The windows that readers have for themselves: partial, or they would share others'.
    pub(super) fn own(thing: &ThingState, scene: Scene<'_>) -> Vec<Self> {
        let own = thing.measured.own().iter();
        let windows = own.filter_map(|own| Self::of_reader(thing, scene, own.reader));
        windows.map(|window| Self { partial: true, ..window }).collect()
    }

    fn grown(self) -> Grown {
        let fed = if self.fed { FED } else { 0 };
        Grown { value: self.sum, marks: if self.partial { fed | PARTIAL } else { fed } }
    }
}

/// Gives a thing the windows of its readers; those that have none begin at `now_ms`.
pub(super) fn restore(
    thing: &mut ThingState,
    scene: Scene<'_>,
    of_reader: impl Fn(ReaderId) -> Option<StoredWindow>,
    now_ms: EpochMs,
) {
    let (plan, layout) = (scene.plan, scene.plan.layout());
    let readers = || ReaderId::number(plan.beginning());
    let windows =
        || readers().filter_map(|(id, reader)| Some((id, plan.slot_of(reader)?, of_reader(id)?)));
    let measured = &mut thing.measured;
    for (_, (_, slot), window) in windows() {
        let number = layout.number(&measured.words, slot.length).max(window.number);
        layout.set_number(&mut measured.words, slot.length, number);
        let (start, is_connected) = (start_ms(number, slot.window_ms), measured.doors() != 0);
        // Since when it was connected these formats do not say.
        let is_present = is_connected || window.fed || measured.seen_ms >= start;
        let marks = layout.of_length(&measured.words, slot.length);
        let marks = if is_present { marks | PRESENT } else { marks };
        layout.set_of_length(&mut measured.words, slot.length, marks);
    }
    let mut begun = Begun::default();
    let mut told = vec![None; plan.slots.len()];
    for (id, reader) in readers() {
        let Some((place, slot)) = plan.slot_of(reader) else { continue };
        let Some(window) = of_reader(id) else {
            begun.own.push(Own { reader: id, begin_ms: now_ms, grown: Grown::default() });
            continue;
        };
        let number = layout.number(&measured.words, slot.length);
        let Some(told) = told.get_mut(place) else { continue };
        if window.number == number && told.is_none_or(|known| known == window.grown()) {
            *told = Some(window.grown());
            measured.set_value(layout, place, window.sum);
            layout.set_of_slot(&mut measured.words, place, window.grown().marks);
        } else if window.number == number {
            // It began beside another: not with the window, so that it is not whole.
            let begin_ms = start_ms(number, slot.window_ms).saturating_add(1);
            begun.own.push(Own { reader: id, begin_ms, grown: window.grown() });
        }
    }
    begun.give(measured);
}
