//! Judges: they turn a datapoint into a verdict. One file a kind of criteria.
//!
//! What is fleet-wide - a percentile of the fleet, and later a learned model - comes in records
//! that every partition gets: `Partition::apply` hands them to the catalogue, which gives them to
//! the judges of the rules that they name.

mod cidr_set;
mod port_set;
mod static_criteria;
pub mod statistical;

use fleetward_domain::{Datapoint, EpochMs, Judgement, MetricValue};

use static_criteria::StaticCriteria;
pub(crate) use statistical::{Fleet, Made, StatisticalCriteria, Waited};

/// What a datapoint says of its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This is not normal.
    Violates,
    /// This is.
    Conforms,
    /// The judge cannot tell: the value is of another kind than the criteria, say.
    Unknown,
}

/// What is asked of a judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whatever the value says.
    All,
    /// Of a value that may have been greater: too little says nothing.
    Upper,
    /// Of a value that will grow: violating, if it will stay so; conforming is never known early.
    Early,
}

/// Criteria made ready to judge datapoints with; cheap to clone, since every plan has its own
/// beside its other rules.
#[derive(Clone, Debug)]
pub(crate) enum Judge {
    /// Against a fixed value.
    Static(StaticCriteria),
    /// The same of a window's extreme on the side that is bounded: once that violates, it stays so.
    Extreme(StaticCriteria),
    /// Against a percentile of the fleet.
    Statistical(StatisticalCriteria),
}

/// What a judge judges by: of statistical criteria all of it counts.
pub(crate) struct Criterion<'a> {
    /// The length of its windows.
    pub(crate) window_ms: EpochMs,
    /// Whether each window has its extreme on the side that the criteria bound.
    pub(crate) is_extreme: bool,
    /// Most values of a fleet's window that are kept one by one.
    pub(crate) exact: usize,
    /// Words that tell the behavior from all others, and from itself as it was or will be.
    pub(crate) named: &'a str,
}

impl Judge {
    pub(crate) fn new(judgement: &Judgement, of: &Criterion<'_>) -> Self {
        match judgement {
            Judgement::Static(comparison) if of.is_extreme => {
                Self::Extreme(StaticCriteria::new(comparison))
            }
            Judgement::Static(comparison) => Self::Static(StaticCriteria::new(comparison)),
            Judgement::Statistical { operator, statistic } => {
                Self::Statistical(StatisticalCriteria::new(*operator, *statistic, of))
            }
        }
    }

    /// The criteria, if they are statistical.
    #[inline]
    pub(crate) fn statistical(&self) -> Option<&StatisticalCriteria> {
        match self {
            Self::Static(_) | Self::Extreme(_) => None,
            Self::Statistical(criteria) => Some(criteria),
        }
    }

    /// The same, to be changed.
    pub(crate) fn statistical_mut(&mut self) -> Option<&mut StatisticalCriteria> {
        match self {
            Self::Static(_) | Self::Extreme(_) => None,
            Self::Statistical(criteria) => Some(criteria),
        }
    }

    /// Judges a datapoint.
    #[inline]
    pub(crate) fn verdict(&self, datapoint: &Datapoint<'_>) -> Verdict {
        match self {
            Self::Static(criteria) | Self::Extreme(criteria) => {
                match criteria.conforms(datapoint.value) {
                    Some(false) => Verdict::Violates,
                    Some(true) => Verdict::Conforms,
                    None => Verdict::Unknown,
                }
            }
            Self::Statistical(criteria) => criteria.of_closed(datapoint, Asked::All),
        }
    }

    /// Judges a sum that will grow: violating, if it will stay so; conforming is never known early.
    #[inline]
    pub(crate) fn early_verdict(&self, so_far: &Datapoint<'_>) -> Verdict {
        match self {
            Self::Static(criteria) if !criteria.is_upper_bound() => Verdict::Unknown,
            Self::Static(criteria) | Self::Extreme(criteria) => {
                let violates = criteria.conforms(so_far.value) == Some(false);
                if violates { Verdict::Violates } else { Verdict::Unknown }
            }
            Self::Statistical(criteria) => criteria.of_open(so_far),
        }
    }

    /// Judges a sum that may have been greater: too little says nothing.
    #[inline]
    pub(crate) fn upper_verdict(&self, datapoint: &Datapoint<'_>) -> Verdict {
        match self {
            Self::Static(criteria) if !criteria.is_upper_bound() => Verdict::Unknown,
            Self::Static(_) | Self::Extreme(_) => self.verdict(datapoint),
            Self::Statistical(criteria) => criteria.of_closed(datapoint, Asked::Upper),
        }
    }

    /// The value to show: of a list that violates the offending elements only.
    pub(crate) fn shown(&self, datapoint: &Datapoint<'_>, verdict: Verdict) -> MetricValue {
        match self {
            Self::Static(criteria) | Self::Extreme(criteria) => {
                criteria.value_of(datapoint.value, verdict == Verdict::Conforms)
            }
            Self::Statistical(_) => datapoint.value.to_value(),
        }
    }
}
