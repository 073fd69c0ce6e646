//! Metrics: what can be measured of a device, and what may be asked of each.
//!
//! Source: AWS IoT Device Defender's guide, pages on cloud-side, device-side and custom metrics.

use std::fmt;

use crate::name::CustomMetricName;
use serde::{Deserialize, Serialize};

/// A metric that a behavior judges.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(try_from = "String", into = "String")]
#[allow(missing_docs, reason = "each variant is AWS's metric of the same name")]
pub enum Metric {
    #[n(0)]
    MessagesSent,
    #[n(1)]
    MessagesReceived,
    #[n(2)]
    MessageByteSize,
    #[n(3)]
    AuthorizationFailures,
    #[n(4)]
    ConnectionAttempts,
    #[n(5)]
    Disconnects,
    #[n(6)]
    DisconnectDuration,
    #[n(7)]
    SourceIpAddress,
    #[n(8)]
    AllBytesIn,
    #[n(9)]
    AllBytesOut,
    #[n(10)]
    AllPacketsIn,
    #[n(11)]
    AllPacketsOut,
    #[n(12)]
    EstablishedTcpConnections,
    #[n(13)]
    ListeningTcpPortCount,
    #[n(14)]
    ListeningUdpPortCount,
    #[n(15)]
    DestinationIpAddresses,
    #[n(16)]
    ListeningTcpPorts,
    #[n(17)]
    ListeningUdpPorts,
    /// A metric of the user's own, by name.
    #[n(18)]
    Custom(#[n(0)] CustomMetricName),
}

/// How a metric's values become datapoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Summed over a window of `durationSeconds`.
    Sum,
    /// One number a report, judged as it comes.
    Gauge,
    /// A set of ports a report.
    Ports,
    /// A set of addresses.
    Addresses,
    /// Seconds since a thing that is still away disconnected.
    Duration,
    /// The extreme of a period.
    Extreme,
    /// Whatever the custom metric's type says.
    Custom,
}

/// Who measures a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricSource {
    /// The front door.
    Cloud,
    /// The device's agent.
    Device,
}

const AWS_METRICS: [(&str, Metric); 18] = [
    ("aws:num-messages-sent", Metric::MessagesSent),
    ("aws:num-messages-received", Metric::MessagesReceived),
    ("aws:message-byte-size", Metric::MessageByteSize),
    ("aws:num-authorization-failures", Metric::AuthorizationFailures),
    ("aws:num-connection-attempts", Metric::ConnectionAttempts),
    ("aws:num-disconnects", Metric::Disconnects),
    ("aws:disconnect-duration", Metric::DisconnectDuration),
    ("aws:source-ip-address", Metric::SourceIpAddress),
    ("aws:all-bytes-in", Metric::AllBytesIn),
    ("aws:all-bytes-out", Metric::AllBytesOut),
    ("aws:all-packets-in", Metric::AllPacketsIn),
    ("aws:all-packets-out", Metric::AllPacketsOut),
    ("aws:num-established-tcp-connections", Metric::EstablishedTcpConnections),
    ("aws:num-listening-tcp-ports", Metric::ListeningTcpPortCount),
    ("aws:num-listening-udp-ports", Metric::ListeningUdpPortCount),
    ("aws:destination-ip-addresses", Metric::DestinationIpAddresses),
    ("aws:listening-tcp-ports", Metric::ListeningTcpPorts),
    ("aws:listening-udp-ports", Metric::ListeningUdpPorts),
];

impl Metric {
    /// Reads a metric's name: `aws:…` for AWS's own, else a custom metric's name.
    ///
    /// # Errors
    /// A text that names the metric and the problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, metric)) = AWS_METRICS.iter().find(|(name, _)| *name == text) {
            return Ok(metric.clone());
        }
        if text.starts_with("aws:") {
            return Err(format!("metric {text} is not a metric of AWS IoT Device Defender"));
        }
        CustomMetricName::parse(text)
            .map(Self::Custom)
            .map_err(|error| format!("metric {text}: {error}"))
    }

    /// The metric's name as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Custom(name) => name.as_str(),
            metric => {
                AWS_METRICS.iter().find(|(_, known)| known == metric).map_or("", |(name, _)| name)
            }
        }
    }

    /// How its values become datapoints.
    #[must_use]
    pub fn kind(&self) -> MetricKind {
        match self {
            Self::MessagesSent
            | Self::MessagesReceived
            | Self::AuthorizationFailures
            | Self::ConnectionAttempts
            | Self::Disconnects
            | Self::AllBytesIn
            | Self::AllBytesOut
            | Self::AllPacketsIn
            | Self::AllPacketsOut => MetricKind::Sum,
            Self::MessageByteSize => MetricKind::Extreme,
            Self::DisconnectDuration => MetricKind::Duration,
            Self::SourceIpAddress | Self::DestinationIpAddresses => MetricKind::Addresses,
            Self::EstablishedTcpConnections
            | Self::ListeningTcpPortCount
            | Self::ListeningUdpPortCount => MetricKind::Gauge,
            Self::ListeningTcpPorts | Self::ListeningUdpPorts => MetricKind::Ports,
            Self::Custom(_) => MetricKind::Custom,
        }
    }

    /// Who measures it.
    #[must_use]
    pub fn source(&self) -> MetricSource {
        match self {
            Self::MessagesSent
            | Self::MessagesReceived
            | Self::MessageByteSize
            | Self::AuthorizationFailures
            | Self::ConnectionAttempts
            | Self::Disconnects
            | Self::DisconnectDuration
            | Self::SourceIpAddress => MetricSource::Cloud,
            _ => MetricSource::Device,
        }
    }

    /// Whether a `TOPIC_FILTER` dimension may narrow it.
    #[must_use]
    pub fn takes_dimension(&self) -> bool {
        matches!(
            self,
            Self::MessagesSent
                | Self::MessagesReceived
                | Self::MessageByteSize
                | Self::AuthorizationFailures
                | Self::SourceIpAddress
        )
    }

    /// Whether static criteria must carry `durationSeconds`.
    #[must_use]
    pub fn needs_duration(&self) -> bool {
        matches!(self.kind(), MetricKind::Sum | MetricKind::Duration)
    }
}

impl TryFrom<String> for Metric {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.as_str().to_owned()
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_reads_back_from_its_name() {
        for (name, metric) in AWS_METRICS {
            assert_eq!(Metric::parse(name).unwrap(), metric);
            assert_eq!(metric.as_str(), name);
        }
        assert!(Metric::parse("aws:num-messages").is_err());
        assert_eq!(Metric::parse("cpu_temp").unwrap().as_str(), "cpu_temp");
    }
}
