//! What statistical behaviors know of the fleet: it outlives changes of their profiles, as long as
//! they are the same.

use fleetward_domain::{BehaviorName, Effects, EpochMs, ProfileName, Threshold, WindowSummary};

use super::Catalog;
use crate::judge::{Fleet, Made, StatisticalCriteria};
use crate::measure::ReaderId;
use crate::rule::Rule;

impl Catalog {
    /// Rules that are to take the place of a profile's go on with what those knew, and others
    /// begin now.
    pub(super) fn share_fleets(&self, profile: &ProfileName, rules: &mut [Rule], at_ms: EpochMs) {
        for rule in rules {
            let name = &rule.behavior.name;
            let Some(new) = rule.judge.statistical_mut() else { continue };
            let is_known = self.statistical(profile, name).is_some_and(|old| new.share(old));
            if !is_known {
                new.fleet().begin(at_ms, new.window_ms());
            }
        }
    }

    /// A statistical behavior's criteria.
    fn statistical(
        &self,
        profile: &ProfileName,
        behavior: &BehaviorName,
    ) -> Option<&StatisticalCriteria> {
        let rules = &self.profiles.get(profile)?.rules;
        rules.iter().find(|rule| rule.behavior.name == *behavior)?.judge.statistical()
    }

    /// All statistical behaviors.
    pub(crate) fn all_statistical(&self) -> impl Iterator<Item = (&Rule, &StatisticalCriteria)> {
        let rules = self.profiles.values().flat_map(|attached| &attached.rules);
        rules.filter_map(|rule| Some((rule, rule.judge.statistical()?)))
    }

    /// As it was stored; of one that has changed since, nothing is of use.
    pub(crate) fn restore_fleet(
        &self,
        (profile, behavior, generation): (&ProfileName, &BehaviorName, u64),
        fleet: Fleet,
    ) {
        let criteria = self.statistical(profile, behavior);
        if let Some(criteria) = criteria.filter(|it| it.generation() == generation) {
            *criteria.fleet() = fleet;
        }
    }

    /// Takes a threshold, and says who reads the behavior that it is of, by audience; none if
    /// nothing is to be judged because of it.
    pub(crate) fn take_threshold(
        &self,
        threshold: &Threshold,
        line_ms: EpochMs,
    ) -> Option<Vec<Option<ReaderId>>> {
        let Threshold { profile, behavior, generation, from_ms, value, things: _ } = threshold;
        // It is made of a window that is over for every partition. One that is still to come was
        // made before the clock was set back: it would stand before all until then.
        if *from_ms > line_ms {
            return None;
        }
        let criteria = self.statistical(profile, behavior)?;
        let mut fleet = criteria.fleet();
        let made = Made { from_ms: *from_ms, value: *value };
        if criteria.generation() != *generation || !fleet.make(made) {
            return None;
        }
        let is_told = value.is_some() && criteria.stays();
        if fleet.waiting().is_empty() && !is_told {
            return None;
        }
        let is_it = |rule: &Rule| rule.profile.name == *profile && rule.behavior.name == *behavior;
        let reader = |rules: &[Rule]| {
            ReaderId::number(rules).find(|(_, rule)| is_it(rule)).map(|(reader, _)| reader)
        };
        Some(self.audiences.plans().map(|plan| reader(&plan.rules)).collect())
    }

    /// Everything that waited for a threshold has been judged, but of things that are gone.
    pub(crate) fn forget_waiting(&self) {
        for (_, criteria) in self.all_statistical() {
            criteria.fleet().forget_waiting(criteria.window_ms());
        }
    }

    /// The line has passed: tells what windows came to that ended.
    pub(crate) fn sum_up(&self, line_ms: EpochMs, effects: &mut Effects) {
        let attached = self.profiles.values().filter(|attached| !attached.targets.is_empty());
        for rule in attached.flat_map(|attached| &attached.rules) {
            let Some(criteria) = rule.judge.statistical() else { continue };
            for (window_end_ms, summary) in criteria.fleet().sum_up(line_ms, criteria.window_ms()) {
                effects.summaries.push(WindowSummary {
                    profile: rule.profile.name.clone(),
                    behavior: rule.behavior.name.clone(),
                    generation: criteria.generation(),
                    partition: 0,
                    window_end_ms,
                    bytes: crate::judge::statistical::encode(criteria.statistic(), &summary),
                });
            }
        }
    }

    /// The clock was set: no window that was, or was to come, has a threshold.
    pub(crate) fn begin_fleets_anew(&self, line_ms: EpochMs) {
        for (_, criteria) in self.all_statistical() {
            criteria.fleet().begin(line_ms, criteria.window_ms());
        }
    }
}
