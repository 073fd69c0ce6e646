//! Judges: they turn a datapoint into a verdict. One file a kind of criteria.
//!
//! Static criteria only, so far. What is fleet-wide - a percentile of the fleet, a learned model -
//! will come in records that every partition gets (`Threshold` and `Model`, whose tags the log's
//! record codec keeps free): `Partition::apply` will hand them to the catalogue, which gives them
//! to the judges of the rules that they name; a judge that still waits for its first answers
//! [`Verdict::Unknown`].

mod cidr_set;
mod port_set;
mod static_criteria;
pub mod statistical;

use fleetward_domain::{Datapoint, Judgement, MetricValue};

use static_criteria::StaticCriteria;

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

/// Criteria made ready to judge datapoints with; cheap to clone, since every plan has its own
/// beside its other rules.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judge {
    /// Against a fixed value.
    Static(StaticCriteria),
}

impl Judge {
    /// None for criteria that cannot be judged yet.
    pub(crate) fn new(judgement: &Judgement) -> Option<Self> {
        match judgement {
            Judgement::Static(comparison) => Some(Self::Static(StaticCriteria::new(comparison))),
            Judgement::Statistical { .. } => None,
        }
    }

    /// Judges a datapoint.
    #[inline]
    pub(crate) fn verdict(&self, datapoint: &Datapoint<'_>) -> Verdict {
        let Self::Static(criteria) = self;
        match criteria.conforms(datapoint.value) {
            Some(false) => Verdict::Violates,
            Some(true) => Verdict::Conforms,
            None => Verdict::Unknown,
        }
    }

    /// Judges a sum that will grow: violating, if it will stay so; conforming is never known early.
    #[inline]
    pub(crate) fn early_verdict(&self, so_far: &Datapoint<'_>) -> Verdict {
        let Self::Static(criteria) = self;
        let violates = criteria.is_upper_bound() && criteria.conforms(so_far.value) == Some(false);
        if violates { Verdict::Violates } else { Verdict::Unknown }
    }

    /// Judges a sum that may have been greater: too little says nothing.
    #[inline]
    pub(crate) fn upper_verdict(&self, datapoint: &Datapoint<'_>) -> Verdict {
        let Self::Static(criteria) = self;
        if criteria.is_upper_bound() { self.verdict(datapoint) } else { Verdict::Unknown }
    }

    /// The value to show: of a list that violates the offending elements only.
    pub(crate) fn shown(&self, datapoint: &Datapoint<'_>, verdict: Verdict) -> MetricValue {
        let Self::Static(criteria) = self;
        criteria.value_of(datapoint.value, verdict == Verdict::Conforms)
    }
}
