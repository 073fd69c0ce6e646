//! What is known of one thing while it is measured. Bounded by its plan, never by its traffic.

use std::cmp::Ordering;

use fleetward_domain::{Activity, Datapoint, EpochMs, Observed, Report};

use super::Listener;
use super::aside::Aside;
use super::begins::{Begins, NEVER_MS, Own};
use super::clock::Clock;
use super::layout::{HERE, PRESENT, number_at, start_ms};
use super::plan::{MeasurePlan, Reader};
use super::reader_id::ReaderId;
use super::series::Growth;
use super::waiting::Waiting;
use super::words::Words;
use crate::limits::PENDING_WINDOWS;

/// What is the same for all things that are alike, while a record is applied to one.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// What is measured.
    pub plan: &'a MeasurePlan,
    /// Since when.
    pub begins: &'a Begins,
    /// How far everything was counted.
    pub clock: &'a Clock,
}

/// What is known of one thing while it is measured: its presence and its windows.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredThing {
    /// The last time it was seen: by an activity, or by a report.
    pub(crate) seen_ms: EpochMs,
    /// What it did before this was not measured.
    pub(crate) from_ms: EpochMs,
    /// Its open windows and the door through which it is connected, by the plan's layout.
    pub(crate) words: Words,
    /// What most things have none of.
    pub(super) aside: Option<Box<Aside>>,
}

/// When something was seen, and through which door.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) at_ms: EpochMs,
    /// The begin of the stretch that was counted.
    pub(super) since_ms: EpochMs,
    /// The bit of the front door that counted it, and whether the thing is connected through it.
    door: Option<(u64, bool)>,
}

impl MeasuredThing {
    /// A thing of which nothing was known before `from_ms`.
    #[must_use]
    pub fn new(scene: Scene<'_>, from_ms: EpochMs) -> Self {
        let layout = scene.plan.layout();
        let mut words = Words::new(layout.words());
        for (length, window_ms) in scene.plan.lengths_ms.iter().enumerate() {
            layout.set_number(&mut words, length, number_at(scene.clock.line_ms, *window_ms));
        }
        Self { seen_ms: NEVER_MS, from_ms, words, aside: None }
    }

    /// Whether a front door says that it is connected: the last that was heard.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.doors_last() != 0
    }

    /// The front doors through which it is connected, by the last that was heard.
    pub(crate) fn doors_last(&self) -> u64 {
        self.waiting().last().map_or_else(|| self.doors(), |last| last.doors)
    }

    /// The last time it was seen.
    #[must_use]
    pub fn seen_ms(&self) -> EpochMs {
        self.seen_ms
    }

    /// Takes a report that is no repetition.
    pub fn report(
        &mut self,
        scene: Scene<'_>,
        at_ms: EpochMs,
        report: &Report,
        listener: &mut impl Listener,
    ) {
        let sight = Sight { at_ms, since_ms: at_ms, door: None };
        let growth = |reader: &Reader| match reader.series.growth_in_report(report) {
            Some(growth) => Growth::By(growth),
            None => Growth::Nothing,
        };
        self.see(scene, sight, growth);
        if !scene.plan.takes_reports() || at_ms < self.from_ms {
            return;
        }
        // In one walk, and in the readers' order whoever shares what.
        for (id, reader) in ReaderId::number(&scene.plan.readers) {
            let Some(value) = reader.series.value_in_report(report) else { continue };
            if let Some((place, slot)) = scene.plan.slot_of(reader) {
                let growth = growth(reader);
                self.take(scene, (id, reader), (place, slot), (sight, growth), listener);
            } else if at_ms >= self.begin_of(scene.begins, id) {
                let measure = reader.series.measure();
                listener.datapoint(id, Datapoint { measure, at_ms, value });
            }
        }
    }

    /// Takes what the front door of this bit counted.
    pub fn count(
        &mut self,
        scene: Scene<'_>,
        (at_ms, door): (EpochMs, u64),
        activity: &Activity,
        listener: &mut impl Listener,
    ) {
        let since_ms = activity.since_ms.map_or(at_ms, |since_ms| since_ms.min(at_ms));
        let sight = Sight { at_ms, since_ms, door: Some((door, activity.connected)) };
        let growth = |reader: &Reader| reader.series.growth_in_activity(activity);
        self.see(scene, sight, growth);
        if !scene.plan.takes_activity() || since_ms < self.from_ms {
            return;
        }
        for (id, reader) in ReaderId::number(&scene.plan.readers) {
            let Some((place, slot)) = scene.plan.slot_of(reader) else {
                let sources = reader.series.sources_in(activity);
                if !sources.is_empty() && since_ms >= self.begin_of(scene.begins, id) {
                    let (measure, value) = (reader.series.measure(), Observed::Addresses(&sources));
                    listener.datapoint(id, Datapoint { measure, at_ms, value });
                }
                continue;
            };
            if reader.series.is_counted() {
                // Who does not lead shares what has grown already.
                let growth = if reader.leads { growth(reader) } else { Growth::Nothing };
                self.take(scene, (id, reader), (place, slot), (sight, growth), listener);
            }
        }
    }

    /// Tells a reader how far its open window has grown by now, if anything was said of it.
    pub fn tell_so_far(&self, scene: Scene<'_>, id: ReaderId, listener: &mut impl Listener) {
        let Some(reader) = id.of(&scene.plan.readers) else { return };
        if let Some((place, slot)) = scene.plan.slot_of(reader) {
            self.tell_growth(scene, (id, reader, place, slot), listener);
        }
    }

    /// Whether it is connected through the door of this bit, or was in what waits.
    #[must_use]
    pub fn is_through(&self, door: u64) -> bool {
        let waiting = self.waiting().iter().any(|waiting| waiting.doors & door != 0);
        waiting || self.doors() & door != 0
    }

    /// Nothing is connected through the door of this bit any more, from this time on.
    pub fn lose(&mut self, scene: Scene<'_>, door: u64, at_ms: EpochMs) {
        // Until then it was there.
        self.seen_ms = self.seen_ms.max(at_ms);
        let until_ms = at_ms.saturating_sub(1);
        let sight = Sight { at_ms: until_ms, since_ms: until_ms, door: Some((door, false)) };
        if self.stand(scene, until_ms) {
            self.wait(scene, sight, &|_| Growth::Nothing, false);
            return;
        }
        self.tell_door((door, false));
        let layout = scene.plan.layout();
        for (length, window_ms) in scene.plan.lengths_ms.iter().enumerate() {
            let begin_ms = start_ms(layout.number(&self.words, length), *window_ms);
            if at_ms <= begin_ms && self.doors_at(begin_ms) == 0 {
                let marks = layout.of_length(&self.words, length) & !HERE;
                layout.set_of_length(&mut self.words, length, marks);
            }
        }
    }

    /// Takes presence, what grows apart from the shared windows, and what comes after the open
    /// ones, which waits.
    fn see(&mut self, scene: Scene<'_>, sight: Sight, growth: impl Fn(&Reader) -> Growth) {
        self.seen_ms = self.seen_ms.max(sight.at_ms);
        if self.stand(scene, sight.at_ms) {
            self.wait(scene, sight, &growth, true);
        } else if let Some(door) = sight.door {
            self.tell_door(door);
        }
        let layout = scene.plan.layout();
        for (length, window_ms) in scene.plan.lengths_ms.iter().enumerate() {
            let number = layout.number(&self.words, length);
            let begin_ms = start_ms(number, *window_ms);
            let marks = layout.of_length(&self.words, length);
            let marks = match number_at(sight.at_ms, *window_ms).cmp(&number) {
                Ordering::Equal => {
                    layout.reach(&mut self.words, length, sight.at_ms.saturating_sub(begin_ms));
                    marks | PRESENT
                }
                Ordering::Greater => continue,
                // Its window has closed: all that it tells of the open one is who was there when
                // that began. Doors that spoke in the open one say nothing of its begin.
                Ordering::Less if sight.door.is_some_and(|(_, up)| up) => marks | HERE,
                Ordering::Less if self.doors_at(begin_ms) != 0 => marks,
                Ordering::Less => marks & !HERE,
            };
            layout.set_of_length(&mut self.words, length, marks);
        }
        if !self.own().is_empty() {
            self.grow_own(scene.plan, sight, growth);
            if !scene.plan.has_windows() {
                // Nothing closes that would forget who has begun long ago.
                self.forget_begun(scene);
            }
        }
    }

    /// Stands at the windows that the line has reached; whether this time lies after one of them.
    fn stand(&mut self, scene: Scene<'_>, at_ms: EpochMs) -> bool {
        let layout = scene.plan.layout();
        let mut is_later = false;
        for (length, window_ms) in scene.plan.lengths_ms.iter().enumerate() {
            let reached = number_at(scene.clock.line_ms, *window_ms);
            if layout.number(&self.words, length) < reached {
                // Nothing was in the windows since, or they would have been closed.
                layout.set_number(&mut self.words, length, reached);
                layout.set_of_length(&mut self.words, length, 0);
            }
            is_later |= number_at(at_ms, *window_ms) > layout.number(&self.words, length);
        }
        is_later
    }

    /// A door says whether the thing is connected through it, in the open windows. Of another door
    /// nothing that waits has spoken since: a door speaks in the order of time.
    fn tell_door(&mut self, (door, connected): (u64, bool)) {
        let waiting = self.aside.iter_mut().flat_map(|aside| &mut aside.waiting);
        waiting.for_each(|waiting| waiting.set_connected(door, connected));
        let doors = self.doors();
        self.set_doors(if connected { doors | door } else { doors & !door });
    }

    /// The front doors through which it was connected when a window began.
    pub(super) fn doors_at(&self, begin_ms: EpochMs) -> u64 {
        let before = self.waiting().iter().take_while(|waiting| waiting.at_ms < begin_ms);
        before.last().map_or_else(|| self.doors(), |waiting| waiting.doors)
    }

    /// Keeps what was seen after the open windows.
    fn wait(
        &mut self,
        scene: Scene<'_>,
        sight: Sight,
        growth: &impl Fn(&Reader) -> Growth,
        is_seen: bool,
    ) {
        let Scene { plan, begins, .. } = scene;
        let Sight { at_ms, since_ms, door } = sight;
        let (doors, from_ms) = (self.doors(), self.from_ms);
        let Aside { own, waiting, .. } = &mut **self.aside.get_or_insert_default();
        let begun_between = |other: &Waiting| {
            let (after_ms, until_ms) = order(other.since_ms, since_ms);
            if begins.latest_ms() <= after_ms && own.is_empty() {
                return false;
            }
            let own_between = |own: &Own| after_ms < own.begin_ms && own.begin_ms <= until_ms;
            begins.any_between(after_ms, until_ms) || own.iter().any(own_between)
        };
        let beside = |other: &Waiting| other.is_beside(plan, at_ms) && !begun_between(other);
        let known = waiting.iter().position(beside);
        let place = known.unwrap_or_else(|| waiting.partition_point(|other| other.at_ms <= at_ms));
        if known.is_none() {
            if waiting.len() >= PENDING_WINDOWS {
                // Nothing may wait without bound. What is not kept makes all windows up to it
                // partial, so that nothing is concluded from its absence.
                self.from_ms = from_ms.max(at_ms.saturating_add(1));
                let last = waiting.last_mut().zip(door);
                last.into_iter().for_each(|(last, (bit, up))| last.set_connected(bit, up));
                return;
            }
            let before = place.checked_sub(1).and_then(|place| waiting.get(place));
            let doors = before.map_or(doors, |before| before.doors);
            waiting.insert(place, Waiting::new(plan, at_ms, since_ms, doors));
        }
        let mut from_here = waiting.iter_mut().skip(place);
        let Some(own_place) = from_here.next() else { return };
        own_place.since_ms = own_place.since_ms.min(since_ms);
        own_place.at_ms = own_place.at_ms.max(at_ms);
        own_place.is_seen |= is_seen;
        if let Some((bit, up)) = door {
            own_place.set_connected(bit, up);
            from_here.for_each(|later| later.set_connected(bit, up));
        }
        if since_ms < from_ms {
            return;
        }
        for reader in plan.readers.iter().filter(|reader| reader.leads) {
            let slot = reader.slot.and_then(|slot| own_place.grown.get_mut(slot as usize));
            let fold = reader.series.fold;
            slot.into_iter().for_each(|slot| slot.grow(growth(reader), fold));
        }
    }
}

fn order(a: EpochMs, b: EpochMs) -> (EpochMs, EpochMs) {
    (a.min(b), a.max(b))
}
