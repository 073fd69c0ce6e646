//! What grows with time alone: how long a thing has been away, and how long it has not reported.
//!
//! No record brings such a datapoint, so that each thing stands in an order of time under the
//! moment at which its first bound is crossed, and the line tells when that has come: nothing ever
//! goes through all things. A sign of life only moves the begin; the thing's place in the order
//! is looked at again when its turn comes, and moved then.
//!
//! What is decided here:
//! - The time begins with the behavior or the last report (for what is away: the last disconnect),
//!   whichever is later. It begins anew where nobody counted for a while: a server that was down
//!   makes no thing silent.
//! - A bound that is crossed is one violating datapoint, whatever `consecutiveDatapointsToAlarm`
//!   says: a stretch of absence has no second one. It has the time of the crossing, and is told
//!   once the line is there; a thing that came back by then was not away.
//! - Each report is a conforming datapoint; so is that a thing that was away is back, and one is
//!   enough to clear then.
//! - Both are counted in seconds ([`UNIT_MS`]). A bound is kept to the millisecond; the value that
//!   is shown counts what has begun, so that it does not look like one within the bound.

mod deadlines;

use fleetward_domain::{
    Comparison, ComparisonOperator, Criteria, EpochMs, Judgement, Measured, Metric, MetricValue,
};

use crate::measure::ReaderId;
pub(crate) use deadlines::Absences;

/// What bounds and values count. AWS's API says no unit of `aws:disconnect-duration` (a `count`),
/// nor does what could be had of its guide: so it is that of our specification.
const UNIT_MS: EpochMs = 1_000;

/// What is looked for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// The thing is not connected.
    Connection,
    /// It does not report.
    Report,
}

/// How long it may be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absence {
    pub(crate) missed: Missed,
    /// From here on, since it began, it is too long.
    pub(crate) after_ms: EpochMs,
}

/// What is known of one behavior of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) reader: ReaderId,
    pub(crate) absence: Absence,
    /// The behavior began for the thing: nothing before it counts.
    pub(crate) begin_ms: EpochMs,
    /// Since when it is missed; none while it is not.
    pub(crate) since_ms: Option<EpochMs>,
    /// It has been missed for too long, and this was told.
    pub(crate) is_crossed: bool,
}

impl Absence {
    /// What criteria on a metric bound; none if they bound no time.
    pub(crate) fn of(metric: &Metric, criteria: &Criteria) -> Option<Self> {
        let missed = match metric.facts().measured {
            Measured::Absence => Missed::Connection,
            Measured::Silence => Missed::Report,
            _ => return None,
        };
        let Judgement::Static(comparison) = &criteria.judgement else { return None };
        let bound_ms = bound(comparison)?.saturating_mul(UNIT_MS);
        let after_ms = match comparison.operator() {
            ComparisonOperator::LessThan => bound_ms,
            ComparisonOperator::LessThanEquals => bound_ms.saturating_add(1),
            // Nothing is wrong with a thing that is there.
            _ => return None,
        };
        Some(Self { missed, after_ms })
    }
}

/// So long a time as it is counted: what has begun counts.
pub(crate) fn count(elapsed_ms: EpochMs) -> u64 {
    u64::try_from(elapsed_ms).unwrap_or(0).div_ceil(UNIT_MS.unsigned_abs())
}

fn bound(comparison: &Comparison) -> Option<EpochMs> {
    match comparison.value() {
        MetricValue::Count(count) => Some(EpochMs::try_from(*count).unwrap_or(EpochMs::MAX)),
        _ => None,
    }
}

impl Watch {
    /// One that begins now.
    pub(crate) fn new(
        reader: ReaderId,
        absence: Absence,
        begin_ms: EpochMs,
        is_missed: bool,
    ) -> Self {
        let since_ms = is_missed.then_some(begin_ms);
        Self { reader, absence, begin_ms, since_ms, is_crossed: false }
    }

    /// When its bound is crossed, if nothing comes; `counted_ms`: since when somebody counts.
    pub(crate) fn deadline_ms(&self, counted_ms: EpochMs) -> Option<EpochMs> {
        let since_ms = self.since_ms.filter(|_| !self.is_crossed)?;
        Some(since_ms.max(counted_ms).saturating_add(self.absence.after_ms))
    }

    /// What was missed was there; whether this is a datapoint that conforms.
    pub(crate) fn came(&mut self, at_ms: EpochMs) -> bool {
        match self.absence.missed {
            Missed::Report => {
                let known_ms = self.since_ms.map_or(self.begin_ms, |ms| ms.max(self.begin_ms));
                if at_ms < known_ms {
                    return false;
                }
                // It will be missed from here on.
                (self.since_ms, self.is_crossed) = (Some(at_ms), false);
                true
            }
            // Connected is connected, whatever another door says of the time before.
            Missed::Connection => {
                self.since_ms = None;
                std::mem::take(&mut self.is_crossed)
            }
        }
    }

    /// It is missed from here on, if it was not before.
    pub(crate) fn went(&mut self, at_ms: EpochMs) {
        self.since_ms.get_or_insert(at_ms.max(self.begin_ms));
    }

    /// The clock was set ahead by this, or back.
    pub(crate) fn set_ahead(&mut self, ahead_ms: EpochMs) {
        self.begin_ms = self.begin_ms.saturating_add(ahead_ms);
        self.since_ms = self.since_ms.map(|since_ms| since_ms.saturating_add(ahead_ms));
    }
}
