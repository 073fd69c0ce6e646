//! From one plan to the next: what is the same goes on, what changed is invalidated.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::EpochMs;

use crate::cursor::Cursor;
use crate::effects::Effects;
use crate::plan::Plan;
use crate::rule::Run;
use crate::thing_state::ThingState;

/// The way from one plan to the next, worked out once for all things that go it.
#[derive(Debug)]
pub(crate) struct Migration {
    old: Arc<Plan>,
    new: Arc<Plan>,
    /// For each new rule the place of the equal old one.
    carried: Vec<Option<u32>>,
    /// For each old rule the place of the equal new one.
    goes_to: Vec<Option<u32>>,
}

impl Migration {
    /// A behavior goes on if a profile of the same name has an equal one.
    pub(crate) fn new(old: Arc<Plan>, new: Arc<Plan>) -> Self {
        let key =
            |rule: &'_ crate::rule::Rule| (rule.profile.name.clone(), rule.behavior.name.clone());
        let places: BTreeMap<_, u32> =
            old.rules.iter().zip(0..).map(|(rule, place)| (key(rule), place)).collect();
        let mut goes_to = vec![None; old.rules.len()];
        let mut carried = vec![None; new.rules.len()];
        for ((rule, from), to) in new.rules.iter().zip(&mut carried).zip(0..) {
            let Some(place) = places.get(&key(rule)).copied() else { continue };
            let equal = old.rules.get(place as usize);
            if equal.is_some_and(|old| old.behavior == rule.behavior) {
                *from = Some(place);
                if let Some(goes_to) = goes_to.get_mut(place as usize) {
                    *goes_to = Some(to);
                }
            }
        }
        Self { old, new, carried, goes_to }
    }

    /// Whether every state stays where it is.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.old.rules.len() == self.new.rules.len()
            && self.carried.iter().zip(0..).all(|(from, place)| *from == Some(place))
    }

    /// Gives a thing the states of its new plan, and invalidates what does not go on.
    pub(crate) fn migrate(&self, thing: &mut ThingState, at_ms: EpochMs, effects: &mut Effects) {
        let mut cursor = Cursor::new(thing, &self.old, at_ms, effects);
        for (goes_to, place) in self.goes_to.iter().zip(0..) {
            if goes_to.is_none() {
                cursor.invalidate(place);
            }
        }
        let plans = (&self.old.measures, &self.new.measures);
        thing.measured.migrate(plans, &self.carried, at_ms);
        let judged = &mut thing.judged;
        let run = |from: &Option<u32>| {
            let old = from.and_then(|place| judged.runs.get(place as usize));
            old.copied().unwrap_or_default()
        };
        let runs: Box<[Run]> = self.carried.iter().map(run).collect();
        judged.runs = runs;
        judged.open.move_rules(|rule| self.goes_to.get(rule as usize).copied().flatten());
    }
}
