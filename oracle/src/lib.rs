//! What should come of what was learned: detection once more, slow, obvious, and written from the
//! specification alone. It keeps everything, shares no code with the detector, and is not part of
//! the product; the simulation and the detector's property test hold the product to it.
//!
//! What belongs together is found by its own time, never by the order in which it was learned. Of
//! that order only this matters, and may:
//! - A change is in force from when it is learned, and judges nothing of before its own time or
//!   the latest time that was learned before it.
//! - What is judged as it comes (gauges, lists, signs of life) is judged in the order in which it
//!   comes; how long something is missed, when the line has passed that time.
//! - A sum is judged before its window's end only while no window before that is open: with what
//!   is known by then, at the latest time of that. What is learned sooner waits for its turn; when
//!   it is judged is said to the window, and not to the millisecond.
//! - How long after two days of silence a violation is invalidated is not said.

mod attached;
mod facts;
mod judged;
mod value;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use fleetward_domain::{
    Activity, Behavior, BehaviorName, Change, EventType, GroupName, Metric, MetricSource,
    MetricValue, Percentile, ProfileName, Record, SecurityProfile, Target,
};

use attached::{applying, is_same};
use facts::{Fact, Facts, What};
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

/// What came of it: events, and what the things of a statistical behavior came to in the window
/// that ends then.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "said above")]
pub struct Told {
    pub events: Vec<Event>,
    pub sums: BTreeMap<(ProfileName, BehaviorName, i64), Vec<f64>>,
}

/// Everything that one partition learned, and what came of it. Times are milliseconds.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "said above")]
pub struct Oracle {
    pub told: Told,
    pub judged: BTreeMap<Subject, Judged>,
    period_ms: i64,
    silence_ms: i64,
    facts: Facts,
    now_ms: i64,
    skew_ms: i64,
    /// Front doors: their starts, their last records, until when all is known; gone ones too.
    doors: BTreeMap<String, (u64, u64, Option<i64>)>,
    changes: u64,
    profiles: BTreeMap<ProfileName, (SecurityProfile, Vec<Target>)>,
    /// Whether each is registered, and its groups. One who is nobody stands for all strangers.
    things: BTreeMap<String, (bool, Vec<GroupName>)>,
}

impl Oracle {
    /// It knows nothing yet, but for the shortest window and how long silence is.
    #[must_use]
    pub fn new(period_ms: i64, silence_ms: i64) -> Self {
        let things = BTreeMap::from([(String::new(), (false, Vec::new()))]);
        Self { period_ms, silence_ms, things, ..Self::default() }
    }

    /// What happened before it is known.
    #[must_use]
    pub fn line_ms(&self) -> i64 {
        self.facts.line.1
    }

    /// The threshold that comes of a window that ended then: none of fewer things than `least`.
    #[must_use]
    pub fn threshold(
        &self,
        (profile, behavior, end_ms): (&ProfileName, &BehaviorName, i64),
        percentile: Percentile,
        least: usize,
    ) -> Option<f64> {
        let mut values = self.told.sums.get(&(profile.clone(), behavior.clone(), end_ms))?.clone();
        values.sort_by(f64::total_cmp);
        let is_enough = values.len() >= least && values.iter().all(|value| *value >= 0.0);
        let rank = (values.len() * percentile.parts() as usize).div_ceil(10_000).max(1);
        values.get(rank - 1).copied().filter(|_| is_enough)
    }

    /// Learns one thing more.
    pub fn learn(&mut self, record: &Record) {
        match record {
            Record::Report { thing, at_ms, report, .. } => {
                // What begins later begins after it.
                self.now_ms = self.now_ms.max(at_ms + 1);
                self.say(thing.as_str(), *at_ms, What::Report(report.clone()));
            }
            Record::Activity(activity) => self.activity(activity),
            Record::DoorStarted { door, boot, at_ms } => self.door_started(door, *boot, *at_ms),
            Record::Watermark { door, boot, until_ms } => {
                if let Some((_, _, Some(known_ms))) = self.door(door, *boot) {
                    *known_ms = (*known_ms).max(*until_ms);
                    self.draw_line(*until_ms);
                }
            }
            Record::Tick(at_ms) => {
                let untils = self.doors.values_mut().filter_map(|(.., until_ms)| until_ms.as_mut());
                untils.for_each(|until_ms| *until_ms = (*until_ms).max(*at_ms));
                self.draw_line(*at_ms);
            }
            Record::DoorGone { door, boot, until_ms } => {
                self.now_ms = self.now_ms.max(*until_ms);
                let now_ms = self.now_ms;
                if let Some(from_ms) = self.door(door, *boot).and_then(|(.., until)| until.take()) {
                    self.lose(door, from_ms, (*until_ms, now_ms));
                    self.draw_line(now_ms);
                }
            }
            Record::ClockSet { door, boot, from_ms, to_ms } => {
                let (line, is_known) = (self.facts.line, self.door(door, *boot).is_some());
                if is_known && from_ms == to_ms {
                    // Its process stood still: nobody counted for a while.
                    let away = line.1..(*to_ms).max(line.1 + 1);
                    self.facts.uncounted.push((line.0, away));
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
            Record::Change(..) => {}
            Record::Threshold(threshold) => {
                let name = (threshold.profile.clone(), threshold.behavior.clone());
                let line_ms = self.line_ms();
                let known = self.facts.thresholds.entry(name.clone()).or_default();
                // Made of a window that is over, and was not when the clock was set.
                let is_of_now = (self.facts.set_to_ms + 1..=line_ms).contains(&threshold.from_ms);
                if is_of_now
                    && known.keys().next_back().is_none_or(|last_ms| *last_ms < threshold.from_ms)
                {
                    known.insert(threshold.from_ms, threshold.value);
                    let is_it = |(_, profile, behavior): &Subject| {
                        (profile, behavior) == (&name.0, &name.1)
                    };
                    for (_, judged) in self.judged.iter_mut().filter(|(subject, _)| is_it(subject))
                    {
                        judged.judge_waiting(&self.facts, &mut self.told);
                    }
                }
            }
        }
        self.forget();
    }

    /// A front door, if that is its start, and it is not gone.
    fn door(&mut self, name: &str, boot: u64) -> Option<&mut (u64, u64, Option<i64>)> {
        self.doors.get_mut(name).filter(|(known, _, until)| *known == boot && until.is_some())
    }

    fn activity(&mut self, activity: &Activity) {
        let Activity { door, boot, seq, until_ms, .. } = activity;
        self.now_ms = self.now_ms.max(*until_ms);
        if let Some((_, last, _)) = self.door(door, *boot).filter(|(_, last, _)| *last < *seq) {
            *last = *seq;
            self.say(activity.thing.as_str(), until_ms - 1, What::Activity(activity.clone()));
        }
    }

    /// Something was seen of a thing. A stranger is known from then on, if there is something to
    /// judge or to know of it.
    fn say(&mut self, name: &str, at_ms: i64, what: What) {
        let (source, is_connected) = match &what {
            What::Activity(activity) => (MetricSource::Cloud, activity.connected),
            _ => (MetricSource::Device, false),
        };
        let fact = self.fact(name, at_ms, what);
        if !self.things.contains_key(name) {
            let is_of = |(_, behavior): &(ProfileName, Behavior)| {
                behavior.metric.as_ref().map(Metric::source) == Some(source)
            };
            if !is_connected && !applying(&self.profiles, &(false, Vec::new())).iter().any(is_of) {
                return;
            }
            self.things.insert(name.to_owned(), (false, Vec::new()));
            let since_ms = match &fact.what {
                What::Activity(_) => fact.since().1,
                _ => self.first_of_stranger(at_ms),
            };
            self.judge_anew(Some((name, since_ms)));
        }
        let is_same = |known: &Fact| match (&known.what, &fact.what) {
            (What::Report(known), What::Report(report)) => known == report,
            _ => false,
        };
        let is_late = |known: &Fact| fact.elapsed_ms - known.elapsed_ms >= 600_000;
        if !self.facts.of(name).any(|known| is_same(known) && !is_late(known)) {
            self.note(fact);
        }
    }

    /// What a stranger did just before its first report may be counted later: it is of the same
    /// window, which is not whole for all that.
    fn first_of_stranger(&self, at_ms: i64) -> i64 {
        let of_nobody = |(name, ..): &Subject| name.is_empty();
        let nobody = self.judged.iter().filter(|(subject, _)| of_nobody(subject));
        let begin_of = |length_ms: i64| at_ms - at_ms.rem_euclid(length_ms);
        let windows = nobody.filter_map(|(_, judged)| judged.window_ms);
        let after = windows.map(|window_ms| begin_of(window_ms) + 1);
        after.fold(begin_of(self.period_ms), i64::max).min(at_ms)
    }

    fn fact(&self, name: &str, at_ms: i64, what: What) -> Fact {
        let line = self.facts.line;
        let (thing, elapsed_ms) = (name.to_owned(), at_ms - self.skew_ms);
        Fact { thing, at: (line.0, at_ms), elapsed_ms, line, what }
    }

    fn note(&mut self, fact: Fact) {
        let name = fact.thing.clone();
        self.facts.list.push(fact);
        for judged in self.judged.values_mut() {
            if name.is_empty() || judged.subject.0 == name {
                judged.hear(&self.facts, &mut self.told);
            }
        }
    }

    /// Nothing is connected through it. What it did not say it had counted, nobody counted.
    fn door_started(&mut self, name: &str, boot: u64, at_ms: i64) {
        let before = self.doors.get(name).copied();
        if before.is_some_and(|(known, ..)| known >= boot) {
            return;
        }
        self.doors.insert(name.to_owned(), (boot, 0, Some(at_ms)));
        let counting = self.doors.values().filter(|(.., until_ms)| until_ms.is_some()).count();
        if at_ms < self.line_ms() && counting == 1 {
            // The clock was set back while nobody counted.
            self.clock_set(at_ms, at_ms - self.now_ms);
        }
        self.now_ms = self.now_ms.max(at_ms);
        if let Some((_, _, Some(from_ms))) = before {
            self.lose(name, from_ms, (at_ms, at_ms));
        }
        self.draw_line(at_ms);
    }

    /// It was lost at the one time, and that was said at the other.
    fn lose(&mut self, door: &str, from_ms: i64, (at_ms, said_ms): (i64, i64)) {
        self.facts.uncounted.push((self.facts.line.0, from_ms..said_ms.max(from_ms + 1)));
        self.facts.counted_ms = self.facts.counted_ms.max(said_ms);
        let lost = self.fact("", at_ms, What::Lost(door.to_owned(), said_ms));
        self.note(lost);
    }

    /// The line is where the door stands that is furthest behind. It never goes back.
    fn draw_line(&mut self, at_ms: i64) {
        self.now_ms = self.now_ms.max(at_ms);
        let from_ms = self.line_ms();
        let reached_ms = self.doors.values().filter_map(|(.., until_ms)| *until_ms).min();
        self.facts.line.1 = from_ms.max(reached_ms.unwrap_or(from_ms));
        let silent_ms = self.line_ms() - self.silence_ms;
        for judged in self.judged.values_mut() {
            if judged.window_ms.is_some() {
                judged.pass(from_ms, &self.facts, &mut self.told);
            }
            if !judged.is_absence() && judged.datapoint_ms <= silent_ms {
                judged.invalidate(self.now_ms..=i64::MAX, &mut self.told);
            }
        }
        // Strangers that stay away are forgotten.
        let (judged, facts, skew_ms) = (&self.judged, &self.facts, self.skew_ms);
        self.things.retain(|name, (is_registered, _)| {
            let is_silent = facts.heard_ms(name) <= Some(silent_ms - skew_ms);
            let is_open = |it: &Judged| it.open.is_some() && it.datapoint_ms > silent_ms;
            let has_open = judged.iter().any(|(s, judged)| s.0 == *name && is_open(judged));
            let is_lost = is_silent && !has_open && !facts.is_connected(name);
            *is_registered || name.is_empty() || !is_lost
        });
        self.judged.retain(|(name, ..), judged| {
            let is_kept = self.things.contains_key(name);
            if !is_kept {
                judged.invalidate(self.now_ms..=i64::MAX, &mut self.told);
            }
            is_kept
        });
        for judged in self.judged.values_mut().filter(|judged| judged.window_ms.is_none()) {
            judged.end_patience(&self.facts, &mut self.told);
        }
    }

    /// All windows that are open end here, not whole; all goes on at another time.
    fn clock_set(&mut self, to_ms: i64, by_ms: i64) {
        let era = self.facts.line.0;
        self.facts.uncounted.push((era, i64::MIN..i64::MAX));
        for judged in self.judged.values_mut() {
            judged.clock_set(by_ms, &self.facts, &mut self.told);
        }
        self.facts.thresholds.clear();
        self.told.sums.clear();
        self.facts.counted_ms += by_ms;
        self.facts.uncounted.push((era + 1, i64::MIN..to_ms));
        self.doors.values_mut().for_each(|door| door.2 = door.2.map(|_| to_ms));
        self.facts.line = (era + 1, to_ms);
        (self.now_ms, self.skew_ms, self.facts.set_to_ms) = (to_ms, self.skew_ms + by_ms, to_ms);
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Thing { name, registered, groups } => {
                if *registered || self.things.contains_key(name.as_str()) {
                    self.things.insert(name.to_string(), (*registered, groups.clone()));
                }
            }
            Change::Profile(profile, targets) => {
                let attached = (profile.clone(), targets.clone());
                let before = self.profiles.insert(profile.name.clone(), attached);
                let before = before.map(|(before, _)| before.behaviors).unwrap_or_default();
                // What the fleet said is of the behavior that it was.
                self.facts.thresholds.retain(|(of, name), _| {
                    let find = |list: &[Behavior]| list.iter().find(|b| b.name == *name).cloned();
                    let (old, new) = (find(&before), find(&profile.behaviors));
                    *of != profile.name || old.zip(new).is_some_and(|(a, b)| is_same(&a, &b))
                });
            }
            Change::ProfileDeleted(name) => {
                self.profiles.remove(name);
                self.facts.thresholds.retain(|(profile, _), _| profile != name);
            }
            Change::GroupDeleted { name, ancestors: above } => {
                let members = self.things.values_mut().filter(|thing| thing.1.contains(name));
                members.for_each(|(_, own)| own.retain(|of| of != name && !above.contains(of)));
            }
            Change::Dimension(_) | Change::Certificate(_) | Change::Policy(_) => {}
        }
        self.judge_anew(None);
    }

    /// What is the same goes on, though its alerts and its neighbours may be others. A stranger is
    /// judged since it was first heard of, if others were by then.
    fn judge_anew(&mut self, stranger: Option<(&str, i64)>) {
        let mut before = std::mem::take(&mut self.judged);
        let now = (self.facts.line.0, self.now_ms);
        for (name, thing) in &self.things {
            for (profile, behavior) in applying(&self.profiles, thing) {
                let subject = (name.clone(), profile, behavior.name.clone());
                let nobody =
                    self.judged.get(&(String::new(), subject.1.clone(), subject.2.clone()));
                let first = stranger.filter(|(stranger, _)| stranger == name);
                let began = nobody.zip(first).map(|(it, (_, ms))| it.began.max((now.0, ms)));
                let began = began.unwrap_or(now);
                let same =
                    before.get(&subject).is_some_and(|old| is_same(&old.behavior, &behavior));
                let kept = if same { before.remove(&subject) } else { None };
                let new = || Judged::new(subject.clone(), &behavior, self.period_ms, began);
                let Some(mut judged) = kept.or_else(new) else { continue };
                judged.behavior = behavior;
                if !same {
                    judged.begin(&self.facts);
                }
                self.judged.insert(subject, judged);
            }
        }
        let now = self.now_ms..=self.now_ms;
        before.values_mut().for_each(|gone| gone.invalidate(now.clone(), &mut self.told));
    }

    /// Of strangers only those are known who are there, or judged.
    fn forget(&mut self) {
        let is_judged = !applying(&self.profiles, &(false, Vec::new())).is_empty();
        let facts = &self.facts;
        self.things.retain(|name, (is_registered, _)| {
            let is_heard = facts.list.iter().any(|fact| fact.thing == *name);
            *is_registered || is_judged && is_heard || name.is_empty() || facts.is_connected(name)
        });
        self.judged.retain(|(name, ..), _| self.things.contains_key(name));
        self.facts.list.retain(|fact| self.things.contains_key(&fact.thing));
    }
}
