//! From where things connect, and from where they send.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fleetward_domain::{DimensionOperator, MetricDimension, Source};

use super::{MeterPlan, TopicSet};
use crate::limits::{SOURCES, SOURCES_IN_ALL};

/// Addresses, each once for what happened from there, and no more than [`SOURCES`] for each of
/// that: many of one kind, or many dimensions, leave no other untold.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    addresses: BTreeMap<Happened, Vec<IpAddr>>,
    /// How many they are: no more than [`SOURCES_IN_ALL`], but for the first of each kind.
    count: usize,
}

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
        for (happened, addresses) in &other.addresses {
            addresses.iter().for_each(|address| self.note(*happened, *address));
        }
    }

    pub(super) fn clear(&mut self) {
        self.addresses.clear();
        self.count = 0;
    }

    pub(super) fn listed(&self, plan: &MeterPlan) -> Vec<Source> {
        let mut listed = Vec::new();
        for (happened, addresses) in &self.addresses {
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
        let addresses = self.addresses.entry(happened).or_default();
        let has_room = addresses.len() < SOURCES && self.count < SOURCES_IN_ALL;
        if (has_room || addresses.is_empty()) && !addresses.contains(&address) {
            addresses.push(address);
            self.count = self.count.saturating_add(1);
        }
    }
}
