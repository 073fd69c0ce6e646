//! A partition: the state of its things, and the way of a record through it.

mod absent;
mod arrivals;
mod changes;
mod steps;
mod time;

use fleetward_domain::{Effects, EpochMs, Record, ThingName};

use crate::absence::Absences;
use crate::catalog::{Catalog, UNREGISTERED};
use crate::cursor::Cursor;
use crate::export::Exports;
use crate::limits::LATE_MS;
use crate::measure::{Clock, Doors, Repeats};
use crate::plan::Plan;
use crate::settings::Settings;
use crate::thing_state::{Noted, ThingState};
use crate::things::Things;
use steps::{Everyone, Steps};

/// The state machine of one partition.
///
/// Effects of a batch are to be written in this order: violations, then what closed. A record
/// that is applied twice changes nothing the second time if it is a change, or an activity, or a
/// report of the same id within ten minutes; a tick of a time that has passed closes nothing.
#[derive(Debug)]
pub struct Partition {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    /// The last change in the store's order that was applied.
    pub(crate) changes_applied: u64,
    pub(crate) doors: Doors,
    pub(crate) catalog: Catalog,
    pub(crate) things: Things,
    /// Who is away, or silent.
    pub(crate) absences: Absences,
    /// The reports of the last ten minutes.
    pub(crate) repeats: Repeats,
    /// What is exported at the period's end. It is not stored: see `docs/settings.md`.
    pub(crate) exports: Exports,
    /// What is left of the record that was applied last.
    pub(crate) steps: Steps,
    /// Whether chunk 0 has to be stored again.
    pub(crate) header_dirty: bool,
    /// What came of loading the state: told with the first record that is applied to it.
    pub(crate) owed: Effects,
}

/// How far a record got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a record is to be gone on with until it is done"]
pub enum Step {
    /// It is applied wholly.
    Done,
    /// There is more of it: [`Partition::go_on`].
    More,
}

impl Partition {
    /// A partition that has seen no record.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: Clock::default(),
            changes_applied: 0,
            doors: Doors::default(),
            catalog: Catalog::new(),
            things: Things::default(),
            absences: Absences::default(),
            repeats: Repeats::default(),
            exports: Exports::default(),
            steps: Steps::default(),
            header_dirty: false,
            owed: Effects::default(),
        }
    }

    /// Takes one record, or begins to: what concerns everyone goes on in bounded steps. The next
    /// record may be applied, and state taken, only after [`Step::Done`].
    pub fn apply(&mut self, record: &Record, effects: &mut Effects) -> Step {
        self.tell_owed(effects);
        match record {
            Record::Report { thing, at_ms, report, .. } => {
                self.apply_report(thing.as_str(), *at_ms, report, effects);
            }
            Record::Activity(activity) => self.apply_activity(activity, effects),
            Record::DoorStarted { door, boot, at_ms } => {
                self.apply_door_started(door, *boot, *at_ms);
            }
            Record::Change(seq, at_ms, change) => {
                self.apply_change(*seq, *at_ms, change, effects);
            }
            Record::Tick(at_ms) => self.apply_tick(*at_ms),
            Record::Watermark { door, boot, until_ms } => {
                self.apply_watermark(door, *boot, *until_ms);
            }
            Record::ClockSet { door, boot, from_ms, to_ms } => {
                self.apply_clock_set((door, *boot), *from_ms, *to_ms);
            }
            Record::DoorGone { door, boot, until_ms } => {
                self.apply_door_gone(door, *boot, *until_ms);
            }
            Record::Threshold(threshold) => {
                // What waits for it stands in chunk 0, beside what is known of the fleet.
                self.header_dirty = true;
                if let Some(readers) = self.catalog.take_threshold(threshold, self.clock.line_ms) {
                    self.steps.add(Everyone::Judge { readers });
                }
            }
        }
        self.go_on(effects)
    }

    /// Takes one record with all its steps, for whoever commits nothing in between.
    pub fn apply_whole(&mut self, record: &Record, effects: &mut Effects) {
        let mut step = self.apply(record, effects);
        while step == Step::More {
            step = self.go_on(effects);
        }
    }

    /// When the line is next waited for: the end of the first window in which there is something,
    /// the next look for silent things, or the first bound of an absence. None while nobody waits.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<EpochMs> {
        let line_ms = self.clock.line_ms;
        let lengths_ms = self.steps_of_line_ms().iter();
        let windows = lengths_ms
            .filter(|_| self.things.waiting() > 0)
            .map(|length_ms| next_multiple(line_ms, *length_ms));
        let strangers = self.catalog.unregistered().map_or(0, |audience| audience.things);
        let silence = (self.things.with_open() > 0 || strangers > 0)
            .then(|| next_multiple(line_ms, self.settings.silence_step_ms()));
        let export = (!self.exports.is_empty())
            .then(|| next_multiple(line_ms, self.settings.period_ms.max(1)));
        windows.chain(silence).chain(export).chain(self.absences.next_ms()).min()
    }

    /// How many things have state here.
    #[must_use]
    pub fn thing_count(&self) -> usize {
        self.things.len()
    }

    /// What loading found: it has the place of the first record after it, so that it is told again
    /// after a crash exactly if that record is.
    #[inline]
    pub(crate) fn tell_owed(&mut self, effects: &mut Effects) {
        if !self.owed.is_empty() {
            effects.append(&mut self.owed);
        }
    }

    /// Every record changes the time, which chunk 0 keeps. The time that it is taken at.
    pub(crate) fn reach(&mut self, at_ms: EpochMs) -> EpochMs {
        let at_ms = match self.things.waiting() {
            // Nobody has waited for the line, so that it says nothing of what time it is.
            0 => at_ms,
            _ => self.clock.bounded(at_ms),
        };
        self.clock.reach(at_ms);
        self.header_dirty = true;
        at_ms
    }

    /// Where the line does something for those who wait: at the ends of windows. Without windows
    /// it is waited for by those who remember for a while when something began for them.
    fn steps_of_line_ms(&self) -> &[EpochMs] {
        match self.catalog.window_lengths_ms() {
            [] => &[LATE_MS],
            lengths_ms => lengths_ms,
        }
    }

    /// Counts a thing as what it has become.
    pub(crate) fn note(&mut self, place: u32) {
        self.note_at(place, self.clock.now_ms);
    }

    /// The same, of a thing that is put back as it was stored: it waited before.
    pub(crate) fn note_stored(&mut self, place: u32) {
        let Some(thing) = self.things.get(place) else { return };
        let Some(plan) = self.catalog.plan(thing.audience) else { return };
        let waits = thing.measured.waits(&plan.measures);
        let open = !thing.judged.open().is_empty();
        self.things.note(place, Noted { waits, open });
    }

    /// The same, of a thing that something was seen of.
    pub(crate) fn note_at(&mut self, place: u32, at_ms: EpochMs) {
        let waited = self.things.waiting();
        self.note_stored(place);
        if waited == 0 && self.things.waiting() > 0 {
            self.clock.woke_ms = at_ms;
        }
    }

    /// A device spoke that nobody knows. It gets state only if there is something to judge or to
    /// keep.
    pub(crate) fn admit(
        &mut self,
        name: &str,
        at_ms: EpochMs,
        is_of_use: impl FnOnce(&Plan) -> bool,
        effects: &mut Effects,
    ) -> Option<u32> {
        let unregistered = self.catalog.unregistered()?;
        if !is_of_use(&unregistered.planned.plan) {
            return None;
        }
        if unregistered.things as usize >= self.settings.unregistered_things_here() {
            self.forget_idle(effects);
        }
        let name = ThingName::parse(name).ok()?;
        let (_, scene) = self.catalog.scene(UNREGISTERED, &self.clock)?;
        // What it did before went uncounted.
        let mut thing = ThingState::new(&name, UNREGISTERED, scene, at_ms);
        thing.measured.begin_apart(scene);
        let place = self.things.insert(thing)?;
        self.catalog.audiences.join(UNREGISTERED);
        self.watch(place, at_ms, |_| None);
        Some(place)
    }

    /// Forgets a thing; its violations can be told by nobody any more.
    pub(crate) fn forget(&mut self, place: u32, effects: &mut Effects) {
        let Some(mut thing) = self.things.remove(place) else { return };
        self.absences.set(place, Vec::new());
        self.repeats.forget(place, thing.reported);
        if let Some(plan) = self.catalog.plan(thing.audience) {
            Cursor::new(&mut thing, plan, effects).invalidate_all(self.clock.now_ms);
        }
        self.catalog.audiences.leave(thing.audience);
    }

    /// Forgets a thing if it is not registered, not connected, and nothing judges it, or there is
    /// nothing to judge, since nobody ever heard of it.
    pub(crate) fn forget_if_idle(&mut self, place: u32, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let unregistered = thing.audience == UNREGISTERED;
        if !unregistered || thing.is_connected() {
            return;
        }
        let plan = self.catalog.plan(thing.audience);
        let is_judged = plan.is_some_and(|plan| plan.is_of_strangers());
        let is_heard = thing.measured.seen_ms() > EpochMs::MIN;
        if !(is_judged && is_heard) {
            self.forget(place, effects);
        }
    }

    /// Makes room among the unregistered things: those give way last who are connected, and of the
    /// others those in alarm, or whoever makes up names would end the alarms of others.
    fn forget_idle(&mut self, effects: &mut Effects) {
        let mut idle: Vec<_> = self
            .things
            .iter()
            .filter(|(_, thing)| thing.audience == UNREGISTERED)
            .map(|(place, thing)| {
                let is_open = !thing.judged.open().is_empty();
                (thing.is_connected(), is_open, thing.measured.seen_ms(), place)
            })
            .collect();
        let count = self.settings.unregistered_sweep().min(idle.len());
        if count > 0 {
            idle.select_nth_unstable(count - 1);
        }
        idle.truncate(count);
        idle.sort_unstable();
        for (.., place) in idle {
            self.forget(place, effects);
        }
    }
}

fn next_multiple(at_ms: EpochMs, step_ms: EpochMs) -> EpochMs {
    at_ms.div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms)
}
