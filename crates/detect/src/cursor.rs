//! One thing on its way through one record: datapoints become verdicts, verdicts violations.

mod violation;

use fleetward_domain::{Datapoint, EpochMs, MetricValue};

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

    /// Tells what came of a verdict.
    #[inline(never)]
    fn carry_out(&mut self, transition: Transition, rule: &Rule, value: MetricValue) {
        match transition {
            Transition::None => {}
            Transition::Opened => self.open(rule, value),
            Transition::Continued => self.keep_open(rule, value),
            Transition::Cleared => self.clear(rule, value),
        }
    }
}

impl Listener for Cursor<'_> {
    /// A datapoint of a window that violated early was judged then.
    #[inline(always)]
    fn datapoint(&mut self, reader: u32, datapoint: Datapoint<'_>) {
        let (plan, Datapoint { at_ms, value, .. }) = (self.plan, datapoint);
        let Some(rule) = plan.rules.get(reader as usize) else { return };
        let Some(run) = self.judged.runs.get_mut(reader as usize) else { return };
        if run.is_judged() {
            return;
        }
        let verdict = rule.judge.verdict(value);
        if verdict == Verdict::Unknown {
            return;
        }
        let transition = run.step(verdict, rule, at_ms);
        self.judged.heard(at_ms);
        if transition != Transition::None {
            (self.rule, self.at_ms) = (reader, at_ms);
            self.carry_out(transition, rule, rule.judge.shown(value, verdict));
        }
    }

    /// The moment a sum crosses an upper bound its window will violate: it is judged then.
    #[inline(always)]
    fn grows(&mut self, reader: u32, so_far: Datapoint<'_>) {
        let (plan, Datapoint { at_ms, value, .. }) = (self.plan, so_far);
        let Some(rule) = plan.rules.get(reader as usize) else { return };
        let Some(run) = self.judged.runs.get_mut(reader as usize) else { return };
        if run.is_judged() || rule.judge.early_verdict(value) != Verdict::Violates {
            return;
        }
        run.set_judged(true);
        let transition = run.step(Verdict::Violates, rule, at_ms);
        self.judged.heard(at_ms);
        if transition != Transition::None {
            (self.rule, self.at_ms) = (reader, at_ms);
            self.carry_out(transition, rule, rule.judge.shown(value, Verdict::Violates));
        }
    }

    #[inline]
    fn window_ended(&mut self, reader: u32) {
        if let Some(run) = self.judged.runs.get_mut(reader as usize) {
            run.set_judged(false);
        }
    }
}
