//! What is known of each metric: one row a metric.
//!
//! Sources: AWS IoT Device Defender's guide, pages on cloud-side, device-side and custom metrics
//! (names, dimensions), and on ML Detect (which metrics it learns).

use crate::name::CustomMetricName;

/// What is known of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricFacts {
    /// As AWS writes it; of custom metrics, which have names of their own, the word for them.
    pub name: &'static str,
    /// What people call what it counts or lists: `messages sent`.
    pub noun: &'static str,
    /// Who measures it.
    pub source: MetricSource,
    /// How its values become datapoints.
    pub kind: MetricKind,
    /// Whether a `TOPIC_FILTER` dimension may narrow it.
    pub dimensions: Usable,
    /// Whether ML Detect can learn it.
    pub ml: Usable,
    /// How it is measured.
    pub measured: Measured,
}

/// Whether something may be used with a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usable {
    /// It may.
    Yes,
    /// It may not.
    No,
    /// Of a custom metric: if its type is `number`.
    IfNumber,
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

/// How a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The front door counts occurrences.
    Counted,
    /// The front door looks at the size of each message.
    MessageSize,
    /// The front door knows since when a thing has been away.
    Absence,
    /// The front door sees where connections come from.
    Source,
    /// A report carries a counter's growth.
    Network(NetworkCounter),
    /// A report says how many elements a list has.
    Total(ReportList),
    /// A report lists ports.
    Ports(ReportList),
    /// A report lists the far ends of connections.
    Remotes,
    /// A report carries the value under the metric's own name.
    Custom,
}

/// A counter in the `network_stats` of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the counter that its name says")]
pub enum NetworkCounter {
    BytesIn,
    BytesOut,
    PacketsIn,
    PacketsOut,
}

/// A list in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportList {
    /// Listening TCP ports.
    TcpPorts,
    /// Listening UDP ports.
    UdpPorts,
    /// Established TCP connections.
    Connections,
}

// The enum, the list of its values and the facts of each must not drift apart: a macro makes all
// three of one row, and a row that lacks a cell does not compile.
macro_rules! metrics {
    ($($metric:ident: $name:literal, $noun:literal, $source:ident, $kind:ident,
       dimensions $dimensions:ident, ml $ml:ident, $measured:expr;)+) => {
        /// A metric that a behavior judges.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is AWS's metric of the same name")]
        pub enum Metric {
            $($metric,)+
            /// A metric of the user's own, by name.
            Custom(CustomMetricName),
        }

        impl Metric {
            /// All metrics of AWS's own.
            pub const AWS: [Self; 18] = [$(Self::$metric,)+];

            /// What is known of it.
            #[must_use]
            pub const fn facts(&self) -> &'static MetricFacts {
                match self {
                    $(Self::$metric => &MetricFacts {
                        name: $name,
                        noun: $noun,
                        source: MetricSource::$source,
                        kind: MetricKind::$kind,
                        dimensions: Usable::$dimensions,
                        ml: Usable::$ml,
                        measured: $measured,
                    },)+
                    Self::Custom(_) => &CUSTOM,
                }
            }
        }
    };
}

const CUSTOM: MetricFacts = MetricFacts {
    name: "custom metric",
    noun: "custom metric",
    source: MetricSource::Device,
    kind: MetricKind::Custom,
    dimensions: Usable::No,
    ml: Usable::IfNumber,
    measured: Measured::Custom,
};

use Measured::{Absence, Counted, MessageSize, Network, Ports, Remotes, Source, Total};
use NetworkCounter::{BytesIn, BytesOut, PacketsIn, PacketsOut};
use ReportList::{Connections, TcpPorts, UdpPorts};

#[rustfmt::skip]
metrics! {
    MessagesSent: "aws:num-messages-sent", "messages sent",
        Cloud, Sum, dimensions Yes, ml Yes, Counted;
    MessagesReceived: "aws:num-messages-received", "messages received",
        Cloud, Sum, dimensions Yes, ml Yes, Counted;
    MessageByteSize: "aws:message-byte-size", "message size in bytes",
        Cloud, Extreme, dimensions Yes, ml Yes, MessageSize;
    AuthorizationFailures: "aws:num-authorization-failures", "authorization failures",
        Cloud, Sum, dimensions Yes, ml Yes, Counted;
    ConnectionAttempts: "aws:num-connection-attempts", "connection attempts",
        Cloud, Sum, dimensions No, ml Yes, Counted;
    Disconnects: "aws:num-disconnects", "disconnects",
        Cloud, Sum, dimensions No, ml Yes, Counted;
    DisconnectDuration: "aws:disconnect-duration", "seconds away since the last disconnect",
        Cloud, Duration, dimensions No, ml No, Absence;
    SourceIpAddress: "aws:source-ip-address", "source IP addresses",
        Cloud, Addresses, dimensions Yes, ml No, Source;
    AllBytesIn: "aws:all-bytes-in", "bytes received",
        Device, Sum, dimensions No, ml Yes, Network(BytesIn);
    AllBytesOut: "aws:all-bytes-out", "bytes sent",
        Device, Sum, dimensions No, ml Yes, Network(BytesOut);
    AllPacketsIn: "aws:all-packets-in", "packets received",
        Device, Sum, dimensions No, ml Yes, Network(PacketsIn);
    AllPacketsOut: "aws:all-packets-out", "packets sent",
        Device, Sum, dimensions No, ml Yes, Network(PacketsOut);
    EstablishedTcpConnections:
        "aws:num-established-tcp-connections", "established TCP connections",
        Device, Gauge, dimensions No, ml Yes, Total(Connections);
    ListeningTcpPortCount: "aws:num-listening-tcp-ports", "number of listening TCP ports",
        Device, Gauge, dimensions No, ml Yes, Total(TcpPorts);
    ListeningUdpPortCount: "aws:num-listening-udp-ports", "number of listening UDP ports",
        Device, Gauge, dimensions No, ml Yes, Total(UdpPorts);
    DestinationIpAddresses: "aws:destination-ip-addresses", "destination IP addresses",
        Device, Addresses, dimensions No, ml No, Remotes;
    ListeningTcpPorts: "aws:listening-tcp-ports", "listening TCP ports",
        Device, Ports, dimensions No, ml No, Ports(TcpPorts);
    ListeningUdpPorts: "aws:listening-udp-ports", "listening UDP ports",
        Device, Ports, dimensions No, ml No, Ports(UdpPorts);
}
