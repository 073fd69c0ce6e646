//! What a device's agent reports of it, parsed: the values of device-side and custom metrics; and
//! the datapoints that reports and counters become.

use std::net::IpAddr;

use crate::EpochMs;
use crate::dimension::MetricDimension;
use crate::metric::Metric;
use crate::value::{MetricValue, host_network};

/// One report of a device. Absent parts were not in the report and yield no datapoint.
#[derive(Clone, Debug, Default, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct Report {
    /// Identifies the report; it is no clock and need not grow.
    #[n(0)]
    pub report_id: i64,
    /// Deltas since the report before.
    #[n(1)]
    pub network: NetworkStats,
    /// Listening TCP ports.
    #[n(2)]
    pub listening_tcp: Option<PortList>,
    /// Listening UDP ports.
    #[n(3)]
    pub listening_udp: Option<PortList>,
    /// Established TCP connections.
    #[n(4)]
    pub established: Option<RemoteList>,
    /// Metrics of the user's own.
    #[n(5)]
    pub custom: Vec<CustomMetric>,
}

/// Network counters since the report before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[allow(missing_docs, reason = "each field is the report's field of the same name")]
pub struct NetworkStats {
    #[n(0)]
    pub bytes_in: Option<u64>,
    #[n(1)]
    pub bytes_out: Option<u64>,
    #[n(2)]
    pub packets_in: Option<u64>,
    #[n(3)]
    pub packets_out: Option<u64>,
}

/// Listening ports of one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct PortList {
    /// How many there are, as the agent says; agents sample long lists.
    #[n(0)]
    pub total: Option<u64>,
    /// Those that were listed; none if the report held no list.
    #[n(1)]
    pub ports: Option<Vec<u16>>,
}

/// The far ends of established TCP connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RemoteList {
    /// How many there are, as the agent says.
    #[n(0)]
    pub total: Option<u64>,
    /// Those that were listed and readable; none if the report held no list.
    #[n(1)]
    pub addresses: Option<Vec<IpAddr>>,
    /// How many were listed, readable or not: the fallback for `total`.
    #[n(2)]
    pub listed: u64,
}

/// One custom metric's value in a report.
#[derive(Clone, Debug, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct CustomMetric {
    /// As the device names it: bounded in length, but not necessarily registered.
    #[n(0)]
    pub name: String,
    /// Its value.
    #[n(1)]
    pub value: CustomValue,
}

/// The four types of custom metrics.
#[derive(Clone, Debug, PartialEq, minicbor::Encode, minicbor::Decode)]
pub enum CustomValue {
    /// `number`, finite.
    #[n(0)]
    Number(#[n(0)] f64),
    /// `number_list`, each finite.
    #[n(1)]
    Numbers(#[n(0)] Vec<f64>),
    /// `string_list`.
    #[n(2)]
    Strings(#[n(0)] Vec<String>),
    /// `ip_list`.
    #[n(3)]
    Addresses(#[n(0)] Vec<IpAddr>),
}

/// What is measured of a thing: a metric, narrowed or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure {
    /// The metric.
    pub metric: Metric,
    /// Only topics inside a dimension, or only those outside it.
    pub dimension: Option<MetricDimension>,
}

/// One value of one measure of a thing: what criteria judge, and what metric history keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datapoint<'a> {
    /// Of what.
    pub measure: &'a Measure,
    /// When: a window's end, or when the report came.
    pub at_ms: EpochMs,
    /// Its value.
    pub value: Observed<'a>,
}

/// A value as it was measured; lists are not copied from the report that carried them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observed<'a> {
    /// A sum or a number of elements.
    Count(u64),
    /// A custom `number`.
    Number(f64),
    /// Ports.
    Ports(&'a [u16]),
    /// Addresses.
    Addresses(&'a [IpAddr]),
    /// A custom `number-list`.
    Numbers(&'a [f64]),
    /// A custom `string-list`.
    Strings(&'a [String]),
}

impl Observed<'_> {
    /// The value as it is stored and shown, all its elements.
    #[must_use]
    pub fn to_value(&self) -> MetricValue {
        match *self {
            Self::Count(count) => MetricValue::Count(count),
            Self::Number(number) => MetricValue::Number(number),
            Self::Ports(list) => MetricValue::Ports(list.to_vec()),
            Self::Addresses(list) => {
                MetricValue::Cidrs(list.iter().copied().map(host_network).collect())
            }
            Self::Numbers(list) => MetricValue::Numbers(list.to_vec()),
            Self::Strings(list) => MetricValue::Strings(list.to_vec()),
        }
    }
}
