//! Plans: what to measure and to judge for a thing, made ready once for all things that the same
//! profiles apply to.

use crate::limits::READERS_PER_PLAN;
use crate::measure::MeasurePlan;
use crate::rule::Rule;

/// Everything to measure and to judge for the things of an audience.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// One reader for each rule.
    pub(crate) measures: MeasurePlan,
    /// By profile name, then in the profile's order: each judges what the reader of its place
    /// reads ([`ReaderId`]), and a thing's runs are named by the same places.
    pub(crate) rules: Vec<Rule>,
}

impl Plan {
    pub(crate) fn new<'a>(rules: impl Iterator<Item = &'a Rule>) -> Self {
        let rules: Vec<Rule> = rules.take(READERS_PER_PLAN).cloned().collect();
        let measures = MeasurePlan::new(rules.iter().map(|rule| rule.series.clone()));
        Self { measures, rules }
    }
}
