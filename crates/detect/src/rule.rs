//! Rules: a behavior made ready, and what is remembered of it for one thing.

use std::fmt;
use std::sync::Arc;

use fleetward_domain::{
    Behavior, ComparisonOperator, EpochMs, FormatLevel, Judgement, Measure, MetricKind,
    ProfileName, SecurityProfile, Severities, Severity,
};

use crate::absence::{Absence, Missed};
use crate::judge::{Criterion, Judge, Verdict};
use crate::measure::{Fold, Series};
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
    /// Of what grows with time alone: how long it may.
    pub(crate) absence: Option<Absence>,
    pub(crate) to_alarm: u8,
    pub(crate) to_clear: u8,
    /// What a violation has that opens now.
    pub(crate) severity: Severity,
}

/// What the rules of a profile share: its name, and who hears of them.
#[derive(Debug)]
pub(crate) struct RuleProfile {
    pub(crate) name: ProfileName,
    created_ms: EpochMs,
    /// By which ids of violations are derived.
    pub(crate) level: FormatLevel,
    pub(crate) alert_targets: Vec<String>,
}

impl Rule {
    /// The rules of a profile, in its order: without the behaviors that only retain, and those
    /// whose metric cannot be judged yet.
    pub(crate) fn of_profile(profile: &SecurityProfile, settings: &Settings) -> Vec<Self> {
        let shared = Arc::new(RuleProfile {
            name: profile.name.clone(),
            created_ms: profile.created_ms,
            level: settings.level,
            alert_targets: profile.alert_targets.iter().map(|t| t.arn.clone()).collect(),
        });
        let severities = Severities::of_tags(&profile.tags);
        let rule = |behavior| Self::new(&shared, behavior, severities.of(behavior), settings);
        profile.behaviors.iter().filter_map(rule).collect()
    }

    fn new(
        profile: &Arc<RuleProfile>,
        behavior: &Behavior,
        severity: Severity,
        settings: &Settings,
    ) -> Option<Self> {
        let criteria = behavior.criteria.as_ref()?;
        let (metric, dimension) = (behavior.metric.clone()?, behavior.dimension.clone());
        let window_ms = settings.window_ms(criteria.duration_seconds);
        let named = format!(
            "{}\0{}\0{}\0{metric}\0{dimension:?}",
            profile.name, profile.created_ms, behavior.name
        );
        let absence = Absence::of(&metric, criteria);
        // A stretch of absence violates once, and who is back is back.
        let one_to_alarm = absence.is_some();
        let one_to_clear = absence.is_some_and(|it| it.missed == Missed::Connection);
        let most = |is_one| if is_one { 1 } else { Run::LONGEST };
        let measure = Measure { metric, dimension };
        let series = series_of(measure, &criteria.judgement, window_ms, settings.period_ms)?;
        let (is_extreme, exact) = (series.is_extreme(), settings.exact_values());
        let criterion = Criterion { window_ms, is_extreme, exact, named: &named };
        Some(Self {
            profile: profile.clone(),
            behavior: Arc::new(behavior.clone()),
            judge: Judge::new(&criteria.judgement, &criterion),
            series,
            absence,
            to_alarm: criteria.to_alarm().clamp(1, most(one_to_alarm)),
            to_clear: criteria.to_clear().clamp(1, most(one_to_clear)),
            severity,
        })
    }
}

/// What criteria look at. A percentile ranks one value a window; the size of messages has an
/// extreme in each period, on the side that the criteria bound.
fn series_of(
    measure: Measure,
    judgement: &Judgement,
    window_ms: EpochMs,
    period_ms: EpochMs,
) -> Option<Series> {
    let extreme = match judgement.operator() {
        ComparisonOperator::GreaterThan | ComparisonOperator::GreaterThanEquals => Fold::Least,
        _ => Fold::Most,
    };
    let is_size = measure.metric.kind() == MetricKind::Extreme;
    match judgement {
        Judgement::Static(_) if is_size => Series::windowed(measure, period_ms, extreme),
        Judgement::Static(_) => Series::judged(measure, window_ms),
        // Of a percentile's messages all bytes together count.
        Judgement::Statistical { .. } if is_size => Series::windowed(measure, window_ms, Fold::Sum),
        Judgement::Statistical { .. } => Series::windowed(measure, window_ms, extreme),
    }
}

/// What is remembered of one rule for one thing, in eight bytes: when the run of violating
/// datapoints began (48 bits, zero while there is none), how many datapoints in a row violated or
/// conformed (8 bits), and what is known of the window and of a violation (8 bits).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Run(u64);

/// Where the run's start is.
const STARTED: u64 = (1 << 48) - 1;
/// How far the run's length is shifted.
const LENGTH: u32 = 48;
/// The current window violates already.
const JUDGED: u64 = 1 << 56;
/// A violation is open.
const OPEN: u64 = 1 << 57;

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
        Self::default().with(started_ms, length)
    }

    /// When the run of violating datapoints began; zero while there is none.
    pub(crate) fn started_ms(self) -> EpochMs {
        (self.0 & STARTED) as EpochMs
    }

    /// Violating datapoints in a row; below zero: conforming ones.
    #[inline]
    pub(crate) fn length(self) -> i8 {
        (self.0 >> LENGTH) as i8
    }

    /// Whether the current window violates already.
    #[inline]
    pub(crate) fn is_judged(self) -> bool {
        self.0 & JUDGED != 0
    }

    /// Whether a violation is open.
    #[inline]
    pub(crate) fn is_open(self) -> bool {
        self.0 & OPEN != 0
    }

    /// Whether it is as if nothing had been seen: of conforming datapoints only those matter that
    /// come while a violation is open.
    #[inline]
    pub(crate) fn says_nothing(self) -> bool {
        self.length() <= 0 && self.0 & (JUDGED | OPEN) == 0
    }

    #[inline]
    pub(crate) fn set_judged(&mut self, judged: bool) {
        self.0 = self.0 & !JUDGED | if judged { JUDGED } else { 0 };
    }

    #[inline]
    pub(crate) fn set_open(&mut self, open: bool) {
        self.0 = self.0 & !OPEN | if open { OPEN } else { 0 };
    }

    /// Forgets the start of a run that conforms: it has none.
    pub(crate) fn conforms_without_start(&mut self) {
        if self.length() < 0 {
            *self = self.with(0, self.length());
        }
    }

    /// The clock was set ahead by this, or back: so much later the datapoints were that violate.
    pub(crate) fn set_ahead(&mut self, ahead_ms: EpochMs) {
        if self.length() > 0 {
            *self = self.with(self.started_ms().saturating_add(ahead_ms), self.length());
        }
    }

    /// Forgets the datapoints of before; not what is known of the window.
    pub(crate) fn begin_anew(&mut self) {
        *self = self.with(0, 0);
    }

    /// The same with another run. Times outside 48 bits - before 1970, or thousands of years
    /// ahead - come only of damage.
    #[inline]
    fn with(self, started_ms: EpochMs, length: i8) -> Self {
        let started = started_ms.clamp(0, STARTED as EpochMs) as u64;
        let length = u64::from(length.cast_unsigned()) << LENGTH;
        Self(self.0 & (JUDGED | OPEN) | started | length)
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
                let length = self.length().min(0).saturating_sub(1).max(-i8::MAX);
                *self = self.with(0, length);
                let clears = self.is_open() && length.unsigned_abs() >= to_clear;
                if clears { Transition::Cleared } else { Transition::None }
            }
            Verdict::Violates => {
                let goes_on = self.length() > 0;
                let started_ms = if goes_on { self.started_ms() } else { at_ms };
                let length = self.length().max(0).saturating_add(1);
                *self = self.with(started_ms, length);
                match self.is_open() {
                    true => Transition::Continued,
                    false if length.unsigned_abs() >= to_alarm => Transition::Opened,
                    false => Transition::None,
                }
            }
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started_ms, length) = (self.started_ms(), self.length());
        let (judged, open) = (self.is_judged(), self.is_open());
        write!(f, "Run {{ {length} since {started_ms}, judged {judged}, open {open} }}")
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
