//! One thing on its way through one record: datapoints become verdicts, verdicts violations.

mod violation;

use fleetward_domain::{Datapoint, EpochMs, Observed};

use crate::effects::Effects;
use crate::judge::Verdict;
use crate::measure::{Listener, MeasuredThing};
use crate::plan::Plan;
use crate::rule::{Rule, Transition};
use crate::short_name::ShortName;
use crate::thing_state::{Judged, ThingState};

/// Where a record stands with a thing: which of the plan's rules is looked at, and at which time.
pub(crate) struct Cursor<'a> {
    name: &'a ShortName,
    judged: &'a mut Judged,
    plan: &'a Plan,
    effects: &'a mut Effects,
    /// The rule's place in the plan.
    rule: u32,
    at_ms: EpochMs,
}

impl<'a> Cursor<'a> {
    /// For what concerns verdicts only, at this time.
    pub(crate) fn new(
        thing: &'a mut ThingState,
        plan: &'a Plan,
        at_ms: EpochMs,
        effects: &'a mut Effects,
    ) -> Self {
        let ThingState { name, judged, .. } = thing;
        Self { name, judged, plan, effects, rule: 0, at_ms }
    }

    /// A thing's measuring half, and a cursor that hears of it.
    #[inline]
    pub(crate) fn measuring(
        thing: &'a mut ThingState,
        plan: &'a Plan,
        effects: &'a mut Effects,
    ) -> (&'a mut MeasuredThing, Self) {
        let ThingState { name, judged, measured } = thing;
        let at_ms = judged.datapoint_ms;
        (measured, Self { name, judged, plan, effects, rule: 0, at_ms })
    }

    /// The thing gave a sign of life: it is not silent.
    #[inline]
    pub(crate) fn heard(&mut self, at_ms: EpochMs) {
        self.judged.heard(at_ms);
    }

    /// Counts a verdict of the rule, and tells what came of it.
    #[inline]
    fn conclude(&mut self, rule: &'a Rule, verdict: Verdict, value: Observed<'_>) {
        self.judged.heard(self.at_ms);
        let Some(run) = self.judged.runs.get_mut(self.rule as usize) else { return };
        match run.step(verdict, rule, self.at_ms) {
            Transition::None => {}
            Transition::Opened => self.open(rule, rule.judge.shown(value, verdict)),
            Transition::Continued => self.keep_open(rule, rule.judge.shown(value, verdict)),
            Transition::Cleared => self.clear(rule, rule.judge.shown(value, verdict)),
        }
    }
}

impl Listener for Cursor<'_> {
    /// A datapoint of a window that violated early was judged then.
    #[inline]
    fn datapoint(&mut self, reader: u32, datapoint: Datapoint<'_>) {
        let plan = self.plan;
        let (place, value) = (reader as usize, datapoint.value);
        let Some(rule) = plan.rules.get(place) else { return };
        if self.judged.runs.get(place).is_none_or(|run| run.is_judged()) {
            return;
        }
        let verdict = rule.judge.verdict(value);
        if verdict != Verdict::Unknown {
            (self.rule, self.at_ms) = (reader, datapoint.at_ms);
            self.conclude(rule, verdict, value);
        }
    }

    /// The moment a sum crosses an upper bound its window will violate: it is judged then.
    #[inline]
    fn grows(&mut self, reader: u32, so_far: Datapoint<'_>) {
        let plan = self.plan;
        let (place, value) = (reader as usize, so_far.value);
        let Some(rule) = plan.rules.get(place) else { return };
        let Some(run) = self.judged.runs.get_mut(place).filter(|run| !run.is_judged()) else {
            return;
        };
        let verdict = rule.judge.early_verdict(value);
        if verdict == Verdict::Violates {
            run.set_judged(true);
            (self.rule, self.at_ms) = (reader, so_far.at_ms);
            self.conclude(rule, verdict, value);
        }
    }

    #[inline]
    fn window_ended(&mut self, reader: u32) {
        if let Some(run) = self.judged.runs.get_mut(reader as usize) {
            run.set_judged(false);
        }
    }
}
