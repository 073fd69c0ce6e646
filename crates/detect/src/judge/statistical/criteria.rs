//! A statistical criterion: the percentile of the window before is the bound of this one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleetward_domain::{ComparisonOperator, Datapoint, EpochMs, MetricValue, Observed, Percentile};

use super::fleet::{Bounded, Fleet, Waited};
use crate::judge::static_criteria::Bound;
use crate::judge::{Asked, Criterion, Verdict};

/// Against a percentile of what the fleet did in the window before. Whoever has a copy shares what
/// is known of the fleet: a threshold is told once, whatever plans hold the rule.
#[derive(Clone, Debug)]
pub(crate) struct StatisticalCriteria {
    bound: Bound,
    statistic: Percentile,
    window_ms: EpochMs,
    /// Whether a window that violates stays so, however it grows.
    stays: bool,
    /// Most values of a window that are kept one by one.
    exact: usize,
    /// Tells this metric, dimension and criteria from those before and after it.
    generation: u64,
    fleet: Arc<Mutex<Fleet>>,
}

impl StatisticalCriteria {
    pub(crate) fn new(
        operator: ComparisonOperator,
        statistic: Percentile,
        &Criterion { window_ms, is_extreme, exact, named }: &Criterion<'_>,
    ) -> Self {
        let named = format!("{named}\0{}\0{statistic}\0{window_ms}", operator.as_str());
        let bound = Bound::of(operator);
        Self {
            bound,
            statistic,
            window_ms: window_ms.max(1),
            stays: is_extreme || bound.is_upper(),
            exact,
            generation: fingerprint(&named),
            fleet: Arc::default(),
        }
    }

    /// Which metric, dimension and criteria this is.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// What is asked of the fleet.
    pub(crate) fn statistic(&self) -> Percentile {
        self.statistic
    }

    pub(crate) fn window_ms(&self) -> EpochMs {
        self.window_ms
    }

    /// Goes on with what another knows of the fleet; false if that is of something else.
    pub(crate) fn share(&mut self, other: &Self) -> bool {
        let is_same = self.generation == other.generation;
        if is_same {
            self.fleet = Arc::clone(&other.fleet);
        }
        is_same
    }

    /// What is known of the fleet. Nobody else holds it for longer than a look: one thread has the
    /// whole partition.
    pub(crate) fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a window that violates stays so, however it grows.
    pub(crate) fn stays(&self) -> bool {
        self.stays
    }

    /// Judges what a window came to that has closed.
    pub(crate) fn of_closed(&self, datapoint: &Datapoint<'_>, asked: Asked) -> Verdict {
        let begin_ms = datapoint.at_ms.saturating_sub(self.window_ms);
        self.verdict(datapoint.value, begin_ms, asked)
    }

    /// Judges what a window has come to so far.
    #[inline]
    pub(crate) fn of_open(&self, so_far: &Datapoint<'_>) -> Verdict {
        if !self.stays {
            return Verdict::Unknown;
        }
        let number = so_far.at_ms.div_euclid(self.window_ms);
        self.verdict(so_far.value, number.saturating_mul(self.window_ms), Asked::Early)
    }

    /// Judges the value of the window that begins then.
    fn verdict(&self, value: Observed<'_>, begin_ms: EpochMs, asked: Asked) -> Verdict {
        let Some(value) = number_of(value) else { return Verdict::Unknown };
        let Bounded::By(threshold) = self.fleet().bound_of(begin_ms) else {
            return Verdict::Unknown;
        };
        match (asked, self.bound.holds(value, threshold)) {
            (Asked::Early | Asked::Upper, _) if !self.stays => Verdict::Unknown,
            (_, false) => Verdict::Violates,
            (Asked::Early, true) => Verdict::Unknown,
            (_, true) => Verdict::Conforms,
        }
    }

    /// Notes what a thing's window came to: for the percentile, unless it was not counted whole;
    /// and until there is a bound for it, to be judged then. True if it has to wait for that.
    pub(crate) fn closes(&self, thing: &str, window: &Datapoint<'_>, asked: Asked) -> bool {
        let Some(number) = number_of(window.value) else { return false };
        let (end_ms, value) = (window.at_ms, window.value.to_value());
        let is_whole = matches!(value, MetricValue::Count(_));
        let mut fleet = self.fleet();
        if asked != Asked::Early {
            fleet.add(end_ms, number, (self.exact, is_whole));
        }
        let waits = fleet.bound_of(end_ms.saturating_sub(self.window_ms)) == Bounded::NotYet;
        if waits {
            fleet.wait(thing, Waited { end_ms, value, asked });
        }
        waits
    }
}

/// The value as a number; none of a list.
fn number_of(value: Observed<'_>) -> Option<f64> {
    match value {
        Observed::Count(count) => Some(count as f64),
        Observed::Number(number) => Some(number),
        _ => None,
    }
}

/// FNV-1a in 63 bits, which every store can keep.
fn fingerprint(text: &str) -> u64 {
    let byte = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, byte) >> 1
}
