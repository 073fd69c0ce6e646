//! What should come of what was learned: detection once more, slow, obvious, and written from the
//! specification alone. It keeps everything, shares no code with the detector, and is not part of
//! the product; the simulation and the detector's property test hold the product to it.
//!
//! What belongs together is found by its own time, never by the order in which it was learned. Of
//! that order only this matters, and may:
//! - A change is in force from when it is learned, and judges nothing of before its own time or
//!   the latest time that was learned before it.
//! - What is judged as it comes (gauges, lists) is judged in the order in which it comes.
//! - A sum is judged before its window's end only while no window before that is open: with what
//!   is known by then, at the latest time of that. What is learned sooner waits for its turn; when
//!   it is judged is said to the window, and not to the millisecond.
//! - How long after two days of silence a violation is invalidated is not said.

mod judged;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use fleetward_domain::{
    Activity, Behavior, BehaviorName, Change, EventType, GroupName, Metric, MetricSource,
    MetricValue, ProfileName, Record, Report, SecurityProfile, Target,
};

pub use judged::{Judged, Open};

/// A thing's behavior: thing, profile, behavior.
pub type Subject = (String, ProfileName, BehaviorName);

/// When something was; of what is not said to the millisecond, from when to when it may have been.
pub type When = RangeInclusive<i64>;

/// Something that happened to a violation: when, the value that decided, and whether nobody is
/// alerted. The value of what is not known to the millisecond may be another.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "said above")]
pub struct Event {
    pub subject: Subject,
    pub event_type: EventType,
    pub at_ms: When,
    pub value: Option<MetricValue>,
    pub is_suppressed: bool,
}

/// Everything that one partition learned, and what came of it. Times are milliseconds.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "said above")]
pub struct Oracle {
    pub events: Vec<Event>,
    pub judged: BTreeMap<Subject, Judged>,
    period_ms: i64,
    silence_ms: i64,
    /// What happened before it is known.
    pub line_ms: i64,
    now_ms: i64,
    doors: BTreeMap<String, Door>,
    /// When a front door was away.
    uncounted: Vec<(i64, i64)>,
    changes: u64,
    profiles: BTreeMap<ProfileName, (SecurityProfile, Vec<Target>)>,
    things: BTreeMap<String, Thing>,
}

#[derive(Debug)]
struct Door {
    boot: u64,
    seq: Option<u64>,
    until_ms: i64,
}

#[derive(Debug, Default)]
struct Thing {
    is_registered: bool,
    groups: Vec<GroupName>,
    /// By front door: from when on it was connected, or was not.
    connected: BTreeMap<String, BTreeMap<i64, bool>>,
    /// When something was seen of it, and where the line stood when that was learned.
    seen: BTreeMap<i64, i64>,
    reports: Vec<(i64, Report)>,
}

impl Oracle {
    /// It knows nothing yet, but for the shortest window and how long silence is.
    #[must_use]
    pub fn new(period_ms: i64, silence_ms: i64) -> Self {
        // One who is nobody shows since when strangers are judged.
        let things = BTreeMap::from([(String::new(), Thing::default())]);
        Self { period_ms, silence_ms, things, ..Self::default() }
    }

    /// Learns one thing more.
    pub fn learn(&mut self, record: &Record) {
        match record {
            Record::Report { thing, at_ms, report, .. } => {
                self.report(thing.as_str(), *at_ms, report);
            }
            Record::Activity(activity) => self.activity(activity),
            Record::DoorStarted { door, boot, at_ms } => self.door_started(door, *boot, *at_ms),
            Record::Watermark { door, boot, until_ms } => self.flushed(door, *boot, *until_ms),
            Record::Tick(at_ms) => {
                let doors = self.doors.iter().map(|(name, door)| (name.clone(), door.boot));
                doors
                    .collect::<Vec<_>>()
                    .iter()
                    .for_each(|(n, boot)| self.flushed(n, *boot, *at_ms));
            }
            Record::DoorGone { door, boot, until_ms } => self.door_gone(door, *boot, *until_ms),
            Record::ClockSet { door, boot, from_ms, to_ms } => {
                let is_known = self.doors.get(door).is_some_and(|known| known.boot == *boot);
                if is_known && from_ms == to_ms {
                    // Its process stood still: nobody counted for a while.
                    self.uncounted.push((self.line_ms, (*to_ms).max(self.line_ms + 1)));
                    self.now_ms = self.now_ms.max(*to_ms);
                } else if is_known {
                    self.clock_set(*to_ms, *to_ms - *from_ms);
                }
            }
            Record::Change(number, at_ms, change) if *number > self.changes => {
                self.changes = *number;
                self.now_ms = self.now_ms.max(*at_ms);
                self.change(change);
            }
            Record::Change(..) | Record::Threshold(_) => {}
        }
        // Of those who are not registered only those are known who are there, or judged.
        let judged: BTreeSet<String> = self.judged.keys().map(|(name, ..)| name.clone()).collect();
        self.things.retain(|name, thing| {
            let is_known = thing.is_registered || thing.is_connected_at(i64::MAX);
            is_known || judged.contains(name) || name.is_empty()
        });
    }

    fn report(&mut self, name: &str, at_ms: i64, report: &Report) {
        // What begins later begins after it.
        self.now_ms = self.now_ms.max(at_ms + 1);
        self.admit(name, at_ms, MetricSource::Device, false);
        let Some(thing) = self.things.get_mut(name) else { return };
        let then = thing.reports.iter().filter(|(_, known)| known == report);
        if then.map(|(then_ms, _)| at_ms - then_ms).any(|passed_ms| passed_ms < 600_000) {
            return;
        }
        thing.reports.push((at_ms, report.clone()));
        thing.seen.entry(at_ms).or_insert(self.line_ms);
        for judged in self.judged.values_mut().filter(|judged| judged.subject.0 == name) {
            judged.report(at_ms, report, &mut self.events);
            judged.judge_early(self.line_ms, thing, &mut self.events);
        }
    }

    fn activity(&mut self, activity: &Activity) {
        let Activity { door, boot, seq, until_ms, connected, .. } = activity;
        self.now_ms = self.now_ms.max(*until_ms);
        let first = || Door { boot: *boot, seq: None, until_ms: self.line_ms };
        let known = self.doors.entry(door.clone()).or_insert_with(first);
        if known.boot != *boot || known.seq.is_some_and(|known| known >= *seq) {
            return;
        }
        known.seq = Some(*seq);
        let (name, at_ms) = (activity.thing.as_str(), until_ms - 1);
        self.admit(name, at_ms, MetricSource::Cloud, *connected);
        let Some(thing) = self.things.get_mut(name) else { return };
        thing.seen.entry(at_ms).or_insert(self.line_ms);
        thing.connected.entry(door.clone()).or_default().insert(*until_ms, *connected);
        for judged in self.judged.values_mut().filter(|judged| judged.subject.0 == name) {
            judged.grow(at_ms, value::growth_in(&judged.behavior, &activity.counts));
            judged.judge_early(self.line_ms, thing, &mut self.events);
        }
    }

    /// Nothing is connected through it. What it did not say it had counted, nobody counted.
    fn door_started(&mut self, name: &str, boot: u64, at_ms: i64) {
        match self.doors.get(name) {
            Some(known) if known.boot >= boot => return,
            Some(known) => self.uncounted.push((known.until_ms, at_ms.max(known.until_ms + 1))),
            None => {}
        }
        self.doors.insert(name.to_owned(), Door { boot, seq: None, until_ms: at_ms });
        if at_ms < self.line_ms && self.doors.len() == 1 {
            // The clock was set back while nobody counted.
            self.clock_set(at_ms, at_ms - self.now_ms);
        }
        self.lose(name, at_ms);
    }

    fn door_gone(&mut self, name: &str, boot: u64, until_ms: i64) {
        if let Some(known) = self.doors.get(name).filter(|known| known.boot == boot) {
            self.now_ms = self.now_ms.max(until_ms);
            self.uncounted.push((known.until_ms, self.now_ms.max(known.until_ms + 1)));
            self.doors.remove(name);
            self.lose(name, until_ms);
        }
    }

    fn lose(&mut self, door: &str, at_ms: i64) {
        for known in self.things.values_mut().filter_map(|thing| thing.connected.get_mut(door)) {
            if known.last_key_value().is_some_and(|(_, up)| *up) {
                known.insert(at_ms, false);
            }
        }
        self.draw_line(at_ms);
    }

    fn flushed(&mut self, name: &str, boot: u64, until_ms: i64) {
        if let Some(known) = self.doors.get_mut(name).filter(|known| known.boot == boot) {
            known.until_ms = known.until_ms.max(until_ms);
            self.draw_line(until_ms);
        }
    }

    /// The line is where the door stands that is furthest behind. It never goes back.
    fn draw_line(&mut self, at_ms: i64) {
        self.now_ms = self.now_ms.max(at_ms);
        let (from_ms, reached_ms) = (self.line_ms, self.doors.values().map(|d| d.until_ms).min());
        self.line_ms = from_ms.max(reached_ms.unwrap_or(from_ms));
        for judged in self.judged.values_mut() {
            if let Some(thing) = self.things.get(&judged.subject.0) {
                let line = (from_ms, self.line_ms);
                judged.pass(line, thing, &self.uncounted, &mut self.events);
            }
        }
        let silent_ms = self.line_ms - self.silence_ms;
        for judged in self.judged.values_mut().filter(|judged| judged.datapoint_ms <= silent_ms) {
            judged.invalidate(self.now_ms..=i64::MAX, &mut self.events);
        }
        // Strangers that stay away are forgotten.
        self.judged.retain(|(name, ..), judged| {
            let thing = self.things.get(name);
            let is_kept = thing.is_some_and(|thing| !thing.is_lost(silent_ms));
            is_kept || judged.open.is_some() || name.is_empty()
        });
    }

    /// All windows that are open end here, not whole; all goes on at another time.
    fn clock_set(&mut self, to_ms: i64, by_ms: i64) {
        for judged in self.judged.values_mut() {
            if let Some(thing) = self.things.get(&judged.subject.0) {
                judged.clock_set((to_ms, by_ms), thing, &mut self.events);
            }
        }
        self.uncounted = vec![(to_ms - 1, to_ms)];
        for thing in self.things.values_mut() {
            thing.seen = thing.seen.keys().map(|at_ms| (at_ms + by_ms, to_ms)).collect();
            thing.reports.iter_mut().for_each(|(at_ms, _)| *at_ms += by_ms);
            for door in thing.connected.values_mut() {
                *door = door.pop_last().map(|(_, up)| (to_ms, up)).into_iter().collect();
            }
        }
        self.doors.values_mut().for_each(|door| door.until_ms = to_ms);
        (self.line_ms, self.now_ms) = (to_ms, to_ms);
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Thing { name, registered, groups } => {
                if *registered || self.things.contains_key(name.as_str()) {
                    let thing = self.things.entry(name.to_string()).or_default();
                    (thing.is_registered, thing.groups) = (*registered, groups.clone());
                }
            }
            Change::Profile(profile, targets) => {
                let attached = (profile.clone(), targets.clone());
                self.profiles.insert(profile.name.clone(), attached);
            }
            Change::ProfileDeleted(name) => drop(self.profiles.remove(name)),
            Change::GroupDeleted(name) => {
                self.things.values_mut().for_each(|thing| thing.groups.retain(|own| own != name));
            }
            Change::Dimension(_) | Change::Certificate(_) | Change::Policy(_) => {}
        }
        self.judge_anew(self.now_ms);
    }

    /// What is the same goes on, though its alerts and its neighbours may be others.
    fn judge_anew(&mut self, began_ms: i64) {
        let mut before = std::mem::take(&mut self.judged);
        for (name, thing) in &self.things {
            for (profile, behavior) in self.applying(thing) {
                let subject = (name.clone(), profile, behavior.name.clone());
                let nobody = (String::new(), subject.1.clone(), subject.2.clone());
                let since_ms = self.judged.get(&nobody).map_or(i64::MIN, |nobody| nobody.began_ms);
                let began_ms = began_ms.max(since_ms);
                let new = Judged::new(subject.clone(), &behavior, self.period_ms, began_ms);
                let same = before.get(&subject).is_some_and(|old| old.is_same(&behavior));
                let kept = if same { before.remove(&subject) } else { None };
                let mut judged = kept.unwrap_or(new);
                judged.behavior = behavior;
                self.judged.insert(subject, judged);
            }
        }
        let now = self.now_ms..=self.now_ms;
        before.values_mut().for_each(|gone| gone.invalidate(now.clone(), &mut self.events));
    }

    /// The behaviors that a thing is judged by, each once whatever it is attached to.
    fn applying(&self, thing: &Thing) -> Vec<(ProfileName, Behavior)> {
        let is_meant = |target: &Target| target.includes(thing.is_registered, &thing.groups);
        let applying = self.profiles.values().filter(|(_, targets)| targets.iter().any(is_meant));
        let behaviors = applying.flat_map(|(profile, _)| {
            profile.behaviors.iter().map(|behavior| (profile.name.clone(), behavior.clone()))
        });
        behaviors.filter(|(_, b)| b.metric.is_some() && b.criteria.is_some()).collect()
    }

    /// Somebody unknown is known from now on, if there is something to judge or to know of it.
    fn admit(&mut self, name: &str, at_ms: i64, source: MetricSource, is_connected: bool) {
        let applying = self.applying(&Thing::default());
        let is_of = |behavior: &Behavior| behavior.metric.as_ref().map(Metric::source);
        let is_of_use = is_connected || applying.iter().any(|(_, b)| is_of(b) == Some(source));
        if is_of_use && !self.things.contains_key(name) {
            self.things.insert(name.to_owned(), Thing::default());
            self.judge_anew(at_ms);
        }
    }
}

impl Thing {
    /// Whether nobody knows it and nobody has heard of it since.
    fn is_lost(&self, since_ms: i64) -> bool {
        let said = self.connected.values().filter_map(|door| door.last_key_value());
        let heard_ms = said.map(|(at_ms, _)| *at_ms).chain(self.seen.keys().copied()).max();
        let is_silent = heard_ms.is_none_or(|heard_ms| heard_ms <= since_ms);
        !self.is_registered && !self.is_connected_at(i64::MAX) && is_silent
    }

    /// Whether it was connected at this time, as far as is known.
    fn is_connected_at(&self, at_ms: i64) -> bool {
        self.connected.values().any(|d| d.range(..=at_ms).next_back().is_some_and(|(_, up)| *up))
    }
}
