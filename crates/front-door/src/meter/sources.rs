//! From where things connect, and from where they send.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fleetward_domain::{DimensionOperator, MetricDimension, Source};

use super::{MeterPlan, TopicSet};
use crate::limits::SOURCES;

/// Addresses, each once for what happened from there, and no more than [`SOURCES`] for each of
/// that: many of one kind, or many dimensions, leave no other untold.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(BTreeMap<Happened, Vec<IpAddr>>);

/// The dimension's place in the plan, and on which side of it a message was; none: it connected.
type Happened = Option<(usize, DimensionOperator)>;

impl Origins {
    pub(super) fn connected(&mut self, address: IpAddr) {
        self.note(None, address);
    }

    /// Notes that a message came from there, about a topic that is in the dimensions `topic`.
    pub(super) fn sent(&mut self, plan: &MeterPlan, topic: TopicSet, address: IpAddr) {
        for at in plan.sourced.iter() {
            let operator = match topic.contains(at) {
                true => DimensionOperator::In,
                false => DimensionOperator::NotIn,
            };
            self.note(Some((at, operator)), address);
        }
    }

    /// Adds those by the same plan.
    pub(super) fn add(&mut self, other: &Self) {
        for (happened, addresses) in &other.0 {
            addresses.iter().for_each(|address| self.note(*happened, *address));
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn listed(&self, plan: &MeterPlan) -> Vec<Source> {
        let mut listed = Vec::new();
        for (happened, addresses) in &self.0 {
            let dimension = happened.and_then(|(at, operator)| {
                let name = plan.dimensions.get(at)?.name.clone();
                Some(MetricDimension { name, operator })
            });
            // A dimension that the plan does not have is none that anybody asks for.
            if happened.is_none() || dimension.is_some() {
                let source =
                    |address: &IpAddr| Source { dimension: dimension.clone(), address: *address };
                listed.extend(addresses.iter().map(source));
            }
        }
        listed
    }

    /// They are so few that they are looked through.
    fn note(&mut self, happened: Happened, address: IpAddr) {
        let addresses = self.0.entry(happened).or_default();
        if addresses.len() < SOURCES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
}
