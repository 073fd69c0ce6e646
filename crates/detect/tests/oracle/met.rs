//! How often each kind of fact came up: a kind that never does is not compared.

use std::collections::BTreeMap;

use fleetward_domain::{Change, Effects, EventType, Judgement, Record, SecurityProfile, Target};

use crate::profiles::METRICS;
use crate::{PERIOD_MS, SILENCE_MS};

/// What has to come up in an ordinary run, beside each metric.
const KINDS: [&str; 30] = [
    "activity",
    "activity logged twice",
    "activity of a while",
    "alarm",
    "alarm cleared",
    "alarm invalidated",
    "alarm suppressed",
    "attached to a group",
    "attached to all",
    "attached to nothing",
    "attached to registered things",
    "attached to strangers",
    "change logged twice",
    "clock set ahead",
    "clock set back",
    "door gone",
    "door started again",
    "earlier than what came before",
    "fleet asked",
    "groups",
    "not registered any more",
    "on a border",
    "process stood still",
    "profile",
    "profile deleted",
    "registered",
    "report",
    "report logged twice",
    "second door",
    "silence",
];

/// How often each kind came up in the histories on which both agreed.
#[derive(Debug, Default)]
pub(crate) struct Met(BTreeMap<String, u64>);

impl Met {
    /// What never came up.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        let wanted = KINDS.into_iter().chain(METRICS);
        wanted.filter(|kind| !self.0.contains_key(*kind)).collect()
    }

    /// A history, and what came of it.
    pub(crate) fn learn(&mut self, records: &[Record], effects: &Effects) {
        let mut before_ms = i64::MIN;
        for (place, record) in records.iter().enumerate() {
            let is_again = records[..place].contains(record);
            let at_ms = self.record(record, is_again);
            self.count(at_ms < before_ms, "earlier than what came before");
            self.count(before_ms > 0 && at_ms - before_ms > SILENCE_MS, "silence");
            self.count(at_ms.rem_euclid(PERIOD_MS) == 0, "on a border");
            before_ms = at_ms;
        }
        for event in &effects.events {
            self.count(
                true,
                match event.event_type {
                    EventType::InAlarm => "alarm",
                    EventType::AlarmCleared => "alarm cleared",
                    EventType::AlarmInvalidated => "alarm invalidated",
                },
            );
            self.count(event.behavior.suppress_alerts, "alarm suppressed");
        }
    }

    /// The time that the record says.
    fn record(&mut self, record: &Record, is_again: bool) -> i64 {
        match record {
            Record::Report { at_ms, .. } => {
                self.count(true, "report");
                self.count(is_again, "report logged twice");
                *at_ms
            }
            Record::Activity(activity) => {
                self.count(true, "activity");
                self.count(is_again, "activity logged twice");
                self.count(activity.since_ms.is_some(), "activity of a while");
                activity.until_ms
            }
            Record::DoorStarted { door, boot, at_ms } => {
                self.count(*boot > 1, "door started again");
                self.count(door == "d2", "second door");
                *at_ms
            }
            Record::ClockSet { from_ms, to_ms, .. } => {
                self.count(to_ms > from_ms, "clock set ahead");
                self.count(to_ms < from_ms, "clock set back");
                self.count(to_ms == from_ms, "process stood still");
                *to_ms
            }
            Record::DoorGone { until_ms, .. } => {
                self.count(true, "door gone");
                *until_ms
            }
            Record::Change(_, at_ms, change) => {
                self.count(is_again, "change logged twice");
                self.change(change);
                *at_ms
            }
            Record::Watermark { until_ms, .. } => *until_ms,
            Record::Tick(at_ms) => *at_ms,
            Record::Threshold(threshold) => threshold.from_ms,
        }
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Thing { registered, groups, .. } => {
                self.count(*registered, "registered");
                self.count(!registered, "not registered any more");
                self.count(!groups.is_empty(), "groups");
            }
            Change::Profile(profile, targets) => self.profile(profile, targets),
            Change::ProfileDeleted(_) => self.count(true, "profile deleted"),
            _ => {}
        }
    }

    fn profile(&mut self, profile: &SecurityProfile, targets: &[Target]) {
        self.count(true, "profile");
        self.count(targets.is_empty(), "attached to nothing");
        for target in targets {
            self.count(
                true,
                match target {
                    Target::AllThings => "attached to all",
                    Target::RegisteredThings => "attached to registered things",
                    Target::UnregisteredThings => "attached to strangers",
                    Target::Group(_) => "attached to a group",
                },
            );
        }
        for behavior in &profile.behaviors {
            let criteria = behavior.criteria.as_ref();
            let is_asked =
                criteria.is_some_and(|it| matches!(it.judgement, Judgement::Statistical { .. }));
            self.count(is_asked, "fleet asked");
            if let Some(metric) = &behavior.metric {
                self.count(true, metric.as_str());
            }
        }
    }

    fn count(&mut self, is_so: bool, kind: &str) {
        if is_so {
            *self.0.entry(kind.to_owned()).or_default() += 1;
        }
    }
}
