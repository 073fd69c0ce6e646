//! From where things connect, and from where they send.

use std::net::IpAddr;

use fleetward_domain::{DimensionOperator, MetricDimension, Source};

use super::{MeterPlan, TopicSet};
use crate::limits::SOURCES;

/// Addresses, each once for each dimension, and no more than [`SOURCES`].
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Vec<Origin>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// The dimension's place in the plan, and on which side of it; none: it connected.
    dimension: Option<(usize, DimensionOperator)>,
    address: IpAddr,
}

impl Origins {
    pub(super) fn connected(&mut self, address: IpAddr) {
        self.note(Origin { dimension: None, address });
    }

    /// Notes that a message came from there, about a topic that is in the dimensions `topic`.
    pub(super) fn sent(&mut self, plan: &MeterPlan, topic: TopicSet, address: IpAddr) {
        for at in plan.sourced.iter() {
            let operator = match topic.contains(at) {
                true => DimensionOperator::In,
                false => DimensionOperator::NotIn,
            };
            self.note(Origin { dimension: Some((at, operator)), address });
        }
    }

    /// Adds those by the same plan.
    pub(super) fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|origin| self.note(*origin));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn listed(&self, plan: &MeterPlan) -> Vec<Source> {
        let listed = self.0.iter().filter_map(|origin| {
            let dimension = match origin.dimension {
                Some((at, operator)) => {
                    let name = plan.dimensions.get(at)?.name.clone();
                    Some(MetricDimension { name, operator })
                }
                None => None,
            };
            Some(Source { dimension, address: origin.address })
        });
        listed.collect()
    }

    /// They are so few that they are looked through.
    fn note(&mut self, origin: Origin) {
        if self.0.len() < SOURCES && !self.0.contains(&origin) {
            self.0.push(origin);
        }
    }
}
