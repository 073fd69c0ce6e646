//! Plans: what to measure and to judge for a thing, made ready once for all things that the same
//! profiles apply to.

use crate::absence::{Absence, Missed};
use crate::export::Exporter;
use crate::limits::READERS_PER_PLAN;
use crate::measure::{MeasurePlan, ReaderId};
use crate::rule::Rule;

/// Everything to measure and to judge for the things of an audience.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// One reader for each rule, and after them one for each exporter.
    pub(crate) measures: MeasurePlan,
    /// By profile name, then in the profile's order: each judges what the reader of its place
    /// reads ([`ReaderId`]), and a thing's runs are named by the same places.
    pub(crate) rules: Vec<Rule>,
    /// By profile name, then in the profile's order: what their readers read is told, not judged.
    pub(crate) exporters: Vec<Exporter>,
    /// The rules on what grows with time alone.
    pub(crate) absences: Vec<(ReaderId, Absence)>,
}

impl Plan {
    pub(crate) fn new<'a>(
        rules: impl Iterator<Item = &'a Rule>,
        exporters: impl Iterator<Item = &'a Exporter>,
    ) -> Self {
        let rules: Vec<Rule> = rules.take(READERS_PER_PLAN).cloned().collect();
        let room = READERS_PER_PLAN.saturating_sub(rules.len());
        let exporters: Vec<Exporter> = exporters.take(room).cloned().collect();
        let judged = rules.iter().map(|rule| rule.series.clone());
        let exported = exporters.iter().map(|exporter| exporter.series.clone());
        let measures = MeasurePlan::new(judged).beside(exported);
        let absences = ReaderId::number(&rules).filter_map(|(id, rule)| Some((id, rule.absence?)));
        let absences = absences.collect();
        Self { measures, rules, exporters, absences }
    }

    /// Who exports what this reader reads; none if it is a rule's.
    #[inline]
    pub(crate) fn exporter(&self, reader: ReaderId) -> Option<&Exporter> {
        let place = (reader.place() as usize).checked_sub(self.rules.len())?;
        self.exporters.get(place)
    }

    /// Whether anything is judged or told of those of its things that are not registered: they owe
    /// nobody a report.
    pub(crate) fn is_of_strangers(&self) -> bool {
        let is_owed = |rule: &Rule| rule.absence.is_some_and(|it| it.missed == Missed::Report);
        !self.exporters.is_empty() || self.rules.iter().any(|rule| !is_owed(rule))
    }

    /// Whether a rule's violation stays while no datapoint comes: that none comes is what it says.
    pub(crate) fn lasts_in_silence(&self, reader: ReaderId) -> bool {
        reader.of(&self.rules).is_some_and(|rule| rule.absence.is_some())
    }
}
