//! How far windows have grown: those that readers share, and those that some have for themselves.

use std::cmp::Ordering;

use fleetward_domain::{Datapoint, EpochMs};

use super::Listener;
use super::begins::{Begins, Grown, Own};
use super::layout::{FED, PARTIAL, number_at, start_ms};
use super::plan::{MeasurePlan, Reader, Slot};
use super::reader_id::ReaderId;
use super::series::{Fold, Growth};
use super::thing::{MeasuredThing, Scene, Sight};

impl MeasuredThing {
    /// Makes a window grow that readers share.
    #[inline(always)]
    pub(super) fn grow(&mut self, plan: &MeasurePlan, place: usize, growth: Growth) {
        let layout = plan.layout();
        let (value, marks) = (self.value(layout, place), layout.of_slot(&self.words, place));
        let mut grown = Grown { value, marks };
        let fold = plan.slots.get(place).map_or(Fold::Sum, |slot| slot.series.fold);
        grown.grow(growth, fold);
        self.set_value(layout, place, grown.value);
        if grown.marks != marks {
            layout.set_of_slot(&mut self.words, place, grown.marks);
        }
    }

    /// Makes a reader's window grow by what was seen, if that lies in it and after its begin, and
    /// tells how far.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        scene: Scene<'_>,
        (id, reader): (ReaderId, &Reader),
        (place, slot): (usize, &Slot),
        (sight, growth): (Sight, Growth),
        listener: &mut impl Listener,
    ) {
        let number = scene.plan.layout().number(&self.words, slot.length);
        let is_in = start_ms(number, slot.window_ms) <= sight.at_ms
            && sight.at_ms < start_ms(number.saturating_add(1), slot.window_ms);
        if !is_in {
            return;
        }
        if reader.leads {
            let begin_ms = self.slot_begin(scene, place);
            let growth = match growth {
                growth if sight.since_ms >= begin_ms => growth,
                // Some of it may be of before: nobody can tell how much.
                _ if sight.at_ms >= begin_ms => Growth::Unknown,
                _ => Growth::Nothing,
            };
            self.grow(scene.plan, place, growth);
        }
        self.tell_growth(scene, (id, reader, place, slot), listener);
    }

    /// Makes the windows grow that readers have for themselves.
    pub(super) fn grow_own(
        &mut self,
        plan: &MeasurePlan,
        sight: Sight,
        growth: impl Fn(&Reader) -> Growth,
    ) {
        if sight.since_ms < self.from_ms {
            return;
        }
        for length in 0..plan.lengths_ms.len() {
            let number = plan.layout().number(&self.words, length);
            if plan.number_at(length, sight.at_ms) == number {
                self.grow_own_of(plan, length, sight.since_ms, &growth);
            }
        }
    }

    /// The same, of windows of one length.
    pub(super) fn grow_own_of(
        &mut self,
        plan: &MeasurePlan,
        length: usize,
        since_ms: EpochMs,
        growth: impl Fn(&Reader) -> Growth,
    ) {
        let number = plan.layout().number(&self.words, length);
        for own in self.aside.iter_mut().flat_map(|aside| &mut aside.own) {
            let Some(reader) = own.reader.of(&plan.readers) else { continue };
            let is_of_it = plan.slot_of(reader).is_some_and(|(_, slot)| slot.length == length);
            let begins_in = plan.number_at(length, own.begin_ms) == number;
            if is_of_it && begins_in && since_ms >= own.begin_ms {
                own.grown.grow(growth(reader), reader.series.fold);
            }
        }
    }

    /// Tells a reader how far its window has grown, if anything was said of it.
    #[inline(always)]
    pub(super) fn tell_growth(
        &self,
        scene: Scene<'_>,
        (id, reader, place, slot): (ReaderId, &Reader, usize, &Slot),
        listener: &mut impl Listener,
    ) {
        let layout = scene.plan.layout();
        let number = layout.number(&self.words, slot.length);
        let Some(grown) = self.grown_of(scene, (id, place, slot), number) else { return };
        if grown.marks & FED != 0 {
            let begin_ms = start_ms(number, slot.window_ms);
            let at_ms = begin_ms.saturating_add(layout.latest_ms(&self.words, slot.length));
            let (measure, value) = (reader.series.measure(), reader.series.observed(grown.value));
            listener.grows(id, Datapoint { measure, at_ms, value });
        }
    }

    /// What the open window comes to for a reader; none if the reader begins after it.
    #[inline(always)]
    pub(crate) fn grown_of(
        &self,
        scene: Scene<'_>,
        (id, place, slot): (ReaderId, usize, &Slot),
        number: u32,
    ) -> Option<Grown> {
        let layout = scene.plan.layout();
        if let Some(own) = self.own().iter().find(|own| own.reader == id) {
            match number_at(own.begin_ms, slot.window_ms).cmp(&number) {
                Ordering::Equal => return Some(own.grown),
                Ordering::Greater => return None,
                // From the window after that in which it began it shares the others'.
                Ordering::Less => {}
            }
        }
        let end_ms = start_ms(number.saturating_add(1), slot.window_ms);
        let (value, marks) = (self.value(layout, place), layout.of_slot(&self.words, place));
        (self.begin_of(scene.begins, id) < end_ms).then_some(Grown { value, marks })
    }

    /// From when on a window counts that readers share: from when the first of them does.
    #[inline]
    pub(super) fn slot_begin(&self, scene: Scene<'_>, place: usize) -> EpochMs {
        let is_of_it = |own: &&Own| {
            let reader = own.reader.of(&scene.plan.readers);
            reader.and_then(|reader| reader.slot).is_some_and(|slot| slot as usize == place)
        };
        let own = self.own().iter().filter(is_of_it).map(|own| own.begin_ms).min();
        let of_all = scene.begins.of_slot(place);
        own.map_or(of_all, |own| own.min(of_all))
    }

    /// Since when a reader counts for this thing.
    #[inline]
    pub(crate) fn begin_of(&self, begins: &Begins, reader: ReaderId) -> EpochMs {
        let own = self.own().iter().find(|own| own.reader == reader);
        own.map_or_else(|| begins.of(reader), |own| own.begin_ms).max(self.from_ms)
    }
}

impl Grown {
    #[inline]
    pub(crate) fn grow(&mut self, growth: Growth, fold: Fold) {
        match growth {
            Growth::Nothing => {}
            Growth::By(growth) => {
                self.value = match fold {
                    Fold::Sum => self.value.saturating_add(growth),
                    Fold::Most => self.value.max(growth),
                    Fold::Least if self.marks & FED != 0 => self.value.min(growth),
                    Fold::Least => growth,
                };
                self.marks |= FED;
            }
            Growth::Unknown => self.marks |= PARTIAL,
        }
    }
}
