//! One thing's counters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleetward_domain::{Count, EpochMs, Metric, ThingName};

use super::{MeterPlan, TopicSet};
use crate::limits::UNFLUSHED_WINDOWS;

/// The sums that the front door counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloudSum {
    Sent,
    Received,
    AuthorizationFailures,
    ConnectionAttempts,
    Disconnects,
}

impl CloudSum {
    pub(crate) const ALL: [Self; 5] = [
        Self::Sent,
        Self::Received,
        Self::AuthorizationFailures,
        Self::ConnectionAttempts,
        Self::Disconnects,
    ];

    pub(crate) fn metric(self) -> Metric {
        match self {
            Self::Sent => Metric::MessagesSent,
            Self::Received => Metric::MessagesReceived,
            Self::AuthorizationFailures => Metric::AuthorizationFailures,
            Self::ConnectionAttempts => Metric::ConnectionAttempts,
            Self::Disconnects => Metric::Disconnects,
        }
    }

    fn at(self) -> usize {
        self as usize
    }
}

/// Counts by [`CloudSum`], in all and inside each dimension of the plan.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) plan: Arc<MeterPlan>,
    sums: [Sum; 5],
    is_empty: bool,
}

#[derive(Clone, Debug, Default)]
struct Sum {
    total: u64,
    /// By the plan's dimensions; empty while nothing was inside any.
    inside: Vec<u64>,
}

impl Tally {
    pub(crate) fn new(plan: Arc<MeterPlan>) -> Self {
        Self { plan, sums: Default::default(), is_empty: true }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Counts one, about a topic that is in the dimensions `topic`.
    pub(crate) fn count(&mut self, what: CloudSum, topic: TopicSet) {
        self.is_empty = false;
        if let Some(sum) = self.sums.get_mut(what.at()) {
            sum.total = sum.total.saturating_add(1);
            sum.add_inside(self.plan.dimensions.len(), topic.iter().map(|at| (at, 1)));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.is_empty = true;
        for sum in &mut self.sums {
            sum.total = 0;
            sum.inside.fill(0);
        }
    }

    fn add(&mut self, other: &Self) {
        self.is_empty &= other.is_empty;
        let dimensions = self.plan.dimensions.len();
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            sum.total = sum.total.saturating_add(more.total);
            sum.add_inside(dimensions, more.inside.iter().copied().enumerate());
        }
    }

    /// A total for each sum that grew, and with it one for each dimension the plan counts it
    /// by, also where that is zero.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let mut counts = Vec::new();
        for (what, sum) in CloudSum::ALL.into_iter().zip(&self.sums) {
            if sum.total == 0 {
                continue;
            }
            let metric = what.metric();
            counts.push(Count { metric: metric.clone(), dimension: None, value: sum.total });
            for (at, dimension) in self.plan.dimensions.iter().enumerate() {
                if dimension.metrics.contains(&metric) {
                    counts.push(Count {
                        metric: metric.clone(),
                        dimension: Some(dimension.name.clone()),
                        value: sum.inside.get(at).copied().unwrap_or(0),
                    });
                }
            }
        }
        counts
    }
}

impl Sum {
    fn add_inside(&mut self, dimensions: usize, more: impl Iterator<Item = (usize, u64)>) {
        for (at, value) in more.filter(|(_, value)| *value > 0) {
            if self.inside.is_empty() {
                self.inside.resize(dimensions, 0);
            }
            if let Some(inside) = self.inside.get_mut(at) {
                *inside = inside.saturating_add(value);
            }
        }
    }
}

/// One thing's counters, shared by its connections.
#[derive(Debug)]
pub(crate) struct ThingMeter {
    pub(crate) thing: ThingName,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Connections and refusals in progress: while there are any, the counters stay.
    pub(super) holders: u32,
    /// Whether it is in the list of things to collect.
    pub(super) is_listed: bool,
    /// How many connections it has.
    pub(super) connections: u32,
    /// What was not collected yet, one for each period and plan, in order of time.
    pub(super) buckets: Vec<Bucket>,
}

/// What was counted in one period by one plan.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The period's begin.
    pub(super) begin_ms: EpochMs,
    /// The latest count.
    pub(super) last_ms: EpochMs,
    /// Whether the thing was connected then.
    pub(super) is_connected: bool,
    pub(super) tally: Tally,
}

impl ThingMeter {
    pub(super) fn new(thing: ThingName) -> Self {
        Self { thing, state: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn is_idle(&self) -> bool {
        self.holders == 0 && self.connections == 0 && !self.is_listed && self.buckets.is_empty()
    }

    /// Adds the tally to the bucket of `now_ms`. A clock that was set back counts for the latest
    /// bucket: a record never goes back in time.
    pub(super) fn add(&mut self, now_ms: EpochMs, period_ms: i64, tally: &Tally) {
        let begin_ms = now_ms.saturating_sub(now_ms.rem_euclid(period_ms));
        let latest_ms = self.buckets.last().map_or(begin_ms, |bucket| bucket.begin_ms);
        let fits = |bucket: &mut Bucket| {
            Arc::ptr_eq(&bucket.tally.plan, &tally.plan) && bucket.begin_ms >= begin_ms
        };
        let mut bucket = match self.buckets.pop_if(fits) {
            Some(bucket) => bucket,
            None => Bucket {
                begin_ms: begin_ms.max(latest_ms),
                last_ms: now_ms,
                is_connected: false,
                tally: Tally::new(Arc::clone(&tally.plan)),
            },
        };
        let end_ms = bucket.begin_ms.saturating_add(period_ms);
        bucket.last_ms = bucket.last_ms.max(now_ms).min(end_ms.saturating_sub(1));
        bucket.is_connected = self.connections > 0;
        bucket.tally.add(tally);
        self.buckets.push(bucket);
        if self.buckets.len() > UNFLUSHED_WINDOWS {
            self.join_oldest();
        }
    }

    /// Bounds what is held while the log takes nothing: the oldest counts move one bucket up.
    fn join_oldest(&mut self) {
        let oldest = self.buckets.remove(0);
        if let Some(next) = self.buckets.first_mut() {
            if Arc::ptr_eq(&next.tally.plan, &oldest.tally.plan) {
                next.tally.add(&oldest.tally);
            } else {
                next.tally.add_totals(&oldest.tally);
            }
        }
    }
}

impl Tally {
    /// Adds the totals of a tally by another plan: what was inside dimensions is lost.
    fn add_totals(&mut self, other: &Self) {
        self.is_empty &= other.is_empty;
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            sum.total = sum.total.saturating_add(more.total);
        }
    }
}
