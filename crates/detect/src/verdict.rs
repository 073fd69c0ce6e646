//! Verdicts in a row: how many datapoints it takes to change one's mind.

use fleetward_domain::{EpochMs, MetricValue};

use crate::effects::Effects;
use crate::plan::PlannedRule;
use crate::plan::feed::Observed;
use crate::thing_state::{Flags, RuleState, ThingState};

/// What a datapoint changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    /// Nothing that anybody hears of.
    None,
    /// A violation opens.
    Opened,
    /// An open violation goes on.
    Continued,
    /// An open violation ends.
    Cleared,
}

impl RuleState {
    /// Takes one datapoint.
    #[inline]
    fn step(&mut self, conforms: bool, to_alarm: u8, to_clear: u8, at_ms: EpochMs) -> Transition {
        let open = self.flags.has(Flags::OPEN);
        if conforms {
            self.violating = 0;
            self.run_started_ms = 0;
            self.conforming = self.conforming.saturating_add(1);
            let clears = open && self.conforming >= to_clear;
            return if clears { Transition::Cleared } else { Transition::None };
        }
        if self.violating == 0 {
            self.run_started_ms = at_ms;
        }
        self.conforming = 0;
        self.violating = self.violating.saturating_add(1);
        match open {
            true => Transition::Continued,
            false if self.violating >= to_alarm => Transition::Opened,
            false => Transition::None,
        }
    }
}

impl ThingState {
    /// Judges a value as it comes: one datapoint, unless it is of another kind than the rule.
    #[inline]
    pub(crate) fn judge_observed(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        observed: Observed<'_>,
        at_ms: EpochMs,
        effects: &mut Effects,
    ) {
        let check = &planned.rule.check;
        let Some(conforms) = check.conforms(observed) else { return };
        let value = || check.value_of(observed, conforms);
        self.judge(planned, place, at_ms, conforms, value, effects);
    }

    /// Takes the verdict of one datapoint, and tells what came of it.
    #[inline]
    pub(crate) fn judge(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        at_ms: EpochMs,
        conforms: bool,
        value: impl FnOnce() -> MetricValue,
        effects: &mut Effects,
    ) {
        let Some(state) = self.rules.get_mut(place as usize) else { return };
        match state.step(conforms, planned.rule.to_alarm, planned.rule.to_clear, at_ms) {
            Transition::None => {}
            Transition::Opened => self.open(planned, place, at_ms, value(), effects),
            Transition::Continued => self.keep_open(planned, place, at_ms, value(), effects),
            Transition::Cleared => self.clear(planned, place, at_ms, value(), effects),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `v` violates, `c` conforms; expected: `.` nothing, `O` opened, `+` continued, `C` cleared.
    fn check(to_alarm: u8, to_clear: u8, datapoints: &str, expected: &str) {
        let mut state = RuleState::default();
        let found: String = datapoints
            .chars()
            .map(|datapoint| match state.step(datapoint == 'c', to_alarm, to_clear, 1) {
                Transition::None => '.',
                Transition::Opened => {
                    state.flags.set(Flags::OPEN);
                    'O'
                }
                Transition::Continued => '+',
                Transition::Cleared => {
                    state.flags.unset(Flags::OPEN);
                    'C'
                }
            })
            .collect();
        assert_eq!(found, expected, "{to_alarm}/{to_clear} {datapoints}");
    }

    #[test]
    fn it_takes_as_many_datapoints_in_a_row_as_the_behavior_says() {
        check(1, 1, "vcvvcc", "OCO+C.");
        check(3, 1, "vvcvvvv", ".....O+");
        check(2, 3, "vvccvccc", ".O..+..C");
        check(2, 2, "vvccv", ".O.C.");
        check(1, 1, &"v".repeat(300), &format!("O{}", "+".repeat(299)));
    }
}
