//! What concerns everyone, a bounded number of things at a time.
//!
//! A record leaves tasks; each goes through all things in the order of their names. Where it
//! stands is part of the state, and what comes of a record does not depend on how many things a
//! step takes. State is stored between records: after a crash a record begins anew, and its steps
//! are the same.

use std::collections::VecDeque;

use fleetward_domain::{Activity, Effects, EpochMs};

use super::{Partition, Step};
use crate::catalog::Moves;
use crate::cursor::Cursor;
use crate::measure::ReaderId;
use crate::thing_state::ThingState;

/// Something that is to be done because of a record.
#[derive(Debug)]
pub(crate) enum Task {
    /// With every thing, and then what follows of it.
    Everyone(Everyone),
    /// Once, by itself.
    Once(Once),
}

/// What is to be done with every thing.
#[derive(Debug)]
pub(crate) enum Everyone {
    /// The line has moved on: windows close.
    Close,
    /// Bounds on what grows with time alone were crossed: only of those whose time has come.
    EndPatience,
    /// Those of whom nothing was heard for too long: since this, in the times of records.
    EndSilent { silent_ms: EpochMs },
    /// Nothing is connected through the door of this bit any more.
    Lose { door: u64, at_ms: EpochMs },
    /// The clock was set ahead by this, or back.
    BeginAnew { ahead_ms: EpochMs },
    /// A threshold was made: who reads the behavior that it is of, by audience.
    Judge { readers: Vec<Option<ReaderId>> },
    /// What applies to the things of an audience has changed, or who they are.
    Migrate { moves: Moves },
}

/// What is to be done once, when what was to be done before is done with everyone.
#[derive(Debug)]
pub(crate) enum Once {
    /// A period is over, and what is exported of it is told.
    Export,
    /// All front doors have logged what they stamped before this, once what was connected
    /// through one that is lost is so no more.
    DrawLine { line_ms: EpochMs },
    /// What a front door counted of one thing, once nothing is connected through it that
    /// was so before that started again.
    Count { activity: Box<Activity>, door: u64 },
}

/// The tasks that are left of a record, and how far the first of them is.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    tasks: VecDeque<Task>,
    /// How many things the first has gone through, in the order of their names.
    passed: usize,
}

impl Steps {
    pub(crate) fn add(&mut self, task: Everyone) {
        self.tasks.push_back(Task::Everyone(task));
    }

    pub(crate) fn add_once(&mut self, task: Once) {
        self.tasks.push_back(Task::Once(task));
    }

    pub(crate) fn is_done(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl Partition {
    /// Goes on with the record that was applied last: one more step.
    pub fn go_on(&mut self, effects: &mut Effects) -> Step {
        let mut left = self.settings.things_per_step.max(1);
        while let Some(task) = self.steps.tasks.pop_front() {
            let task = match task {
                Task::Everyone(task) => task,
                Task::Once(task) => {
                    self.do_once(task, effects);
                    continue;
                }
            };
            if self.steps.passed == 0 {
                self.things.put_in_order();
            }
            if !self.go_through(&task, &mut left, effects) {
                // Where it stands is kept: the next step goes on with the thing after.
                self.steps.tasks.push_front(Task::Everyone(task));
                return Step::More;
            }
            self.steps.passed = 0;
            self.end_task(&task, effects);
        }
        Step::Done
    }

    /// Goes through as many things as are left of the step; whether that were all.
    fn go_through(&mut self, task: &Everyone, left: &mut usize, effects: &mut Effects) -> bool {
        if matches!(task, Everyone::EndPatience) {
            return self.end_patience(left, effects);
        }
        while let Some(place) = self.things.in_order(self.steps.passed) {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            self.steps.passed += 1;
            match task {
                Everyone::Close => self.close(place, effects),
                Everyone::EndSilent { silent_ms } => self.end_silent(place, *silent_ms, effects),
                Everyone::Lose { door, at_ms } => self.lose(place, (*door, *at_ms), effects),
                Everyone::BeginAnew { ahead_ms } => self.begin_anew(place, *ahead_ms, effects),
                Everyone::Judge { readers } => self.judge(place, readers, effects),
                Everyone::Migrate { moves } => self.migrate(place, moves, effects),
                Everyone::EndPatience => {}
            }
        }
        true
    }

    /// In the order of time: who is looked at stands behind the line afterwards, or not at all.
    fn end_patience(&mut self, left: &mut usize, effects: &mut Effects) -> bool {
        while *left > 0 {
            let Some(place) = self.absences.take_due(self.clock.line_ms) else { return true };
            *left -= 1;
            self.look_at_absence(place, effects);
        }
        false
    }

    fn do_once(&mut self, task: Once, effects: &mut Effects) {
        match task {
            Once::Count { activity, door } => {
                self.count((&activity, activity.until_ms), door, effects);
            }
            Once::DrawLine { line_ms } => self.draw_line(line_ms),
            Once::Export => self.exports.send_all(effects),
        }
    }

    /// What follows when it is done with every thing.
    fn end_task(&mut self, task: &Everyone, effects: &mut Effects) {
        match task {
            Everyone::EndSilent { .. } | Everyone::Lose { .. } | Everyone::Migrate { .. } => {}
            Everyone::EndPatience => {}
            Everyone::Close => self.catalog.sum_up(self.clock.line_ms, effects),
            Everyone::Judge { .. } => self.catalog.forget_waiting(),
            // All that was open has ended as not counted whole; what begins in the middle of a
            // window from here is not either.
            Everyone::BeginAnew { .. } => {
                self.clock.uncounted = vec![(EpochMs::MIN, self.clock.now_ms)];
                self.catalog.begin_fleets_anew(self.clock.line_ms);
                // Not sooner: what waited until now is judged by the begins that it waited for.
                self.catalog.audiences.begin_by(&self.clock);
            }
        }
    }

    fn close(&mut self, place: u32, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        if !thing.noted.waits {
            return;
        }
        let Some((plan, scene)) = self.catalog.scene(thing.audience, &self.clock) else {
            return;
        };
        if let Some(thing) = self.things.change(place) {
            let (measured, mut cursor) =
                Cursor::measuring(thing, plan, (effects, &mut self.exports));
            measured.close(scene, &mut cursor);
        }
        self.note(place);
    }

    fn lose(&mut self, place: u32, (door, at_ms): (u64, EpochMs), effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let Some((_, scene)) = self.catalog.scene(thing.audience, &self.clock) else {
            return;
        };
        if !thing.measured.is_through(door) {
            return;
        }
        if let Some(thing) = self.things.change(place) {
            thing.measured.lose(scene, door, at_ms);
        }
        self.note(place);
        if self.things.get(place).is_some_and(|thing| !thing.is_connected()) {
            self.has_gone(place, at_ms);
        }
        self.forget_if_idle(place, effects);
    }

    fn begin_anew(&mut self, place: u32, ahead_ms: EpochMs, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let Some((plan, scene)) = self.catalog.scene(thing.audience, &self.clock) else {
            return;
        };
        if let Some(thing) = self.things.change(place) {
            let (measured, mut cursor) =
                Cursor::measuring(thing, plan, (effects, &mut self.exports));
            measured.begin_anew(scene, ahead_ms, &mut cursor);
            // After what opened only now: that was in the times of before, too.
            thing.judged.set_ahead(ahead_ms);
        }
        self.absences.set_ahead(place, ahead_ms);
        self.note(place);
    }

    fn judge(&mut self, place: u32, readers: &[Option<ReaderId>], effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let audience = thing.audience;
        let Some(reader) = readers.get(audience as usize).copied().flatten() else { return };
        let Some((plan, scene)) = self.catalog.scene(audience, &self.clock) else { return };
        if let Some(thing) = self.things.change(place) {
            let (measured, mut cursor) =
                Cursor::measuring(thing, plan, (effects, &mut self.exports));
            cursor.judge_waiting(reader);
            measured.tell_so_far(scene, reader, &mut cursor);
        }
        self.note(place);
    }

    fn end_silent(&mut self, place: u32, silent_ms: EpochMs, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let Some(plan) = self.catalog.plan(thing.audience) else { return };
        let has_silent = thing.judged.silent(silent_ms, plan).next().is_some();
        let is_gone = thing.audience == crate::catalog::UNREGISTERED
            && !thing.is_connected()
            && thing.measured.seen_ms() <= silent_ms;
        if has_silent {
            let Some(thing) = self.things.change(place) else { return };
            let now_ms = self.clock.now_ms;
            Cursor::new(thing, plan, effects).invalidate_silent(silent_ms, now_ms);
            self.note(place);
        }
        // One whose violations wait for their own two days is kept so long.
        let waits = |thing: &ThingState| {
            thing.judged.open().iter().any(|open| open.datapoint_ms > silent_ms)
        };
        let is_judged = self.things.get(place).is_some_and(waits);
        if is_gone && !is_judged {
            self.forget(place, effects);
        }
    }

    fn migrate(&mut self, place: u32, moves: &Moves, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let from = thing.audience;
        let Some(moved) = moves.get(from as usize).and_then(Option::as_ref) else { return };
        let stays = moved.to == from;
        if stays && moved.migration.changes_nothing() {
            return;
        }
        if let Some(thing) = self.things.change(place) {
            moved.migration.migrate(thing, &self.clock, effects);
            thing.audience = moved.to;
        }
        if !stays {
            self.catalog.audiences.join(moved.to);
            self.catalog.audiences.leave(from);
        }
        self.watch(place, self.clock.now_ms, |to| moved.migration.carried(to));
        self.note(place);
        self.forget_if_idle(place, effects);
    }
}
