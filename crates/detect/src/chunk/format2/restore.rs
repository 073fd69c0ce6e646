//! From the names of a chunk to the plans of the partition that loads it.

use std::collections::{BTreeMap, VecDeque};

use fleetward_domain::{
    Behavior, BehaviorName, Effects, EpochMs, EventType, Measure, ProfileName, Severity, ThingName,
    VerificationState, ViolationEvent,
};
use fleetward_shape::cbor::Error;

use super::super::windows::{self, StoredWindow};
use super::Thing;
use super::names::{Layout, Named};
use crate::measure::{Clock, ReaderId};
use crate::migration::Planned;
use crate::partition::Partition;
use crate::thing_state::{OpenViolation, ThingState};

/// Where the things of one audience of the chunk arrive.
pub(in super::super) struct Arrival<'a> {
    pub(in super::super) audience: u32,
    pub(in super::super) planned: Planned,
    pub(in super::super) layout: &'a Layout,
    behaviors: Vec<(&'a ProfileName, &'a BehaviorName)>,
    /// For each slot of the plan the place of its window in the layout.
    pub(in super::super) slots_from: Vec<Option<usize>>,
    /// For each rule of the plan its place in the layout.
    pub(in super::super) rules_from: Vec<Option<usize>>,
    /// For each place in the layout the rule of the plan.
    pub(in super::super) rules_to: Vec<Option<ReaderId>>,
}

/// A thing, and the violations that ended because nobody has their behaviors any more.
pub(in super::super) struct Restored {
    pub(in super::super) thing: ThingState,
    pub(in super::super) ended: Effects,
}

impl<'a> Arrival<'a> {
    /// One for each audience of the chunk.
    pub(in super::super) fn all(
        named: &'a Named,
        partition: &mut Partition,
    ) -> Result<Vec<Self>, Error> {
        let arrivals = named.audiences.iter().map(|(key, layout)| {
            let audience = partition.catalog.audience(key.clone());
            let planned = partition.catalog.audiences.get(audience);
            let planned = planned.map(|audience| audience.planned.clone());
            let layout = named.layout(*layout);
            let arrival = planned.zip(layout).and_then(|(p, l)| Self::new(named, audience, p, l));
            arrival.ok_or_else(|| Error::message("a name is missing at the head"))
        });
        arrivals.collect()
    }

    fn new(named: &'a Named, audience: u32, planned: Planned, layout: &'a Layout) -> Option<Self> {
        let plan = &planned.plan;
        let series: Option<Vec<_>> = layout.series.iter().map(|at| named.series(*at)).collect();
        let behaviors: Option<Vec<_>> =
            layout.behaviors.iter().map(|at| named.behavior(*at)).collect();
        let (series, behaviors) = (series?, behaviors?);
        // Names are compared once for all things of the audience, not once for each.
        let places: BTreeMap<_, usize> =
            behaviors.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        let rules = plan.rules.iter().map(|rule| (&rule.profile.name, &rule.behavior.name));
        let rules_from: Vec<_> = rules.map(|name| places.get(&name).copied()).collect();
        // Several windows may be of one name: the least, the greatest, what is exported. They
        // stand in the order of the plan.
        let mut stored: BTreeMap<(&Measure, EpochMs), VecDeque<usize>> = BTreeMap::new();
        for (at, (measure, window_ms)) in series.iter().enumerate() {
            stored.entry((measure, *window_ms)).or_default().push_back(at);
        }
        let slots_from = plan
            .measures
            .slots
            .iter()
            .map(|slot| stored.get_mut(&(slot.series.measure(), slot.window_ms))?.pop_front());
        let slots_from: Vec<_> = slots_from.collect();
        let mut rules_to = vec![None; behaviors.len()];
        for (rule, from) in ReaderId::number(&rules_from) {
            if let Some(to) = from.and_then(|from| rules_to.get_mut(from)) {
                *to = Some(rule);
            }
        }
        Some(Self { audience, planned, layout, behaviors, slots_from, rules_from, rules_to })
    }

    /// The thing's state under its plan. What is not named there is dropped, and what is new
    /// begins, as if the plan had changed at `now_ms`.
    pub(super) fn restore(&self, stored: &Thing, clock: &Clock) -> Restored {
        let (scene, now_ms) = (self.planned.scene(clock), clock.now_ms);
        let mut thing = ThingState::new(&stored.head.name, self.audience, scene, EpochMs::MIN);
        stored.head.restore(&mut thing);
        windows::restore(&mut thing, scene, |rule| self.window_of(stored, rule), now_ms);
        for (rule, from) in ReaderId::number(&self.rules_from) {
            if let Some(run) = from.and_then(|from| stored.runs.get(from)) {
                thing.judged.set_run(rule, *run);
            }
        }
        let ended = self.restore_open((&stored.open, false), &mut thing, now_ms);
        Restored { thing, ended }
    }

    /// Gives a thing its open violations; what ended because nobody has their behaviors any more.
    pub(in super::super) fn restore_open(
        &self,
        (stored, has_severity): (&[OpenViolation], bool),
        thing: &mut ThingState,
        now_ms: EpochMs,
    ) -> Effects {
        let mut ended = Effects::default();
        for open in stored {
            match open.rule.of(&self.rules_to).copied().flatten() {
                Some(rule) => {
                    // Below format 3 what is open has no severity of its own.
                    let rules = (!has_severity).then_some(&self.planned.plan.rules);
                    let severity = rules.and_then(|rules| rule.of(rules));
                    let severity = severity.map_or(open.severity, |rule| rule.severity);
                    let open = OpenViolation { rule, severity, ..open.clone() };
                    thing.judged.open_violation(open);
                }
                None => {
                    let name = thing.name.to_thing_name();
                    name.iter().for_each(|name| self.end(name, open, now_ms, &mut ended));
                }
            }
        }
        ended
    }

    /// The window that a rule of the plan had; none if it was not there.
    fn window_of(&self, stored: &Thing, rule: ReaderId) -> Option<StoredWindow> {
        let from = rule.of(&self.rules_from).copied().flatten()?;
        let slot = rule.of(&self.planned.plan.measures.readers)?.slot?;
        let own = stored.own.iter().find(|window| usize::from(window.owner) == from);
        let shared = || stored.windows.get(self.slots_from.get(slot as usize).copied().flatten()?);
        own.or_else(shared).copied()
    }

    /// Tells of the end of a violation whose behavior is gone: only its name is known.
    fn end(&self, thing: &ThingName, open: &OpenViolation, at_ms: EpochMs, ended: &mut Effects) {
        let Some((profile, behavior)) = open.rule.of(&self.behaviors) else { return };
        ended.closed.push(open.id.clone());
        ended.events.push(ViolationEvent {
            violation_id: open.id.clone(),
            thing: thing.clone(),
            profile: (*profile).clone(),
            behavior: Behavior {
                name: (*behavior).clone(),
                metric: None,
                dimension: None,
                criteria: None,
                suppress_alerts: false,
                export_metric: None,
            },
            severity: Severity::Medium,
            value: None,
            event_type: EventType::AlarmInvalidated,
            at_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        });
    }
}
