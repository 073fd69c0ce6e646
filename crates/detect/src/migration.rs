//! From one plan to the next: what is the same goes on, what changed is invalidated.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{Effects, EpochMs};

use crate::cursor::Cursor;
use crate::measure::{Begins, Clock, ReaderId, Scene, Way};
use crate::plan::Plan;
use crate::thing_state::ThingState;

/// A plan, and since when its rules count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planned {
    pub(crate) plan: Arc<Plan>,
    pub(crate) begins: Arc<Begins>,
}

impl Planned {
    /// As it is measured.
    pub(crate) fn scene<'a>(&'a self, clock: &'a Clock) -> Scene<'a> {
        Scene { plan: &self.plan.measures, begins: &self.begins, clock }
    }
}

/// The way from one plan to the next, worked out once for all things that go it.
#[derive(Debug)]
pub(crate) struct Migration {
    old: Planned,
    new: Planned,
    /// For each new rule, then for each new exporter, the old one that goes on in it.
    carried: Vec<Option<ReaderId>>,
    /// For each old rule the place of the new one in which it goes on.
    goes_to: Vec<Option<ReaderId>>,
}

impl Migration {
    /// A behavior goes on if a profile of the same name has one of its name that judges as it.
    pub(crate) fn new(old: Planned, new: Planned) -> Self {
        let (carried, goes_to) = Self::carry(&old.plan, &new.plan);
        Self { old, new, carried, goes_to }
    }

    /// To a plan of which only things have begun that are alike: what goes on began when it did,
    /// all else begins now.
    pub(crate) fn of_all(old: Planned, plan: Arc<Plan>, at_ms: EpochMs) -> Self {
        let (carried, goes_to) = Self::carry(&old.plan, &plan);
        let begins = Arc::new(old.begins.carried(&plan.measures, &carried, at_ms));
        Self { old, new: Planned { plan, begins }, carried, goes_to }
    }

    /// Where it leads.
    pub(crate) fn planned(&self) -> &Planned {
        &self.new
    }

    /// For each new rule the old one that goes on in it, and the other way round.
    fn carry(old: &Plan, new: &Plan) -> (Vec<Option<ReaderId>>, Vec<Option<ReaderId>>) {
        let key =
            |rule: &'_ crate::rule::Rule| (rule.profile.name.clone(), rule.behavior.name.clone());
        let places: BTreeMap<_, ReaderId> =
            ReaderId::number(&old.rules).map(|(place, rule)| (key(rule), place)).collect();
        let mut goes_to = vec![None; old.rules.len()];
        let mut carried = vec![None; new.rules.len()];
        for (to, (rule, from)) in ReaderId::number(new.rules.iter().zip(&mut carried)) {
            let Some(place) = places.get(&key(rule)).copied() else { continue };
            let of_its_name = place.of(&old.rules);
            // Muting an alarm must not ring: only what decides verdicts makes another behavior.
            if of_its_name.is_some_and(|old| old.behavior.judges_as(&rule.behavior)) {
                *from = Some(place);
                if let Some(goes_to) = place.of_mut(&mut goes_to) {
                    *goes_to = Some(to);
                }
            }
        }
        // What is exported stands after the rules.
        carried.extend(new.exporters.iter().map(|exporter| {
            let from = old.exporters.iter().position(|was| exporter.continues(was))?;
            u32::try_from(old.rules.len() + from).ok().map(ReaderId::new)
        }));
        (carried, goes_to)
    }

    /// The old rule that goes on in a new one.
    pub(crate) fn carried(&self, to: ReaderId) -> Option<ReaderId> {
        to.of(&self.carried).copied().flatten()
    }

    /// Whether every state stays where it is.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.old.plan.rules.len() == self.new.plan.rules.len()
            && self.old.plan.exporters.len() == self.new.plan.exporters.len()
            && ReaderId::number(&self.carried).all(|(place, from)| *from == Some(place))
    }

    /// Gives a thing the states of its new plan, and invalidates what does not go on.
    pub(crate) fn migrate(&self, thing: &mut ThingState, clock: &Clock, effects: &mut Effects) {
        let at_ms = clock.now_ms;
        let mut cursor = Cursor::new(thing, &self.old.plan, effects);
        for (place, goes_to) in ReaderId::number(&self.goes_to) {
            if goes_to.is_none() {
                cursor.invalidate(place, at_ms);
            }
        }
        let (old, new) = (self.old.scene(clock), self.new.scene(clock));
        thing.measured.migrate(Way { old, new, carried: &self.carried, at_ms });
        let goes_to = |rule: ReaderId| rule.of(&self.goes_to).copied().flatten();
        thing.judged.move_rules(goes_to);
    }
}
