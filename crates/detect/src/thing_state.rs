//! What is remembered of a thing. Bounded by its behaviors, never by its traffic.

use fleetward_domain::{EpochMs, MetricValue, Severity, ThingName};

use crate::measure::{Generations, MeasuredThing, ReaderId, Scene};
use crate::plan::Plan;
use crate::rule::Run;
use crate::short_name::ShortName;

/// One thing's state: what most things have none of stands aside.
#[derive(Debug)]
pub(crate) struct ThingState {
    pub(crate) name: ShortName,
    pub(crate) measured: MeasuredThing,
    pub(crate) judged: Judged,
    /// When it reported: where its reports are to be looked for.
    pub(crate) reported: Generations,
    /// What it was counted as among the things.
    pub(crate) noted: Noted,
}

/// What the partition counts its things by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// It waits for the line to move on.
    pub(crate) waits: bool,
    /// It has open violations.
    pub(crate) open: bool,
}

/// What is remembered of the verdicts over a thing.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Its place among the audiences: who it is to the profiles.
    pub(crate) audience: u32,
    /// How many violations it has opened: makes the ids of its violations differ.
    pub(crate) transitions: u32,
    /// What is remembered of the rules of its plan.
    pub(crate) runs: Runs,
    /// Violations that are open now, by rule.
    pub(crate) open: OpenViolations,
}

/// A violation that is open now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenViolation {
    /// Which rule of the thing's plan.
    pub(crate) rule: ReaderId,
    pub(crate) id: String,
    pub(crate) started_ms: EpochMs,
    pub(crate) last_ms: EpochMs,
    pub(crate) last_value: MetricValue,
    /// As the profile's tags said when it opened.
    pub(crate) severity: Severity,
    /// The last datapoint of its behavior, violating or not: its silence is measured from here.
    pub(crate) datapoint_ms: EpochMs,
}

/// Violations that are open now, by rule. Most things have none, so that they get eight bytes.
#[derive(Debug, Default, PartialEq)]
#[allow(clippy::box_collection, reason = "a third of the bytes where there are none")]
pub(crate) struct OpenViolations(Option<Box<Vec<OpenViolation>>>);

impl OpenViolations {
    pub(crate) fn as_slice(&self) -> &[OpenViolation] {
        self.0.as_ref().map_or(&[], |open| open.as_slice())
    }

    /// That of a rule, to be changed.
    pub(crate) fn get_mut(&mut self, rule: ReaderId) -> Option<&mut OpenViolation> {
        self.0.as_mut()?.iter_mut().find(|open| open.rule == rule)
    }

    /// The behavior of a rule whose violation is open gave a datapoint: it is not silent.
    pub(crate) fn heard(&mut self, rule: ReaderId, at_ms: EpochMs) {
        if let Some(open) = self.get_mut(rule) {
            open.datapoint_ms = at_ms;
        }
    }

    /// Those whose behavior has given no datapoint since then, and should have.
    pub(crate) fn silent(&self, silent_ms: EpochMs, plan: &Plan) -> impl Iterator<Item = ReaderId> {
        let is_silent = move |open: &&OpenViolation| {
            open.datapoint_ms <= silent_ms && !plan.lasts_in_silence(open.rule)
        };
        self.as_slice().iter().filter(is_silent).map(|open| open.rule)
    }

    pub(crate) fn insert(&mut self, violation: OpenViolation) {
        let open = self.0.get_or_insert_default();
        let after = open.partition_point(|other| other.rule < violation.rule);
        open.insert(after, violation);
    }

    pub(crate) fn remove(&mut self, rule: ReaderId) -> Option<OpenViolation> {
        let open = self.0.as_mut()?;
        let place = open.iter().position(|open| open.rule == rule)?;
        let removed = open.remove(place);
        if open.is_empty() {
            // Do not keep the memory of those that had one.
            self.0 = None;
        }
        Some(removed)
    }

    /// The clock was set ahead by this: so much later was whatever is remembered.
    pub(crate) fn set_ahead(&mut self, ahead_ms: EpochMs) {
        for open in self.0.iter_mut().flat_map(|open| open.iter_mut()) {
            open.datapoint_ms = open.datapoint_ms.saturating_add(ahead_ms);
        }
    }

    /// Gives every violation the place of its rule in another plan; those without one go.
    pub(crate) fn move_rules(&mut self, place_of: impl Fn(ReaderId) -> Option<ReaderId>) {
        for mut violation in self.0.take().map_or_else(Vec::new, |open| *open) {
            if let Some(place) = place_of(violation.rule) {
                violation.rule = place;
                self.insert(violation);
            }
        }
    }
}

/// What is remembered of rules: those that say something. Most things have none.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::box_collection, reason = "a third of the bytes where there are none")]
pub(crate) struct Runs(Option<Box<Vec<(ReaderId, Run)>>>);

impl Runs {
    pub(crate) fn as_slice(&self) -> &[(ReaderId, Run)] {
        self.0.as_ref().map_or(&[], |runs| runs.as_slice())
    }

    /// That of a rule.
    #[inline]
    pub(crate) fn get(&self, rule: ReaderId) -> Run {
        let found = self.as_slice().iter().find(|(of, _)| *of == rule);
        found.map_or_else(Run::default, |(_, run)| *run)
    }

    /// What a rule's has become.
    #[inline]
    pub(crate) fn set(&mut self, rule: ReaderId, run: Run) {
        if run.says_nothing() && self.0.is_none() {
            return;
        }
        self.change(rule, run);
    }

    #[inline(never)]
    fn change(&mut self, rule: ReaderId, run: Run) {
        let runs = self.0.get_or_insert_default();
        match runs.binary_search_by_key(&rule, |(of, _)| *of) {
            Ok(place) if run.says_nothing() => drop(runs.remove(place)),
            Ok(place) => runs.get_mut(place).into_iter().for_each(|known| known.1 = run),
            Err(_) if run.says_nothing() => {}
            Err(place) => runs.insert(place, (rule, run)),
        }
        if runs.is_empty() {
            self.0 = None;
        }
    }

    /// The clock was set ahead by this, or back: what is under way began by the new one.
    pub(crate) fn set_ahead(&mut self, ahead_ms: EpochMs) {
        for (_, run) in self.0.iter_mut().flat_map(|runs| runs.iter_mut()) {
            run.set_ahead(ahead_ms);
        }
    }

    /// Gives every run the place of its rule in another plan; those without one go.
    pub(crate) fn move_rules(&mut self, place_of: impl Fn(ReaderId) -> Option<ReaderId>) {
        for (rule, run) in self.0.take().map_or_else(Vec::new, |runs| *runs) {
            if let Some(place) = place_of(rule) {
                self.set(place, run);
            }
        }
    }
}

impl ThingState {
    /// A thing that was never seen before `from_ms`.
    pub(crate) fn new(name: &ThingName, audience: u32, scene: Scene<'_>, from_ms: EpochMs) -> Self {
        let judged = Judged {
            audience,
            transitions: 0,
            runs: Runs::default(),
            open: OpenViolations::default(),
        };
        let measured = MeasuredThing::new(scene, from_ms);
        let (name, noted) = (ShortName::new(name), Noted::default());
        Self { name, measured, judged, reported: 0, noted }
    }

    /// Whether a front door says that it is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.measured.is_connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_say_nothing_take_nothing() {
        let mut runs = Runs::default();
        runs.set(ReaderId::new(3), Run::restore(0, -4));
        assert_eq!(runs, Runs::default());
        runs.set(ReaderId::new(3), Run::restore(7, 2));
        runs.set(ReaderId::new(1), Run::restore(8, 1));
        assert_eq!(runs.get(ReaderId::new(3)), Run::restore(7, 2));
        assert_eq!(runs.as_slice().len(), 2);
        runs.move_rules(|rule| (rule == ReaderId::new(3)).then_some(ReaderId::new(0)));
        assert_eq!(runs.as_slice(), [(ReaderId::new(0), Run::restore(7, 2))]);
        runs.set(ReaderId::new(0), Run::default());
        assert_eq!(runs, Runs::default());
    }

    #[test]
    fn a_thing_takes_little_more_than_its_name() {
        assert!(size_of::<Option<ThingState>>() <= 104, "{}", size_of::<Option<ThingState>>());
    }
}
