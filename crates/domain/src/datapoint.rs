//! What a device's agent reports of it, parsed: the values of device-side and custom metrics; and
//! the datapoints that reports and counters become.

use std::net::IpAddr;

use crate::EpochMs;
use crate::dimension::MetricDimension;
use crate::metric::Metric;
use crate::value::{MetricValue, host_network};

/// One report of a device. Absent parts were not in the report and yield no datapoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Identifies the report; it is no clock and need not grow.
    pub report_id: i64,
    /// Deltas since the report before.
    pub network: NetworkStats,
    /// Listening TCP ports.
    pub listening_tcp: Option<PortList>,
    /// Listening UDP ports.
    pub listening_udp: Option<PortList>,
    /// Established TCP connections.
    pub established: Option<RemoteList>,
    /// Metrics of the user's own.
    pub custom: Vec<ReportedMetric>,
}

/// Network counters since the report before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the report's field of the same name")]
pub struct NetworkStats {
    pub bytes_in: Option<u64>,
    pub bytes_out: Option<u64>,
    pub packets_in: Option<u64>,
    pub packets_out: Option<u64>,
}

/// Listening ports of one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortList {
    /// How many there are, as the agent says; agents sample long lists.
    pub total: Option<u64>,
    /// Those that were listed; none if the report held no list.
    pub ports: Option<Vec<u16>>,
}

/// The far ends of established TCP connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteList {
    /// How many there are, as the agent says.
    pub total: Option<u64>,
    /// Those that were listed and readable; none if the report held no list.
    pub addresses: Option<Vec<IpAddr>>,
    /// How many were listed, readable or not: the fallback for `total`.
    pub listed: u64,
}

/// One custom metric's value in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedMetric {
    /// As the device names it: bounded in length, but not necessarily registered.
    pub name: String,
    /// Its value.
    pub value: CustomValue,
}

/// The four types of custom metrics.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomValue {
    /// `number`, finite.
    Number(f64),
    /// `number_list`, each finite.
    Numbers(Vec<f64>),
    /// `string_list`.
    Strings(Vec<String>),
    /// `ip_list`.
    Addresses(Vec<IpAddr>),
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
