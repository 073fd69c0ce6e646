//! From one plan to the next: what is the same goes on, what changed is invalidated.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{Effects, EpochMs};

use crate::cursor::Cursor;
use crate::measure::ReaderId;
use crate::plan::Plan;
use crate::rule::Run;
use crate::thing_state::ThingState;

/// The way from one plan to the next, worked out once for all things that go it.
#[derive(Debug)]
pub(crate) struct Migration {
    old: Arc<Plan>,
    new: Arc<Plan>,
    /// For each new rule the place of the old one that goes on in it.
    carried: Vec<Option<ReaderId>>,
    /// For each old rule the place of the new one in which it goes on.
    goes_to: Vec<Option<ReaderId>>,
}

impl Migration {
    /// A behavior goes on if a profile of the same name has one of its name that judges as it.
    pub(crate) fn new(old: Arc<Plan>, new: Arc<Plan>) -> Self {
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
        Self { old, new, carried, goes_to }
    }

    /// Whether every state stays where it is.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.old.rules.len() == self.new.rules.len()
            && ReaderId::number(&self.carried).all(|(place, from)| *from == Some(place))
    }

    /// Gives a thing the states of its new plan, and invalidates what does not go on.
    pub(crate) fn migrate(&self, thing: &mut ThingState, at_ms: EpochMs, effects: &mut Effects) {
        let mut cursor = Cursor::new(thing, &self.old, effects);
        for (place, goes_to) in ReaderId::number(&self.goes_to) {
            if goes_to.is_none() {
                cursor.invalidate(place, at_ms);
            }
        }
        let plans = (&self.old.measures, &self.new.measures);
        thing.measured.migrate(plans, &self.carried, at_ms);
        let judged = &mut thing.judged;
        let run = |from: &Option<ReaderId>| {
            let old = from.and_then(|place| place.of(&judged.runs));
            old.copied().unwrap_or_default()
        };
        let runs: Box<[Run]> = self.carried.iter().map(run).collect();
        judged.runs = runs;
        judged.open.move_rules(|rule| rule.of(&self.goes_to).copied().flatten());
    }
}
