//! Open violations and events.

use std::collections::BTreeMap;

use fleetward_domain::{
    Behavior, EpochMs, ProfileName, ThingName, VerificationState, Violation, ViolationEvent,
};
use tokio::sync::watch;

use super::MemoryStore;
use crate::error::StoreError;
use crate::tx::Verification;
use crate::violations::{EventCursor, EventFilter, ViolationFilter, Violations};

#[async_trait::async_trait]
impl Violations for MemoryStore {
    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError> {
        Ok(self.state().violations.active(filter, after, limit))
    }

    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError> {
        Ok(self.state().violations.events(filter, after, limit))
    }

    fn newest_event(&self) -> watch::Receiver<u64> {
        self.newest_event.subscribe()
    }

    async fn knows_violation(&self, violation_id: &str) -> Result<bool, StoreError> {
        Ok(self.state().violations.knows(violation_id))
    }

    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError> {
        let mut state = self.state();
        state.outbox.expire(before_ms);
        Ok(state.violations.expire_events(before_ms))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct ViolationTable {
    open: BTreeMap<String, Violation>,
    events: BTreeMap<(EpochMs, i64), ViolationEvent>,
    newest_row: i64,
}

impl ViolationTable {
    pub(super) fn apply(
        &mut self,
        violations: Vec<Violation>,
        events: Vec<ViolationEvent>,
        closed: &[String],
    ) {
        for mut violation in violations {
            if let Some(known) = self.open.get(&violation.id) {
                violation.verification = known.verification;
                violation.verification_description.clone_from(&known.verification_description);
            }
            self.open.insert(violation.id.clone(), violation);
        }
        for event in events {
            self.add_event(event);
        }
        for id in closed {
            self.open.remove(id);
        }
    }

    /// An operator's word on the violation holds for events that come later, too.
    fn add_event(&mut self, mut event: ViolationEvent) {
        let mut siblings = self.events.values().filter(|e| e.violation_id == event.violation_id);
        if siblings.clone().any(|sibling| sibling.event_type == event.event_type) {
            return;
        }
        if let Some(open) = self.open.get(&event.violation_id) {
            event.verification = open.verification;
            event.verification_description.clone_from(&open.verification_description);
        } else if let Some(sibling) = siblings.next() {
            event.verification = sibling.verification;
            event.verification_description.clone_from(&sibling.verification_description);
        }
        self.newest_row += 1;
        self.events.insert((event.at_ms, self.newest_row), event);
    }

    pub(super) fn active(
        &self,
        filter: &ViolationFilter,
        after: Option<String>,
        limit: usize,
    ) -> Vec<Violation> {
        self.open
            .values()
            .filter(|violation| {
                let Violation { thing, profile, behavior, verification, .. } = violation;
                matches(filter, thing, profile, behavior, *verification)
            })
            .filter(|violation| after.as_ref().is_none_or(|after| violation.id > *after))
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Vec<(EventCursor, ViolationEvent)> {
        self.events
            .iter()
            .rev()
            .map(|((at_ms, row), event)| (EventCursor { at_ms: *at_ms, row: *row }, event))
            .filter(|(cursor, _)| (filter.from_ms..=filter.to_ms).contains(&cursor.at_ms))
            .filter(|(cursor, _)| {
                after.is_none_or(|after| (cursor.at_ms, cursor.row) < (after.at_ms, after.row))
            })
            .filter(|(_, event)| {
                let ViolationEvent { thing, profile, behavior, verification, .. } = event;
                matches(&filter.violations, thing, profile, behavior, *verification)
            })
            .take(limit)
            .map(|(cursor, event)| (cursor, event.clone()))
            .collect()
    }

    pub(super) fn is_open(&self, id: &str) -> bool {
        self.open.contains_key(id)
    }

    fn knows(&self, id: &str) -> bool {
        self.open.contains_key(id) || self.events.values().any(|event| event.violation_id == id)
    }

    /// False: nothing is left of that violation.
    pub(super) fn verify(&mut self, said: Verification) -> bool {
        let Verification { violation_id, state, description } = said;
        let id = violation_id.as_str();
        let mut found = false;
        if let Some(violation) = self.open.get_mut(id) {
            violation.verification = state;
            violation.verification_description.clone_from(&description);
            found = true;
        }
        for event in self.events.values_mut().filter(|event| event.violation_id == id) {
            event.verification = state;
            event.verification_description.clone_from(&description);
            found = true;
        }
        found
    }

    pub(super) fn expire_events(&mut self, before_ms: EpochMs) -> u64 {
        let kept = self.events.split_off(&(before_ms, i64::MIN));
        let expired = std::mem::replace(&mut self.events, kept);
        expired.len() as u64
    }
}

fn matches(
    filter: &ViolationFilter,
    thing: &ThingName,
    profile: &ProfileName,
    behavior: &Behavior,
    verification: VerificationState,
) -> bool {
    filter.thing.as_ref().is_none_or(|wanted| wanted == thing)
        && filter.profile.as_ref().is_none_or(|wanted| wanted == profile)
        && filter.suppressed.is_none_or(|wanted| wanted == behavior.suppress_alerts)
        && filter.takes_criteria(behavior)
        && filter.verification.is_none_or(|wanted| wanted == verification)
}
