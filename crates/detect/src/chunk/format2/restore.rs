//! From the names of a chunk to the plans of the partition that loads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{
    Behavior, BehaviorName, Effects, EpochMs, EventType, ProfileName, Severity, VerificationState,
    ViolationEvent,
};
use fleetward_shape::cbor::Error;

use super::Thing;
use super::names::{Layout, Named};
use crate::measure::{ReaderId, Window};
use crate::partition::Partition;
use crate::plan::Plan;
use crate::thing_state::{OpenViolation, ThingState};

/// Where the things of one audience of the chunk arrive.
pub(super) struct Arrival<'a> {
    audience: u32,
    plan: Arc<Plan>,
    pub(super) layout: &'a Layout,
    behaviors: Vec<(&'a ProfileName, &'a BehaviorName)>,
    /// For each slot of the plan the place of its window in the layout.
    slots_from: Vec<Option<usize>>,
    /// For each rule of the plan its place in the layout.
    rules_from: Vec<Option<usize>>,
    /// For each place in the layout the rule of the plan.
    rules_to: Vec<Option<ReaderId>>,
    /// The plan is the one that the things had when they were stored.
    as_stored: bool,
}

/// A thing, and the violations that ended because nobody has their behaviors any more.
pub(super) struct Restored {
    pub(super) thing: ThingState,
    pub(super) ended: Effects,
}

impl<'a> Arrival<'a> {
    /// One for each audience of the chunk.
    pub(super) fn all(named: &'a Named, partition: &mut Partition) -> Result<Vec<Self>, Error> {
        let arrivals = named.audiences.iter().map(|(key, layout)| {
            let audience = partition.catalog.audience(key.clone());
            let plan = partition.catalog.plan(audience).cloned();
            let layout = named.layout(*layout);
            let arrival = plan.zip(layout).and_then(|(p, l)| Self::new(named, audience, p, l));
            arrival.ok_or_else(|| Error::message("a name is missing at the head"))
        });
        arrivals.collect()
    }

    fn new(named: &'a Named, audience: u32, plan: Arc<Plan>, layout: &'a Layout) -> Option<Self> {
        let series: Option<Vec<_>> = layout.series.iter().map(|at| named.series(*at)).collect();
        let behaviors: Option<Vec<_>> =
            layout.behaviors.iter().map(|at| named.behavior(*at)).collect();
        let (series, behaviors) = (series?, behaviors?);
        // Names are compared once for all things of the audience, not once for each.
        let places: BTreeMap<_, usize> =
            behaviors.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        let rules = plan.rules.iter().map(|rule| (&rule.profile.name, &rule.behavior.name));
        let rules_from: Vec<_> = rules.map(|name| places.get(&name).copied()).collect();
        let slots_from = plan.measures.slots.iter().map(|slot| {
            let is_it = |(measure, window_ms): &&(_, _)| {
                measure == slot.series.measure() && *window_ms == slot.window_ms
            };
            series.iter().position(is_it)
        });
        let slots_from: Vec<_> = slots_from.collect();
        let mut rules_to = vec![None; behaviors.len()];
        for (rule, from) in ReaderId::number(&rules_from) {
            if let Some(to) = from.and_then(|from| rules_to.get_mut(from)) {
                *to = Some(rule);
            }
        }
        let as_stored = is_identity(&rules_from, behaviors.len())
            && is_identity(&slots_from, layout.series.len());
        Some(Self {
            audience,
            as_stored,
            plan,
            layout,
            behaviors,
            slots_from,
            rules_from,
            rules_to,
        })
    }

    /// The thing's state under its plan. What is not named there is dropped, and what is new
    /// begins, as if the plan had changed at `now_ms`.
    pub(super) fn restore(&self, stored: &Thing, now_ms: EpochMs) -> Restored {
        let mut thing = ThingState::new(&stored.head.name, self.audience, &self.plan, now_ms);
        stored.head.restore(&mut thing);
        if self.as_stored {
            thing.measured.windows = stored.windows.iter().chain(&stored.own).copied().collect();
        } else {
            let plan = &self.plan.measures;
            thing.measured.begin_plan(plan, now_ms, |rule| self.window_of(stored, rule));
        }
        let run = |from: &Option<usize>| from.and_then(|from| stored.runs.get(from)).copied();
        let runs = self.rules_from.iter().map(|from| run(from).unwrap_or_default());
        thing.judged.runs = runs.collect();
        let mut ended = Effects::default();
        for open in &stored.open {
            match open.rule.of(&self.rules_to).copied().flatten() {
                Some(rule) => {
                    let severity = rule.of(&self.plan.rules).map_or(open.severity, |r| r.severity);
                    let open = OpenViolation { rule, severity, ..open.clone() };
                    thing.judged.open.insert(open);
                }
                None => self.end(stored, open, now_ms, &mut ended),
            }
        }
        Restored { thing, ended }
    }

    /// The window that a rule of the plan had; none if it was not there.
    fn window_of(&self, stored: &Thing, rule: usize) -> Option<Window> {
        let from = self.rules_from.get(rule).copied().flatten()?;
        let slot = self.plan.measures.readers.get(rule)?.slot?;
        let own = stored.own.iter().find(|window| usize::from(window.owner) == from);
        let shared = || stored.windows.get(self.slots_from.get(slot as usize).copied().flatten()?);
        own.or_else(shared).copied()
    }

    /// Tells of the end of a violation whose behavior is gone: only its name is known.
    fn end(&self, stored: &Thing, open: &OpenViolation, at_ms: EpochMs, ended: &mut Effects) {
        let Some((profile, behavior)) = open.rule.of(&self.behaviors) else { return };
        ended.closed.push(open.id.clone());
        ended.events.push(ViolationEvent {
            violation_id: open.id.clone(),
            thing: stored.head.name.clone(),
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

fn is_identity(from: &[Option<usize>], count: usize) -> bool {
    from.len() == count && from.iter().enumerate().all(|(place, from)| *from == Some(place))
}
