//! From one plan to the next: what is the same goes on, what changed is invalidated.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effects::Effects;
use crate::plan::Plan;
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
        let places: BTreeMap<_, u32> = old
            .rules
            .iter()
            .zip(0..)
            .map(|(planned, place)| ((&planned.profile.name, &planned.rule.behavior.name), place))
            .collect();
        let mut goes_to = vec![None; old.rules.len()];
        let mut carried = vec![None; new.rules.len()];
        for ((planned, from), to) in new.rules.iter().zip(&mut carried).zip(0..) {
            let key = (&planned.profile.name, &planned.rule.behavior.name);
            let Some(place) = places.get(&key).copied() else { continue };
            let equal = old.rules.get(place as usize);
            if equal.is_some_and(|old| old.rule.behavior == planned.rule.behavior) {
                *from = Some(place);
                if let Some(goes_to) = goes_to.get_mut(place as usize) {
                    *goes_to = Some(to);
                }
            }
        }
        drop(places);
        Self { old, new, carried, goes_to }
    }

    /// Whether every state stays where it is.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.old.rules.len() == self.new.rules.len()
            && self.carried.iter().zip(0..).all(|(from, place)| *from == Some(place))
    }

    /// Gives a thing the states of its new plan, and invalidates what does not go on.
    pub(crate) fn migrate(&self, thing: &mut ThingState, now_ms: i64, effects: &mut Effects) {
        for (goes_to, place) in self.goes_to.iter().zip(0..) {
            if goes_to.is_none() {
                thing.invalidate(&self.old, place, now_ms, effects);
            }
        }
        let mut states = self.new.states_from(now_ms, thing);
        for (state, from) in states.iter_mut().zip(&self.carried) {
            let old = from.and_then(|place| thing.rules.get(place as usize));
            *state = old.copied().unwrap_or(*state);
        }
        thing.rules = states;
        for open in &mut thing.open {
            let place = self.goes_to.get(open.rule as usize).copied().flatten();
            open.rule = place.unwrap_or(open.rule);
        }
        thing.open.sort_unstable_by_key(|open| open.rule);
    }
}
