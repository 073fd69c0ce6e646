//! Rules: a behavior made ready, and what is remembered of it for one thing.

use std::sync::Arc;

use fleetward_domain::{Behavior, EpochMs, Measure, ProfileName, SecurityProfile};

use crate::judge::{Judge, Verdict};
use crate::measure::Series;
use crate::settings::Settings;

/// A behavior made ready to judge: what every datapoint needs stands together, the rest is shared.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The profile that it stands in.
    pub(crate) profile: Arc<RuleProfile>,
    /// As it stands in the profile.
    pub(crate) behavior: Arc<Behavior>,
    /// What it judges.
    pub(crate) series: Series,
    pub(crate) judge: Judge,
    pub(crate) to_alarm: u8,
    pub(crate) to_clear: u8,
}

/// What the rules of a profile share: its name, and who hears of them.
#[derive(Debug)]
pub(crate) struct RuleProfile {
    pub(crate) name: ProfileName,
    pub(crate) alert_targets: Vec<String>,
}

impl Rule {
    /// The rules of a profile, in its order: without the behaviors that only retain, and those
    /// whose metric cannot be judged yet.
    pub(crate) fn of_profile(profile: &SecurityProfile, settings: &Settings) -> Vec<Self> {
        let shared = Arc::new(RuleProfile {
            name: profile.name.clone(),
            alert_targets: profile.alert_targets.iter().map(|t| t.arn.clone()).collect(),
        });
        let rules = profile.behaviors.iter().filter_map(|b| Self::new(&shared, b, settings));
        rules.collect()
    }

    fn new(profile: &Arc<RuleProfile>, behavior: &Behavior, settings: &Settings) -> Option<Self> {
        let criteria = behavior.criteria.as_ref()?;
        let (metric, dimension) = (behavior.metric.clone()?, behavior.dimension.clone());
        let window_ms = settings.window_ms(criteria.duration_seconds);
        Some(Self {
            profile: profile.clone(),
            behavior: Arc::new(behavior.clone()),
            series: Series::judged(Measure { metric, dimension }, window_ms)?,
            judge: Judge::new(&criteria.judgement),
            to_alarm: criteria.to_alarm().clamp(1, Run::LONGEST),
            to_clear: criteria.to_clear().clamp(1, Run::LONGEST),
        })
    }
}

/// What is remembered of one rule for one thing, in eight bytes: verdicts in a row, and how many
/// it takes to change one's mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// When the run of violating datapoints began, 48 bits; zero while there is none.
    started_low: u32,
    started_high: u16,
    /// Violating datapoints in a row; below zero: conforming ones.
    length: i8,
    flags: u8,
}

/// The current window violates already.
const JUDGED: u8 = 1;
/// A violation is open.
const OPEN: u8 = 2;

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

impl Run {
    /// More in a row are not told apart.
    const LONGEST: u8 = i8::MAX as u8;

    /// A run as it was stored: `length` below zero counts conforming datapoints.
    pub(crate) fn restore(started_ms: EpochMs, length: i8) -> Self {
        let mut run = Self { length, ..Self::default() };
        run.set_started_ms(started_ms);
        run
    }

    /// When the run of violating datapoints began; zero while there is none.
    pub(crate) fn started_ms(self) -> EpochMs {
        EpochMs::from(self.started_high) << 32 | EpochMs::from(self.started_low)
    }

    /// Violating datapoints in a row; below zero: conforming ones.
    pub(crate) fn length(self) -> i8 {
        self.length
    }

    /// Whether the current window violates already.
    #[inline]
    pub(crate) fn is_judged(self) -> bool {
        self.flags & JUDGED != 0
    }

    /// Whether a violation is open.
    #[inline]
    pub(crate) fn is_open(self) -> bool {
        self.flags & OPEN != 0
    }

    #[inline]
    pub(crate) fn set_judged(&mut self, judged: bool) {
        self.flags = self.flags & !JUDGED | if judged { JUDGED } else { 0 };
    }

    #[inline]
    pub(crate) fn set_open(&mut self, open: bool) {
        self.flags = self.flags & !OPEN | if open { OPEN } else { 0 };
    }

    /// Forgets the datapoints of before; not what is known of the window.
    pub(crate) fn begin_anew(&mut self) {
        *self = Self { flags: self.flags, ..Self::default() };
    }

    /// Takes the verdict of one datapoint.
    #[inline]
    pub(crate) fn step(&mut self, verdict: Verdict, rule: &Rule, at_ms: EpochMs) -> Transition {
        self.count(verdict, (rule.to_alarm, rule.to_clear), at_ms)
    }

    #[inline]
    fn count(
        &mut self,
        verdict: Verdict,
        (to_alarm, to_clear): (u8, u8),
        at_ms: EpochMs,
    ) -> Transition {
        match verdict {
            Verdict::Unknown => Transition::None,
            Verdict::Conforms => {
                self.set_started_ms(0);
                self.length = self.length.min(0).saturating_sub(1).max(-i8::MAX);
                let clears = self.is_open() && self.length.unsigned_abs() >= to_clear;
                if clears { Transition::Cleared } else { Transition::None }
            }
            Verdict::Violates => {
                if self.length <= 0 {
                    self.set_started_ms(at_ms);
                }
                self.length = self.length.max(0).saturating_add(1);
                match self.is_open() {
                    true => Transition::Continued,
                    false if self.length.unsigned_abs() >= to_alarm => Transition::Opened,
                    false => Transition::None,
                }
            }
        }
    }

    /// Times outside 48 bits - before 1970, or thousands of years ahead - come only of damage.
    fn set_started_ms(&mut self, at_ms: EpochMs) {
        let at_ms = at_ms.clamp(0, (1 << 48) - 1);
        self.started_low = at_ms as u32;
        self.started_high = (at_ms >> 32) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `v` violates, `c` conforms; expected: `.` nothing, `O` opened, `+` continued, `C` cleared.
    fn check(to_alarm: u8, to_clear: u8, datapoints: &str, expected: &str) {
        let mut run = Run::default();
        let verdict = |c| if c == 'c' { Verdict::Conforms } else { Verdict::Violates };
        let found: String = datapoints
            .chars()
            .map(|datapoint| match run.count(verdict(datapoint), (to_alarm, to_clear), 1) {
                Transition::None => '.',
                Transition::Opened => {
                    run.set_open(true);
                    'O'
                }
                Transition::Continued => '+',
                Transition::Cleared => {
                    run.set_open(false);
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

    #[test]
    fn a_run_takes_eight_bytes_and_keeps_its_start_to_the_millisecond() {
        assert_eq!(size_of::<Run>(), 8);
        for at_ms in [0, 1, 1_700_000_000_123, (1 << 48) - 1] {
            let mut run = Run::default();
            run.count(Verdict::Violates, (1, 1), at_ms);
            run.count(Verdict::Violates, (1, 1), at_ms + 5);
            assert_eq!((run.started_ms(), run.length()), (at_ms, 2));
            run.count(Verdict::Unknown, (1, 1), at_ms + 6);
            run.count(Verdict::Conforms, (1, 1), at_ms + 7);
            assert_eq!((run.started_ms(), run.length()), (0, -1));
        }
    }
}
