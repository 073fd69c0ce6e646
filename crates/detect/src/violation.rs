//! Violations: opened, updated, cleared, invalidated; and who is told.

use fleetward_domain::violation::violation_id;
use fleetward_domain::{
    Alert, EpochMs, EventType, MetricValue, Notification, VerificationState, Violation,
    ViolationEvent,
};

use crate::effects::Effects;
use crate::plan::{Plan, PlannedRule};
use crate::thing_state::{Flags, OpenViolation, RuleState, ThingState};

impl ThingState {
    /// Enough datapoints violated: a violation with a new id.
    pub(crate) fn open(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        at_ms: EpochMs,
        value: MetricValue,
        effects: &mut Effects,
    ) {
        let Some(thing) = self.name.to_thing_name() else { return };
        let Some(state) = self.rules.get_mut(place as usize) else { return };
        state.flags.set(Flags::OPEN);
        let started_ms = state.run_started_ms;
        self.transitions = self.transitions.wrapping_add(1);
        let behavior = planned.rule.behavior.name.as_str();
        let transition = u64::from(self.transitions);
        let id = violation_id(&thing, &planned.profile.name, behavior, at_ms, transition);
        let open = OpenViolation { rule: place, id, started_ms, last_ms: at_ms, last_value: value };
        effects.violations.extend(self.violation(planned, &open));
        let value = Some(open.last_value.clone());
        self.tell(planned, open.id.clone(), value, EventType::InAlarm, at_ms, effects);
        let after = self.open.partition_point(|other| other.rule < place);
        self.open.insert(after, open);
    }

    /// One more violating datapoint while it is open.
    pub(crate) fn keep_open(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        at_ms: EpochMs,
        value: MetricValue,
        effects: &mut Effects,
    ) {
        let Some(open) = self.open.iter_mut().find(|open| open.rule == place) else { return };
        open.last_ms = at_ms;
        open.last_value = value;
        let open = open.clone();
        effects.violations.extend(self.violation(planned, &open));
    }

    /// Enough datapoints conformed.
    pub(crate) fn clear(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        at_ms: EpochMs,
        value: MetricValue,
        effects: &mut Effects,
    ) {
        self.end(planned, place, EventType::AlarmCleared, Some(value), at_ms, effects);
    }

    /// Nobody can tell any more: ends the rule's violation, if one is open, and forgets what the
    /// rule has seen.
    pub(crate) fn invalidate(
        &mut self,
        plan: &Plan,
        place: u32,
        at_ms: EpochMs,
        effects: &mut Effects,
    ) {
        let Some(planned) = plan.rules.get(place as usize) else { return };
        if !self.rules.get(place as usize).is_some_and(|state| state.flags.has(Flags::OPEN)) {
            return;
        }
        self.end(planned, place, EventType::AlarmInvalidated, None, at_ms, effects);
        if let Some(state) = self.rules.get_mut(place as usize) {
            let window = RuleState { violating: 0, conforming: 0, run_started_ms: 0, ..*state };
            *state = window;
        }
    }

    /// Ends all violations that are open.
    pub(crate) fn invalidate_all(&mut self, plan: &Plan, at_ms: EpochMs, effects: &mut Effects) {
        while let Some(open) = self.open.first() {
            let place = open.rule;
            self.invalidate(plan, place, at_ms, effects);
            self.open.retain(|open| open.rule != place);
        }
    }

    fn end(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        event_type: EventType,
        value: Option<MetricValue>,
        at_ms: EpochMs,
        effects: &mut Effects,
    ) {
        if let Some(state) = self.rules.get_mut(place as usize) {
            state.flags.unset(Flags::OPEN);
        }
        let Some(at) = self.open.iter().position(|open| open.rule == place) else { return };
        let open = self.open.remove(at);
        if self.open.is_empty() {
            // Most things have no violation: do not keep the memory of those that had one.
            self.open = Vec::new();
        }
        effects.closed.push(open.id.clone());
        self.tell(planned, open.id, value, event_type, at_ms, effects);
    }

    /// One event, and one alert for each alert target of the profile.
    fn tell(
        &self,
        planned: &PlannedRule,
        violation_id: String,
        value: Option<MetricValue>,
        event_type: EventType,
        at_ms: EpochMs,
        effects: &mut Effects,
    ) {
        let Some(thing) = self.name.to_thing_name() else { return };
        let event = ViolationEvent {
            violation_id,
            thing,
            profile: planned.profile.name.clone(),
            behavior: (*planned.rule.behavior).clone(),
            value,
            event_type,
            at_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        };
        if !planned.rule.behavior.suppress_alerts {
            effects.alerts.extend(planned.profile.alert_targets.iter().map(|target_arn| Alert {
                target_arn: target_arn.clone(),
                notification: Notification::Violation(event.clone()),
            }));
        }
        effects.events.push(event);
    }

    /// As others know it.
    fn violation(&self, planned: &PlannedRule, open: &OpenViolation) -> Option<Violation> {
        Some(Violation {
            id: open.id.clone(),
            thing: self.name.to_thing_name()?,
            profile: planned.profile.name.clone(),
            behavior: (*planned.rule.behavior).clone(),
            last_value: open.last_value.clone(),
            last_violation_ms: open.last_ms,
            started_ms: open.started_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        })
    }
}
