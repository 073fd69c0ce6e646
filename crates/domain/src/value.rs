//! Values of metrics: what a behavior compares with, and what a violation shows.

use std::net::IpAddr;

use ipnet::IpNet;

/// A metric's value. Exactly one of AWS's `MetricValue` members.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// Of sums and gauges.
    Count(u64),
    /// Of addresses, each a network in CIDR notation.
    Cidrs(Vec<IpNet>),
    /// Of listening ports.
    Ports(Vec<u16>),
    /// Of a custom `number`.
    Number(f64),
    /// Of a custom `number-list`.
    Numbers(Vec<f64>),
    /// Of a custom `string-list`.
    Strings(Vec<String>),
}

impl MetricValue {
    /// How many elements of the profile's value quota it takes.
    #[must_use]
    pub fn elements(&self) -> usize {
        match self {
            Self::Count(_) | Self::Number(_) => 1,
            Self::Cidrs(list) => list.len(),
            Self::Ports(list) => list.len(),
            Self::Numbers(list) => list.len(),
            Self::Strings(list) => list.len(),
        }
    }
}

/// A network of one address.
#[must_use]
pub fn host_network(address: IpAddr) -> IpNet {
    IpNet::from(address)
}
