//! What was counted: by metric, in all and inside each dimension; and what else was seen of the
//! messages.

use std::net::IpAddr;
use std::sync::Arc;

use fleetward_domain::{Count, Metric, Sizes, Source};

use super::sizes::MessageSizes;
use super::sources::Origins;
use super::{MeterPlan, TopicSet};

/// Counts of the metrics that the front door counts (their facts say which: `Measured::Counted`),
/// in all and inside each dimension of the plan.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    pub(crate) plan: Arc<MeterPlan>,
    /// In the order of the metrics; what was counted once keeps its place when it is emptied.
    sums: Vec<Sum>,
    sizes: MessageSizes,
    origins: Origins,
    is_empty: bool,
}

#[derive(Clone, Debug)]
struct Sum {
    metric: Metric,
    total: u64,
    /// By the plan's dimensions; empty while nothing was inside any.
    inside: Vec<u64>,
}

impl Counts {
    pub(crate) fn new(plan: Arc<MeterPlan>) -> Self {
        Self {
            plan,
            sums: Vec::new(),
            sizes: MessageSizes::default(),
            origins: Origins::default(),
            is_empty: true,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Counts one, about a topic that is in the dimensions `topic`.
    pub(crate) fn count(&mut self, metric: Metric, topic: TopicSet) {
        self.is_empty = false;
        let dimensions = self.plan.dimensions.len();
        if let Some(sum) = self.sum_of(&metric) {
            sum.total = sum.total.saturating_add(1);
            sum.add_inside(dimensions, topic.iter().map(|at| (at, 1)));
        }
    }

    /// Counts a message of the thing's, about a topic that is in the dimensions `topic`.
    pub(crate) fn sent(&mut self, topic: TopicSet, payload_bytes: usize, from: IpAddr) {
        self.count(Metric::MessagesSent, topic);
        self.sizes.note(&self.plan, topic, payload_bytes);
        self.origins.sent(&self.plan, topic, from);
    }

    /// Notes from where the thing connected.
    pub(crate) fn connected(&mut self, from: IpAddr) {
        self.is_empty = false;
        self.origins.connected(from);
    }

    pub(crate) fn clear(&mut self) {
        self.is_empty = true;
        self.sizes.clear();
        self.origins.clear();
        for sum in &mut self.sums {
            sum.total = 0;
            sum.inside.fill(0);
        }
    }

    /// Adds counts by the same plan.
    pub(super) fn add(&mut self, other: &Self) {
        self.is_empty &= other.is_empty;
        self.sizes.add(&other.sizes);
        self.origins.add(&other.origins);
        let dimensions = self.plan.dimensions.len();
        for more in &other.sums {
            if let Some(sum) = self.sum_of(&more.metric) {
                sum.total = sum.total.saturating_add(more.total);
                sum.add_inside(dimensions, more.inside.iter().copied().enumerate());
            }
        }
    }

    /// How large messages were.
    pub(super) fn sizes(&self) -> Vec<Sizes> {
        self.sizes.listed(&self.plan)
    }

    /// From where the thing connected and sent.
    pub(super) fn sources(&self) -> Vec<Source> {
        self.origins.listed(&self.plan)
    }

    /// A total for each metric that grew, and with it one for each dimension the plan counts it
    /// by, also where that is zero.
    pub(super) fn growth(&self) -> Vec<Count> {
        let mut growth = Vec::new();
        for Sum { metric, total, inside } in self.sums.iter().filter(|sum| sum.total > 0) {
            growth.push(Count { metric: metric.clone(), dimension: None, value: *total });
            for (at, dimension) in self.plan.dimensions.iter().enumerate() {
                if dimension.metrics.contains(metric) {
                    growth.push(Count {
                        metric: metric.clone(),
                        dimension: Some(dimension.name.clone()),
                        value: inside.get(at).copied().unwrap_or(0),
                    });
                }
            }
        }
        growth
    }

    /// There are as few sums as metrics that are counted, so they are looked through.
    fn sum_of(&mut self, metric: &Metric) -> Option<&mut Sum> {
        let at = match self.sums.iter().position(|sum| sum.metric >= *metric) {
            Some(at) if self.sums.get(at).is_some_and(|sum| sum.metric == *metric) => at,
            before => {
                let at = before.unwrap_or(self.sums.len());
                let sum = Sum { metric: metric.clone(), total: 0, inside: Vec::new() };
                self.sums.insert(at, sum);
                at
            }
        };
        self.sums.get_mut(at)
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
