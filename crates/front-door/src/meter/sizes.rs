//! How large messages were.

use fleetward_domain::{DimensionOperator, MetricDimension, Sizes};

use super::{MeterPlan, TopicSet};

/// Sizes of messages: of all, and inside and outside of each dimension that is used for them.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageSizes {
    all: Tally,
    /// For each dimension of the plan that sizes are used by, in their order; empty until there is
    /// a message.
    by_dimension: Vec<[Tally; 2]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    min: u64,
    max: u64,
    total: u64,
    messages: u64,
}

const OPERATORS: [DimensionOperator; 2] = [DimensionOperator::In, DimensionOperator::NotIn];

impl MessageSizes {
    /// Notes a message about a topic that is in the dimensions `topic`.
    pub(super) fn note(&mut self, plan: &MeterPlan, topic: TopicSet, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let one = Tally { min: bytes, max: bytes, total: bytes, messages: 1 };
        self.all.add(one);
        self.by_dimension.resize(plan.sized.iter().count(), Default::default());
        for (at, [inside, outside]) in plan.sized.iter().zip(&mut self.by_dimension) {
            if topic.contains(at) { inside.add(one) } else { outside.add(one) }
        }
    }

    /// Adds those by the same plan.
    pub(super) fn add(&mut self, other: &Self) {
        self.all.add(other.all);
        if self.by_dimension.is_empty() {
            self.by_dimension.resize(other.by_dimension.len(), Default::default());
        }
        for (mine, more) in self.by_dimension.iter_mut().zip(&other.by_dimension) {
            mine.iter_mut().zip(more).for_each(|(mine, more)| mine.add(*more));
        }
    }

    pub(super) fn clear(&mut self) {
        self.all = Tally::default();
        self.by_dimension.clear();
    }

    /// What was noted, where there were messages.
    pub(super) fn listed(&self, plan: &MeterPlan) -> Vec<Sizes> {
        let mut listed: Vec<Sizes> = self.all.listed(None).into_iter().collect();
        for (at, tallies) in plan.sized.iter().zip(&self.by_dimension) {
            let Some(dimension) = plan.dimensions.get(at) else { continue };
            for (operator, tally) in OPERATORS.into_iter().zip(tallies) {
                let dimension = MetricDimension { name: dimension.name.clone(), operator };
                listed.extend(tally.listed(Some(dimension)));
            }
        }
        listed
    }
}

impl Tally {
    fn add(&mut self, more: Self) {
        if more.messages == 0 {
            return;
        }
        self.min = if self.messages == 0 { more.min } else { self.min.min(more.min) };
        self.max = self.max.max(more.max);
        self.total = self.total.saturating_add(more.total);
        self.messages = self.messages.saturating_add(more.messages);
    }

    fn listed(&self, dimension: Option<MetricDimension>) -> Option<Sizes> {
        let Self { min, max, total, messages } = *self;
        (messages > 0).then_some(Sizes { dimension, min, max, total, messages })
    }
}
