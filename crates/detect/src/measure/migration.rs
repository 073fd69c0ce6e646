//! From one plan to the next: which windows go on, and who has one for itself for a while.

use fleetward_domain::EpochMs;

use super::begins::{Begins, Grown, Own};
use super::layout::{HERE, number_at, start_ms};
use super::reader_id::ReaderId;
use super::thing::{MeasuredThing, Scene};
use super::waiting::Waiting;
use crate::limits::LATE_MS;

/// The way from one plan to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) old: Scene<'a>,
    pub(crate) new: Scene<'a>,
    /// For each new reader the old one that it continues, which wants the same series.
    pub(crate) carried: &'a [Option<ReaderId>],
    /// When the others begin.
    pub(crate) at_ms: EpochMs,
}

impl MeasuredThing {
    /// Gives it the windows of the plan that follows.
    pub(crate) fn migrate(&mut self, way: Way<'_>) {
        let mut next = Self::new(way.new, self.from_ms);
        next.seen_ms = self.seen_ms;
        next.set_doors(self.doors());
        let slots = way.slots();
        self.carry_lengths(way, &mut next);
        let (before, after) = (way.old.plan.layout(), way.new.plan.layout());
        for (place, from) in slots.iter().enumerate() {
            let Some(from) = *from else { continue };
            next.set_value(after, place, self.value(before, from));
            after.set_of_slot(&mut next.words, place, before.of_slot(&self.words, from));
        }
        let own = self.own_after(way, &slots);
        let waiting = self.waiting().iter().map(|waiting| {
            let grown = |from: &Option<usize>| {
                from.and_then(|from| waiting.grown.get(from)).copied().unwrap_or_default()
            };
            Waiting { grown: slots.iter().map(grown).collect(), ..waiting.clone() }
        });
        next.set_aside(own, waiting.collect());
        *self = next;
    }

    /// It was admitted by what it did before some of the readers began: who begins later than the
    /// first that shares its window has its own for a while.
    pub(crate) fn begin_apart(&mut self, scene: Scene<'_>) {
        let Scene { plan, begins, clock } = scene;
        if begins.latest_ms() <= self.from_ms {
            return;
        }
        let mut own = Vec::new();
        for (id, reader) in ReaderId::number(&plan.readers) {
            let Some((place, slot)) = plan.slot_of(reader) else { continue };
            let begin_ms = begins.of(id);
            let is_alone = begins.of_slot(place).max(self.from_ms) < begin_ms;
            let reached = number_at(clock.line_ms, slot.window_ms);
            if is_alone && number_at(begin_ms, slot.window_ms) >= reached {
                own.push(Own { reader: id, begin_ms, grown: Grown::default() });
            }
        }
        if !own.is_empty() {
            self.aside.get_or_insert_default().own = own;
        }
    }

    /// Windows of a length that was measured before stand where they stood.
    fn carry_lengths(&self, way: Way<'_>, next: &mut Self) {
        let (before, after) = (way.old.plan.layout(), way.new.plan.layout());
        for (length, window_ms) in way.new.plan.lengths_ms.iter().enumerate() {
            let from = way.old.plan.lengths_ms.iter().position(|old| old == window_ms);
            let Some(from) = from else {
                let marks = if self.doors() == 0 { 0 } else { HERE };
                after.set_of_length(&mut next.words, length, marks);
                continue;
            };
            after.set_number(&mut next.words, length, before.number(&self.words, from));
            after.reach(&mut next.words, length, before.latest_ms(&self.words, from));
            let marks = before.of_length(&self.words, from);
            after.set_of_length(&mut next.words, length, marks);
        }
    }

    /// The readers that do not begin as all others of the new plan do.
    fn own_after(&self, way: Way<'_>, slots: &[Option<usize>]) -> Vec<Own> {
        let line_ms = way.new.clock.line_ms;
        let begin_of = |id: ReaderId| {
            let carried = id.of(way.carried).copied().flatten();
            carried.map_or(way.at_ms, |from| self.begin_of(way.old.begins, from))
        };
        // Who begins later than the first that shares its window has its own for a while.
        let mut first_ms: Vec<EpochMs> = way.new.plan.slots.iter().map(|_| EpochMs::MAX).collect();
        for (id, reader) in ReaderId::number(way.new.plan.beginning()) {
            let first = reader.slot.and_then(|slot| first_ms.get_mut(slot as usize));
            first.into_iter().for_each(|first| *first = (*first).min(begin_of(id)));
        }
        let mut own = Vec::new();
        for (id, reader) in ReaderId::number(way.new.plan.beginning()) {
            let slot = way.new.plan.slot_of(reader);
            let carried = id.of(way.carried).copied().flatten();
            let begin_ms = begin_of(id);
            let from = slot.and_then(|(place, _)| slots.get(place).copied().flatten());
            let as_all = way.new.begins.of(id).max(self.from_ms) == begin_ms.max(self.from_ms);
            let first = slot.and_then(|(place, _)| first_ms.get(place));
            let alone = first.is_some_and(|first_ms| *first_ms < begin_ms);
            let had_own = self.own().iter().find(|own| Some(own.reader) == carried);
            let is_over = |begin_ms: EpochMs| match slot {
                Some((_, slot)) => {
                    number_at(begin_ms, slot.window_ms) < number_at(line_ms, slot.window_ms)
                }
                None => begin_ms.saturating_add(LATE_MS) <= line_ms,
            };
            let all_over = is_over(begin_ms) && is_over(way.new.begins.of(id));
            if (as_all && !alone && had_own.is_none()) || all_over {
                continue;
            }
            let grown = match (carried, slot, from) {
                (Some(was), Some((_, slot)), Some(from)) => {
                    let number = way.old.plan.lengths_ms.iter().position(|l| *l == slot.window_ms);
                    let number = number
                        .map_or(0, |length| way.old.plan.layout().number(&self.words, length));
                    let old = way.old.plan.slots.get(from);
                    old.and_then(|old| self.grown_of(way.old, (was, from, old), number))
                }
                _ => None,
            };
            // Who began before the open window has counted all of that.
            let open_ms = slot.map_or(begin_ms, |(_, slot)| {
                start_ms(number_at(line_ms, slot.window_ms), slot.window_ms)
            });
            let begin_ms = begin_ms.max(open_ms);
            own.push(Own { reader: id, begin_ms, grown: grown.unwrap_or_default() });
        }
        own
    }
}

impl Way<'_> {
    /// For each new slot the old one that it continues.
    fn slots(&self) -> Vec<Option<usize>> {
        let mut slots = vec![None; self.new.plan.slots.len()];
        for (id, reader) in ReaderId::number(&self.new.plan.readers) {
            let from = id.of(self.carried).copied().flatten();
            let from = from.and_then(|from| from.of(&self.old.plan.readers)?.slot);
            let slot = reader.slot.and_then(|slot| slots.get_mut(slot as usize));
            if let (Some(slot), Some(from)) = (slot, from) {
                *slot = Some(from as usize);
            }
        }
        slots
    }
}

impl Begins {
    /// Those of the plan that follows: who is carried goes on, the others begin.
    pub(crate) fn carried(
        &self,
        plan: &super::MeasurePlan,
        carried: &[Option<ReaderId>],
        at_ms: EpochMs,
    ) -> Self {
        let of = |from: &Option<ReaderId>| from.map_or(at_ms, |from| self.of(from));
        Self::new(plan, carried.iter().take(plan.beginning().len()).map(of).collect())
    }
}
