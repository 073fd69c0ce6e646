//! Violations: opened, updated, cleared, invalidated; and who is told.

use fleetward_domain::violation::violation_id;
use fleetward_domain::{
    Alert, Datapoint, EpochMs, EventType, MetricValue, Notification, VerificationState, Violation,
    ViolationEvent,
};

use super::{Cursor, Occasion};
use crate::judge::Verdict;
use crate::measure::ReaderId;
use crate::rule::Rule;
use crate::thing_state::OpenViolation;

impl Cursor<'_> {
    /// Enough datapoints violated: a violation with a new id.
    pub(super) fn open(&mut self, on: Occasion<'_>, value: MetricValue) {
        let Occasion { reader, rule, at_ms } = on;
        let Some(thing) = self.name.to_thing_name() else { return };
        let mut run = self.judged.run(reader);
        run.set_open(true);
        self.judged.set_run(reader, run);
        let started_ms = run.started_ms();
        let transition = u64::from(self.judged.next_transition());
        let (level, profile) = (rule.profile.level, &rule.profile.name);
        let behavior = rule.behavior.name.as_str();
        let open = OpenViolation {
            rule: reader,
            id: violation_id(level, &thing, profile, behavior, at_ms, transition),
            started_ms,
            last_ms: at_ms,
            last_value: value,
            severity: rule.severity,
            datapoint_ms: at_ms,
        };
        self.effects.violations.extend(self.violation(rule, &open));
        self.publish(on, &open, Some(open.last_value.clone()), EventType::InAlarm);
        self.judged.open_violation(open);
    }

    /// One more violating datapoint while it is open.
    pub(super) fn keep_open(&mut self, on: Occasion<'_>, value: MetricValue) {
        let Some(open) = self.judged.open_mut(on.reader) else { return };
        open.last_ms = on.at_ms;
        open.last_value = value;
        let open = open.clone();
        self.effects.violations.extend(self.violation(on.rule, &open));
    }

    /// The window whose growth was the last violating datapoint has closed: its violation shows
    /// what all of it came to. That is no event.
    pub(super) fn bring_up(&mut self, reader: ReaderId, datapoint: &Datapoint<'_>) {
        let plan = self.plan;
        let Some(rule) = reader.of(&plan.rules) else { return };
        let Some(open) = self.judged.open_mut(reader) else { return };
        let value = rule.judge.shown(datapoint, Verdict::Violates);
        if open.last_value != value {
            open.last_value = value;
            let open = open.clone();
            self.effects.violations.extend(self.violation(rule, &open));
        }
    }

    /// Enough datapoints conformed.
    pub(super) fn clear(&mut self, on: Occasion<'_>, value: MetricValue) {
        self.end(on, Some(value), EventType::AlarmCleared);
    }

    /// Nobody can tell any more: ends a rule's violation, if one is open, and forgets what the
    /// rule has seen.
    pub(crate) fn invalidate(&mut self, reader: ReaderId, at_ms: EpochMs) {
        let plan = self.plan;
        let Some(rule) = reader.of(&plan.rules) else { return };
        if !self.judged.run(reader).is_open() {
            return;
        }
        self.end(Occasion { reader, rule, at_ms }, None, EventType::AlarmInvalidated);
        let mut run = self.judged.run(reader);
        run.begin_anew();
        self.judged.set_run(reader, run);
    }

    /// Ends the violations whose behavior has given no datapoint since `silent_ms`: whatever else
    /// is measured of the thing says nothing of them.
    pub(crate) fn invalidate_silent(&mut self, silent_ms: EpochMs, at_ms: EpochMs) {
        let silent = self.judged.silent(silent_ms, self.plan);
        for reader in silent.collect::<Vec<_>>() {
            self.invalidate(reader, at_ms);
        }
    }

    /// Ends all violations that are open.
    pub(crate) fn invalidate_all(&mut self, at_ms: EpochMs) {
        while let Some(reader) = self.judged.open().first().map(|open| open.rule) {
            self.invalidate(reader, at_ms);
            // Whatever became of it, this must end.
            self.judged.close(reader);
        }
    }

    fn end(&mut self, on: Occasion<'_>, value: Option<MetricValue>, event_type: EventType) {
        let mut run = self.judged.run(on.reader);
        run.set_open(false);
        self.judged.set_run(on.reader, run);
        let Some(open) = self.judged.close(on.reader) else { return };
        self.effects.closed.push(open.id.clone());
        self.publish(on, &open, value, event_type);
    }

    /// One event, and one alert for each alert target of the profile.
    fn publish(
        &mut self,
        Occasion { rule, at_ms, .. }: Occasion<'_>,
        violation: &OpenViolation,
        value: Option<MetricValue>,
        event_type: EventType,
    ) {
        let Some(thing) = self.name.to_thing_name() else { return };
        let event = ViolationEvent {
            violation_id: violation.id.clone(),
            thing,
            profile: rule.profile.name.clone(),
            behavior: (*rule.behavior).clone(),
            severity: violation.severity,
            value,
            event_type,
            at_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        };
        if !rule.behavior.suppress_alerts {
            let targets = rule.profile.alert_targets.iter();
            self.effects.alerts.extend(targets.map(|target_arn| Alert {
                target_arn: target_arn.clone(),
                notification: Notification::Violation(event.clone()),
            }));
        }
        self.effects.events.push(event);
    }

    /// As others know it.
    fn violation(&self, rule: &Rule, open: &OpenViolation) -> Option<Violation> {
        Some(Violation {
            id: open.id.clone(),
            thing: self.name.to_thing_name()?,
            profile: rule.profile.name.clone(),
            behavior: (*rule.behavior).clone(),
            severity: open.severity,
            last_value: open.last_value.clone(),
            last_violation_ms: open.last_ms,
            started_ms: open.started_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        })
    }
}
