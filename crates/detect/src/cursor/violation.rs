//! Violations: opened, updated, cleared, invalidated; and who is told.

use fleetward_domain::violation::violation_id;
use fleetward_domain::{
    Alert, EventType, MetricValue, Notification, VerificationState, Violation, ViolationEvent,
};

use super::Cursor;
use crate::rule::Rule;
use crate::thing_state::OpenViolation;

impl Cursor<'_> {
    /// Enough datapoints violated: a violation with a new id.
    pub(super) fn open(&mut self, rule: &Rule, value: MetricValue) {
        let Some(thing) = self.name.to_thing_name() else { return };
        let Some(run) = self.judged.runs.get_mut(self.rule as usize) else { return };
        run.set_open(true);
        let started_ms = run.started_ms();
        self.judged.transitions = self.judged.transitions.wrapping_add(1);
        let transition = u64::from(self.judged.transitions);
        let (profile, behavior) = (&rule.profile.name, rule.behavior.name.as_str());
        let open = OpenViolation {
            rule: self.rule,
            id: violation_id(&thing, profile, behavior, self.at_ms, transition),
            started_ms,
            last_ms: self.at_ms,
            last_value: value,
        };
        self.effects.violations.extend(self.violation(rule, &open));
        self.tell(rule, open.id.clone(), Some(open.last_value.clone()), EventType::InAlarm);
        self.judged.open.insert(open);
    }

    /// One more violating datapoint while it is open.
    pub(super) fn keep_open(&mut self, rule: &Rule, value: MetricValue) {
        let Some(open) = self.judged.open.get_mut(self.rule) else { return };
        open.last_ms = self.at_ms;
        open.last_value = value;
        let open = open.clone();
        self.effects.violations.extend(self.violation(rule, &open));
    }

    /// Enough datapoints conformed.
    pub(super) fn clear(&mut self, rule: &Rule, value: MetricValue) {
        self.end(rule, Some(value), EventType::AlarmCleared);
    }

    /// Nobody can tell any more: ends a rule's violation, if one is open, and forgets what the
    /// rule has seen.
    pub(crate) fn invalidate(&mut self, place: u32) {
        let plan = self.plan;
        let Some(rule) = plan.rules.get(place as usize) else { return };
        if !self.judged.runs.get(place as usize).is_some_and(|run| run.is_open()) {
            return;
        }
        self.rule = place;
        self.end(rule, None, EventType::AlarmInvalidated);
        if let Some(run) = self.judged.runs.get_mut(place as usize) {
            run.begin_anew();
        }
    }

    /// Ends all violations that are open.
    pub(crate) fn invalidate_all(&mut self) {
        while let Some(place) = self.judged.open.as_slice().first().map(|open| open.rule) {
            self.invalidate(place);
            // Whatever became of it, this must end.
            self.judged.open.remove(place);
        }
    }

    fn end(&mut self, rule: &Rule, value: Option<MetricValue>, event_type: EventType) {
        if let Some(run) = self.judged.runs.get_mut(self.rule as usize) {
            run.set_open(false);
        }
        let Some(open) = self.judged.open.remove(self.rule) else { return };
        self.effects.closed.push(open.id.clone());
        self.tell(rule, open.id, value, event_type);
    }

    /// One event, and one alert for each alert target of the profile.
    fn tell(
        &mut self,
        rule: &Rule,
        violation_id: String,
        value: Option<MetricValue>,
        event_type: EventType,
    ) {
        let Some(thing) = self.name.to_thing_name() else { return };
        let event = ViolationEvent {
            violation_id,
            thing,
            profile: rule.profile.name.clone(),
            behavior: (*rule.behavior).clone(),
            value,
            event_type,
            at_ms: self.at_ms,
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
            last_value: open.last_value.clone(),
            last_violation_ms: open.last_ms,
            started_ms: open.started_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        })
    }
}
