//! Windows close: by the line, in their order, and what waited for it counts in those after.

use fleetward_domain::{Datapoint, EpochMs};

use super::begins::Grown;
use super::layout::{FED, HERE, PARTIAL, PRESENT, number_at, start_ms};
use super::plan::{MeasurePlan, Reader, Slot};
use super::reader_id::ReaderId;
use super::series::Growth;
use super::thing::{MeasuredThing, Scene};
use super::waiting::Waiting;
use super::{Counted, Listener};
use crate::limits::{CATCH_UP_WINDOWS, LATE_MS};

impl MeasuredThing {
    /// Whether anything happens to it when the line moves on: those that were away cost nothing.
    #[must_use]
    pub fn waits(&self, plan: &MeasurePlan) -> bool {
        let layout = plan.layout();
        let present = |length| layout.of_length(&self.words, length) & (PRESENT | HERE) != 0;
        let has_aside = !self.own().is_empty() || !self.waiting().is_empty();
        has_aside || (0..layout.lengths).any(|length| self.doors() != 0 || present(length))
    }

    /// Closes the windows that end at or before the line, and takes what waited for that.
    pub fn close(&mut self, scene: Scene<'_>, listener: &mut impl Listener) {
        self.close_to(scene, scene.clock.line_ms, listener);
        self.forget_taken(scene.plan);
        self.forget_begun(scene);
    }

    /// The clock was set ahead by so much, or back: whatever is open ends here, not whole, and all
    /// goes on at the line.
    pub fn begin_anew(
        &mut self,
        scene: Scene<'_>,
        ahead_ms: EpochMs,
        listener: &mut impl Listener,
    ) {
        let (plan, layout) = (scene.plan, scene.plan.layout());
        let lengths = || plan.lengths_ms.iter().enumerate();
        let ends = lengths().map(|(length, window_ms)| {
            let latest_ms = self.waiting().last().map_or(EpochMs::MIN, |waiting| waiting.at_ms);
            let number = layout.number(&self.words, length).max(number_at(latest_ms, *window_ms));
            start_ms(number.saturating_add(1), *window_ms)
        });
        let end_ms = ends.max().unwrap_or(scene.clock.line_ms);
        self.close_to(scene, end_ms, listener);
        self.set_doors(self.doors_last());
        for (length, window_ms) in lengths() {
            let number = number_at(scene.clock.line_ms, *window_ms);
            layout.set_number(&mut self.words, length, number);
            let begins_here = start_ms(number, *window_ms) == scene.clock.line_ms;
            let marks = if begins_here && self.doors() != 0 { HERE } else { 0 };
            layout.set_of_length(&mut self.words, length, marks);
        }
        self.from_ms = self.from_ms.min(scene.clock.line_ms);
        // Who was never seen was not seen at another time either.
        if self.seen_ms > EpochMs::MIN {
            self.seen_ms = self.seen_ms.saturating_add(ahead_ms);
        }
        self.set_aside(Vec::new(), Vec::new());
    }

    /// Closes the windows that end at or before this time, those of each length in their order,
    /// and takes what waited for them.
    fn close_to(&mut self, scene: Scene<'_>, until_ms: EpochMs, listener: &mut impl Listener) {
        let layout = scene.plan.layout();
        for length in 0..layout.lengths {
            let reached = scene.plan.number_at(length, until_ms);
            while layout.number(&self.words, length) < reached {
                let open = layout.number(&self.words, length);
                let numbers = self.waiting().iter().map(|w| scene.plan.number_at(length, w.at_ms));
                let next = numbers.filter(|number| *number > open).min();
                let next = next.map_or(reached, |next| next.min(reached));
                self.close_length(scene, length, next, listener);
                self.take_waiting(scene, length, listener);
            }
        }
    }

    /// What waited for the windows of a length that are open now, as if it were seen now.
    fn take_waiting(&mut self, scene: Scene<'_>, length: usize, listener: &mut impl Listener) {
        let (plan, layout) = (scene.plan, scene.plan.layout());
        let number = layout.number(&self.words, length);
        let is_in = |waiting: &&Waiting| plan.number_at(length, waiting.at_ms) == number;
        let ready: Vec<Waiting> = self.waiting().iter().filter(is_in).cloned().collect();
        if ready.is_empty() {
            return;
        }
        for waiting in &ready {
            let begin_ms = plan.lengths_ms.get(length).map_or(0, |ms| start_ms(number, *ms));
            if waiting.is_seen {
                layout.reach(&mut self.words, length, waiting.at_ms.saturating_sub(begin_ms));
                let marks = layout.of_length(&self.words, length) | PRESENT;
                layout.set_of_length(&mut self.words, length, marks);
            }
            // Who has a window for himself began in this one, or the stretch would be another.
            let growth_of = |reader: &Reader| {
                let grown = reader.slot.and_then(|slot| waiting.grown.get(slot as usize));
                grown.map_or(Growth::Nothing, |grown| grown.as_growth())
            };
            self.grow_own_of(plan, length, waiting.since_ms, growth_of);
            for (place, grown) in waiting.grown.iter().enumerate() {
                if plan.slots.get(place).is_none_or(|slot| slot.length != length) {
                    continue;
                }
                let begin_ms = self.slot_begin(scene, place);
                if waiting.since_ms >= begin_ms {
                    self.grow(plan, place, grown.as_growth());
                    self.grow(plan, place, grown.as_doubt());
                } else if waiting.at_ms >= begin_ms {
                    self.grow(plan, place, Growth::Unknown);
                }
            }
        }
        for (id, reader) in ReaderId::number(&plan.readers) {
            let Some((place, slot)) = plan.slot_of(reader) else { continue };
            if slot.length == length {
                self.tell_growth(scene, (id, reader, place, slot), listener);
            }
        }
    }

    /// Closes the windows of a length before the one of this number, and moves on to that.
    fn close_length(
        &mut self,
        scene: Scene<'_>,
        length: usize,
        next: u32,
        listener: &mut impl Listener,
    ) {
        let (plan, layout) = (scene.plan, scene.plan.layout());
        let Some(window_ms) = plan.lengths_ms.get(length) else { return };
        // Nothing was seen of it in the windows between: who was there when the first of them
        // began was so when the others did.
        let open = layout.number(&self.words, length);
        let doors = self.doors_at(start_ms(open.saturating_add(1), *window_ms));
        for (id, reader) in ReaderId::number(&plan.readers) {
            let Some((place, slot)) = plan.slot_of(reader) else { continue };
            if slot.length == length {
                let windows = (open, next, doors != 0);
                self.tell_ends(scene, (id, reader), (place, slot), windows, listener);
            }
        }
        // Those who share a window all have to be told of it before it moves on.
        layout.set_number(&mut self.words, length, next);
        let marks = if doors == 0 { 0 } else { HERE };
        layout.set_of_length(&mut self.words, length, marks);
        for (place, slot) in plan.slots.iter().enumerate() {
            if slot.length == length {
                self.set_value(layout, place, 0);
                layout.set_of_slot(&mut self.words, place, 0);
            }
        }
    }

    /// Tells a reader of the ends of its window and of those after it, before the one that is
    /// reached; whether the thing was connected in those after it.
    fn tell_ends(
        &self,
        scene: Scene<'_>,
        (id, reader): (ReaderId, &Reader),
        (place, slot): (usize, &Slot),
        (number, reached, is_connected): (u32, u32, bool),
        listener: &mut impl Listener,
    ) {
        let layout = scene.plan.layout();
        let begin_ms = self.begin_of(scene.begins, id);
        let mut tell = |number: u32, (value, is_said): (u64, bool), counted: Counted| {
            let at_ms = start_ms(number.saturating_add(1), slot.window_ms);
            let from_ms = start_ms(number, slot.window_ms);
            let is_whole = from_ms >= begin_ms && scene.clock.is_counted(from_ms, at_ms);
            let counted = match is_whole && counted != Counted::InPart {
                true => counted,
                false if is_said => Counted::InPart,
                false => Counted::Unsaid,
            };
            let (measure, value) = (reader.series.measure(), reader.series.observed(value));
            listener.closes(id, Datapoint { measure, at_ms, value }, counted);
        };
        let marks = layout.of_length(&self.words, slot.length);
        let counts_zero = reader.series.counts_zero();
        if let Some(grown) = self.grown_of(scene, (id, place, slot), number) {
            // Without a report that carries it, nobody knows a counter of reports: that is not
            // zero.
            if grown.marks & FED != 0 || (counts_zero && marks & (PRESENT | HERE) != 0) {
                let counted = match (marks | grown.marks) & PARTIAL != 0 {
                    true => Counted::InPart,
                    false if counts_zero && marks & HERE == 0 => Counted::FromLater,
                    false => Counted::Whole,
                };
                tell(number, (grown.value, grown.marks & FED != 0), counted);
            }
        }
        // A connected thing that says nothing goes through windows of zero.
        if !is_connected || !counts_zero {
            return;
        }
        let first = number.saturating_add(1).max(reached.saturating_sub(CATCH_UP_WINDOWS));
        for number in first..reached {
            tell(number, (0, false), Counted::Whole);
        }
    }

    /// What waited for no window any more has happened.
    fn forget_taken(&mut self, plan: &MeasurePlan) {
        let layout = plan.layout();
        let Self { words, aside, .. } = self;
        let Some(aside) = aside else { return };
        let is_taken = |waiting: &Waiting| {
            let number = |length| plan.number_at(length, waiting.at_ms);
            (0..layout.lengths).all(|length| number(length) <= layout.number(words, length))
        };
        let count = aside.waiting.iter().take_while(|waiting| is_taken(waiting)).count();
        let last = aside.waiting.drain(..count).next_back();
        if let Some(last) = last {
            self.set_doors(last.doors);
        }
    }

    /// Readers whose first window is over share the others' from here.
    pub(super) fn forget_begun(&mut self, scene: Scene<'_>) {
        let layout = scene.plan.layout();
        let Self { words, aside, .. } = self;
        let Some(kept) = aside else { return };
        kept.own.retain(|own| {
            // For as long as it is not as if it had begun with the others.
            let begin_ms = own.begin_ms.max(scene.begins.of(own.reader));
            let reader = own.reader.of(&scene.plan.readers);
            match reader.and_then(|reader| scene.plan.slot_of(reader)) {
                Some((_, slot)) => {
                    number_at(begin_ms, slot.window_ms) >= layout.number(words, slot.length)
                }
                None => begin_ms.saturating_add(LATE_MS) > scene.clock.line_ms,
            }
        });
        self.tidy_up();
    }
}

impl Grown {
    /// What waited, as it grows a window.
    fn as_growth(self) -> Growth {
        if self.marks & FED != 0 { Growth::By(self.value) } else { self.as_doubt() }
    }

    fn as_doubt(self) -> Growth {
        if self.marks & PARTIAL != 0 { Growth::Unknown } else { Growth::Nothing }
    }
}
