//! Detection, slow and obvious: it keeps everything that ever happened to a thing, and works out
//! all datapoints and verdicts anew after every record.

mod judged;

use std::collections::{BTreeMap, BTreeSet};

use fleetward_domain::{
    Activity, Behavior, Change, MetricSource, Record, Report, SecurityProfile, Target,
};

use crate::scenario::SETTINGS;
use judged::{Datum, Happening, Judged, window_ms};

#[derive(Default)]
pub(crate) struct Model {
    now_ms: i64,
    ticked_ms: i64,
    changes: u64,
    doors: BTreeMap<String, (u64, Option<u64>)>,
    profiles: BTreeMap<String, (SecurityProfile, Vec<Target>)>,
    things: BTreeMap<String, Thing>,
}

#[derive(Default)]
struct Thing {
    registered: bool,
    groups: Vec<fleetward_domain::GroupName>,
    connected: BTreeSet<String>,
    seen_ms: Option<i64>,
    reports: Vec<(i64, i64)>,
    judged: BTreeMap<(String, String), Judged>,
}

impl Model {
    /// What happened, a line each, in no order.
    pub(crate) fn apply(&mut self, record: &Record) -> Vec<String> {
        let mut told = Vec::new();
        match record {
            Record::Report { thing, at_ms, report, .. } => {
                self.now_ms = self.now_ms.max(*at_ms);
                self.report(thing.as_str(), *at_ms, report);
            }
            Record::Activity(activity) => self.activity(activity, &mut told),
            Record::DoorStarted { door, boot, at_ms } => {
                let before_ms = self.now_ms;
                self.now_ms = self.now_ms.max(*at_ms);
                if self.doors.get(door).is_none_or(|(known, _)| known < boot) {
                    self.doors.insert(door.clone(), (*boot, None));
                    self.lose(door, before_ms);
                }
            }
            Record::Change(seq, at_ms, change) => {
                if *seq > self.changes {
                    self.changes = *seq;
                    self.now_ms = self.now_ms.max(*at_ms);
                    self.change(change, &mut told);
                }
            }
            Record::Tick(at_ms) => self.tick(*at_ms, &mut told),
            other => panic!("no history here has {other:?}"),
        }
        self.tell(&mut told);
        self.forget_idle(&mut told);
        told
    }

    fn closed_ms(&self) -> i64 {
        self.ticked_ms - SETTINGS.grace_ms
    }

    fn report(&mut self, name: &str, at_ms: i64, report: &Report) {
        let at_ms = at_ms.max(self.closed_ms());
        let from_device =
            |b: &Behavior| b.metric.as_ref().unwrap().source() == MetricSource::Device;
        if !self.things.contains_key(name) && !self.admit(name, at_ms, false, from_device) {
            return;
        }
        let Some(thing) = self.things.get_mut(name) else { return };
        let at_ms = at_ms.max(thing.seen_ms.unwrap_or(i64::MIN));
        let repeats = |(id, then): &(i64, i64)| *id == report.report_id && at_ms - then < 600_000;
        if thing.reports.iter().rev().take(4).any(repeats) {
            return;
        }
        thing.reports.push((report.report_id, at_ms));
        thing.happens(at_ms, Datum::Report(at_ms, report.clone()));
        thing.seen(at_ms);
    }

    fn activity(&mut self, activity: &Activity, told: &mut Vec<String>) {
        let before_ms = self.now_ms;
        self.now_ms = self.now_ms.max(activity.until_ms);
        let door = activity.door.clone();
        let (boot, seq) = (activity.boot, activity.seq);
        match self.doors.get(&door) {
            Some((known, _)) if *known > boot => return,
            Some((known, last)) if *known == boot && last.is_some_and(|last| last >= seq) => return,
            Some((known, _)) if *known < boot => self.lose(&door, before_ms),
            _ => {}
        }
        self.doors.insert(door.clone(), (boot, Some(seq)));
        // A door that is lost may leave strangers that nobody keeps.
        self.tell(told);
        self.forget_idle(told);
        let at_ms = (activity.until_ms - 1).max(self.closed_ms());
        let name = activity.thing.as_str();
        let from_cloud = |b: &Behavior| b.metric.as_ref().unwrap().source() == MetricSource::Cloud;
        if !self.things.contains_key(name)
            && !self.admit(name, at_ms, activity.connected, from_cloud)
        {
            return;
        }
        let Some(thing) = self.things.get_mut(name) else { return };
        let at_ms = at_ms.max(thing.seen_ms.unwrap_or(i64::MIN));
        thing.happens(at_ms, Datum::Counts(at_ms, activity.counts.clone()));
        thing.seen(at_ms);
        if activity.connected {
            thing.connected.insert(door);
        } else {
            thing.connected.remove(&door);
        }
    }

    /// Whether a stranger is kept.
    fn admit(
        &mut self,
        name: &str,
        at_ms: i64,
        keep: bool,
        judges: impl Fn(&Behavior) -> bool,
    ) -> bool {
        let stranger = Thing::default();
        let applying = self.applying(&stranger);
        if !keep && !applying.values().any(judges) {
            return false;
        }
        let thing = self.things.entry(name.to_owned()).or_insert(stranger);
        thing.judge_by(applying, at_ms);
        true
    }

    fn lose(&mut self, door: &str, until_ms: i64) {
        for thing in self.things.values_mut() {
            if thing.connected.contains(door) {
                let until_ms = until_ms.max(thing.seen_ms.unwrap_or(i64::MIN));
                thing.happens(until_ms, Datum::Nothing);
                thing.seen_ms = Some(until_ms);
                thing.connected.remove(door);
            }
        }
    }

    fn change(&mut self, change: &Change, told: &mut Vec<String>) {
        match change {
            Change::Thing { name, registered, groups } => {
                let name = name.as_str();
                if !registered && !self.things.contains_key(name) {
                    return;
                }
                let thing = self.things.entry(name.to_owned()).or_default();
                (thing.registered, thing.groups) = (*registered, groups.clone());
            }
            Change::Profile(profile, targets) => {
                let entry = (profile.clone(), targets.clone());
                self.profiles.insert(profile.name.to_string(), entry);
            }
            Change::ProfileDeleted(name) => drop(self.profiles.remove(name.as_str())),
            _ => {}
        }
        // What was applied before is worked out anew for every thing: slow, and easy to believe.
        let names: Vec<String> = self.things.keys().cloned().collect();
        for name in names {
            let applying = self.applying(&self.things[&name]);
            let now_ms = self.now_ms;
            let thing = self.things.get_mut(&name).unwrap();
            thing.judged.retain(|(profile, behavior), judged| {
                let key = (profile.clone(), behavior.clone());
                let stays = applying.get(&key).is_some_and(|new| new.judges_as(&judged.behavior));
                if !stays && judged.is_open() {
                    told.push(format!("alarm-invalidated {name}/{profile}/{behavior}@{now_ms}"));
                }
                stays
            });
            thing.judge_by(applying, now_ms);
        }
    }

    /// The behaviors that are judged for a thing.
    fn applying(&self, thing: &Thing) -> BTreeMap<(String, String), Behavior> {
        let mut applying = BTreeMap::new();
        for (name, (profile, targets)) in &self.profiles {
            if targets.iter().any(|target| target.includes(thing.registered, &thing.groups)) {
                for behavior in &profile.behaviors {
                    applying.insert((name.clone(), behavior.name.to_string()), behavior.clone());
                }
            }
        }
        applying
    }

    fn tick(&mut self, at_ms: i64, told: &mut Vec<String>) {
        self.now_ms = self.now_ms.max(at_ms);
        let before_ms = self.ticked_ms;
        self.ticked_ms = self.ticked_ms.max(at_ms);
        let line_ms = self.closed_ms();
        for thing in self.things.values_mut() {
            thing.happens(line_ms, Datum::Nothing);
        }
        self.tell(told);
        let step_ms = SETTINGS.silence_ms / 256;
        if before_ms / step_ms == self.ticked_ms / step_ms {
            return;
        }
        let (now_ms, ticked_ms) = (self.now_ms, self.ticked_ms);
        let long_ago =
            |then: Option<i64>| then.is_none_or(|t| ticked_ms - t >= SETTINGS.silence_ms);
        for (name, thing) in &mut self.things {
            thing.invalidate(name, now_ms, told, |judged| long_ago(judged.datapoint_ms));
        }
        self.things.retain(|name, thing| {
            let gone = !thing.registered && thing.connected.is_empty() && long_ago(thing.seen_ms);
            if gone {
                thing.invalidate(name, now_ms, told, |_| true);
            }
            !gone
        });
    }

    fn forget_idle(&mut self, told: &mut Vec<String>) {
        let now_ms = self.now_ms;
        self.things.retain(|name, thing| {
            let idle = !thing.registered && thing.connected.is_empty() && thing.judged.is_empty();
            if idle {
                thing.invalidate(name, now_ms, told, |_| true);
            }
            !idle
        });
    }

    /// Tells of every datapoint that was not told of before.
    fn tell(&mut self, told: &mut Vec<String>) {
        for (name, thing) in &mut self.things {
            for ((profile, behavior), judged) in &mut thing.judged {
                let points = judged.points();
                for count in judged.told..points.len() {
                    let point = &points[count];
                    judged.datapoint_ms = judged.datapoint_ms.max(Some(point.at_ms));
                    let what = format!("{name}/{profile}/{behavior}");
                    judged.tell_point(&points[judged.forgotten..=count], &what, told);
                }
                judged.told = points.len();
            }
        }
    }
}

impl Thing {
    fn happens(&mut self, closes_to_ms: i64, datum: Datum) {
        let (connected, seen_ms) = (!self.connected.is_empty(), self.seen_ms);
        for judged in self.judged.values_mut() {
            let datum = datum.clone();
            judged.history.push(Happening { closes_to_ms, connected, seen_ms, datum });
        }
    }

    fn seen(&mut self, at_ms: i64) {
        self.seen_ms = Some(at_ms);
    }

    fn judge_by(&mut self, applying: BTreeMap<(String, String), Behavior>, begun_ms: i64) {
        let (connected, seen_ms) = (!self.connected.is_empty(), self.seen_ms);
        for (key, behavior) in applying {
            self.judged.entry(key).or_insert_with(|| {
                let window_ms = window_ms(&behavior);
                let in_window = |seen_ms| seen_ms >= begun_ms.div_euclid(window_ms) * window_ms;
                let partial = connected || seen_ms.is_some_and(in_window);
                let (history, forgotten, told) = (Vec::new(), 0, 0);
                let datapoint_ms = None;
                Judged { behavior, begun_ms, partial, history, forgotten, told, datapoint_ms }
            });
        }
    }

    fn invalidate(
        &mut self,
        name: &str,
        at_ms: i64,
        told: &mut Vec<String>,
        which: impl Fn(&Judged) -> bool,
    ) {
        for ((profile, behavior), judged) in &mut self.judged {
            if judged.is_open() && which(judged) {
                told.push(format!("alarm-invalidated {name}/{profile}/{behavior}@{at_ms}"));
                judged.forgotten = judged.points().len();
            }
        }
    }
}
