//! One thing on its way through one record: datapoints become verdicts, verdicts violations.

mod violation;

use fleetward_domain::{Datapoint, Effects, EpochMs, MetricValue, Observed};

use crate::export::Exports;
use crate::judge::{Asked, Judge, Verdict, Waited};
use crate::measure::{Counted, Listener, MeasuredThing, ReaderId};
use crate::plan::Plan;
use crate::rule::{Rule, Transition};
use crate::short_name::ShortName;
use crate::thing_state::{Judged, ThingState};

/// A thing whose datapoints are judged: its plan, and who hears of what comes of it.
pub(crate) struct Cursor<'a> {
    name: &'a ShortName,
    judged: &'a mut Judged,
    plan: &'a Plan,
    effects: &'a mut Effects,
    /// Where exported values go; none where nothing is measured.
    exports: Option<&'a mut Exports>,
}

/// A rule of the plan, and when something came of it.
#[derive(Clone, Copy)]
struct Occasion<'a> {
    reader: ReaderId,
    rule: &'a Rule,
    at_ms: EpochMs,
}

impl<'a> Cursor<'a> {
    /// For what concerns verdicts only.
    pub(crate) fn new(thing: &'a mut ThingState, plan: &'a Plan, effects: &'a mut Effects) -> Self {
        let ThingState { name, judged, .. } = thing;
        Self { name, judged, plan, effects, exports: None }
    }

    /// A thing's measuring half, and a cursor that hears of it.
    #[inline]
    pub(crate) fn measuring(
        thing: &'a mut ThingState,
        plan: &'a Plan,
        (effects, exports): (&'a mut Effects, &'a mut Exports),
    ) -> (&'a mut MeasuredThing, Self) {
        let ThingState { name, judged, measured, .. } = thing;
        (measured, Self { name, judged, plan, effects, exports: Some(exports) })
    }

    /// Remembers whether the current window violates already.
    #[inline]
    fn set_judged(&mut self, reader: ReaderId, judged: bool) {
        let mut run = self.judged.run(reader);
        run.set_judged(judged);
        self.judged.set_run(reader, run);
    }

    /// Tells a value whose reader is no rule's; whether that was so.
    #[inline]
    fn export(&mut self, reader: ReaderId, datapoint: &Datapoint<'_>) -> bool {
        let plan = self.plan;
        let Some(exporter) = plan.exporter(reader) else { return false };
        if let Some(exports) = &mut self.exports {
            exports.add(exporter, self.name.as_str(), datapoint, self.effects);
        }
        true
    }

    /// Takes what its judge makes of a reader's datapoint. A window that violated early was judged
    /// then: nothing more of it is looked at.
    #[inline(always)]
    fn take(
        &mut self,
        reader: ReaderId,
        verdict: impl Fn(&Judge, &Datapoint<'_>) -> Verdict,
        datapoint: &Datapoint<'_>,
    ) -> Verdict {
        let (plan, at_ms) = (self.plan, datapoint.at_ms);
        let Some(rule) = reader.of(&plan.rules) else { return Verdict::Unknown };
        let mut run = self.judged.run(reader);
        if run.is_judged() {
            return Verdict::Unknown;
        }
        let verdict = verdict(&rule.judge, datapoint);
        if verdict == Verdict::Unknown {
            return verdict;
        }
        let transition = run.step(verdict, rule, at_ms);
        self.judged.set_run(reader, run);
        if run.is_open() {
            self.judged.heard(reader, at_ms);
        }
        if transition != Transition::None {
            let value = rule.judge.shown(datapoint, verdict);
            self.carry_out(transition, Occasion { reader, rule, at_ms }, value);
        }
        verdict
    }

    /// What a window came to whose bound the fleet says: it counts for the percentile, and waits
    /// if that of the window before is not known yet.
    #[inline]
    fn waits_for_the_fleet(
        &self,
        reader: ReaderId,
        window: &Datapoint<'_>,
        counted: Counted,
    ) -> bool {
        let criteria = reader.of(&self.plan.rules).and_then(|rule| rule.judge.statistical());
        let Some(criteria) = criteria else { return false };
        let asked = match counted {
            Counted::Whole => Asked::All,
            Counted::FromLater => Asked::Upper,
            Counted::InPart => Asked::Early,
            // A late threshold is to find what one in time would have.
            Counted::Unsaid => return false,
        };
        criteria.closes(self.name.as_str(), window, asked)
    }

    /// The threshold of a rule was made: judges what waited for it.
    pub(crate) fn judge_waiting(&mut self, reader: ReaderId) {
        let plan = self.plan;
        let Some(rule) = reader.of(&plan.rules) else { return };
        let Some(criteria) = rule.judge.statistical() else { return };
        let ready = criteria.fleet().take_waiting(self.name.as_str(), criteria.window_ms());
        for Waited { end_ms, value, asked } in ready {
            let value = match value {
                MetricValue::Count(count) => Observed::Count(count),
                MetricValue::Number(number) => Observed::Number(number),
                _ => continue,
            };
            let datapoint = Datapoint { measure: rule.series.measure(), at_ms: end_ms, value };
            let verdict = |judge: &Judge, datapoint: &Datapoint<'_>| match judge.statistical() {
                Some(criteria) => criteria.of_closed(datapoint, asked),
                None => Verdict::Unknown,
            };
            self.take(reader, verdict, &datapoint);
        }
    }

    /// Takes a verdict that needs no judge: of what grows with time alone.
    pub(crate) fn tell(&mut self, reader: ReaderId, verdict: Verdict, datapoint: &Datapoint<'_>) {
        self.take(reader, |_, _| verdict, datapoint);
    }

    /// Tells what came of a verdict.
    #[inline(never)]
    fn carry_out(&mut self, transition: Transition, on: Occasion<'_>, value: MetricValue) {
        match transition {
            Transition::None => {}
            Transition::Opened => self.open(on, value),
            Transition::Continued => self.keep_open(on, value),
            Transition::Cleared => self.clear(on, value),
        }
    }
}

impl Listener for Cursor<'_> {
    #[inline(always)]
    fn datapoint(&mut self, reader: ReaderId, datapoint: Datapoint<'_>) {
        if !self.export(reader, &datapoint) {
            self.take(reader, Judge::verdict, &datapoint);
        }
    }

    /// The moment a sum crosses an upper bound its window will violate: it is judged then.
    #[inline(always)]
    fn grows(&mut self, reader: ReaderId, so_far: Datapoint<'_>) {
        if self.take(reader, Judge::early_verdict, &so_far) == Verdict::Violates {
            self.set_judged(reader, true);
        }
    }

    /// A window that violated early was judged then: its violation shows now what it came to.
    #[inline]
    fn closes(&mut self, reader: ReaderId, datapoint: Datapoint<'_>, counted: Counted) {
        // Also of what was not counted whole: nobody else tells what there was.
        if self.export(reader, &datapoint) || self.waits_for_the_fleet(reader, &datapoint, counted)
        {
            return;
        }
        if self.judged.run(reader).is_judged() {
            self.set_judged(reader, false);
            self.bring_up(reader, &datapoint);
            return;
        }
        match counted {
            Counted::Whole => drop(self.take(reader, Judge::verdict, &datapoint)),
            // Too little is no wonder where the thing came later.
            Counted::FromLater => drop(self.take(reader, Judge::upper_verdict, &datapoint)),
            // Had it grown past an upper bound, it would have been judged then.
            Counted::InPart | Counted::Unsaid => {}
        }
    }
}
