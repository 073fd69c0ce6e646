//! What is known of each metric: one row a metric.
//!
//! Sources: AWS IoT Device Defender's guide, pages on cloud-side, device-side and custom metrics
//! (names, dimensions), and on ML Detect (which metrics it learns).

use crate::name::CustomMetricName;

/// What is known of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricFacts {
    /// Its number in what is stored: it never changes and is never given to another.
    pub number: u32,
    /// As AWS writes it; of custom metrics, which have names of their own, the word for them.
    pub name: &'static str,
    /// What people call what it counts or lists: `messages sent`.
    pub noun: &'static str,
    /// Whether a `TOPIC_FILTER` dimension may narrow it.
    pub dimensions: Usable,
    /// Whether ML Detect can learn it.
    pub ml: Usable,
    /// How it is measured: who measures it and of what kind it is follow from that.
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
    /// How long nothing has come: it grows with time alone.
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
    /// The front door knows since when a thing has been away; told in seconds.
    Absence,
    /// Nothing came: time since the last report, told in seconds.
    Silence,
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

impl Measured {
    /// Whether anything measures it yet: criteria on what nothing measures would never be judged.
    #[must_use]
    pub const fn is_measured(self) -> bool {
        match self {
            Self::Absence | Self::Silence => true,
            Self::Counted | Self::MessageSize | Self::Source => true,
            Self::Network(_) | Self::Total(_) => true,
            Self::Ports(_) | Self::Remotes | Self::Custom => true,
        }
    }

    /// Who measures what is measured like this.
    #[must_use]
    pub const fn source(self) -> MetricSource {
        match self {
            Self::Counted | Self::MessageSize | Self::Absence | Self::Source => MetricSource::Cloud,
            Self::Network(_) | Self::Total(_) | Self::Ports(_) => MetricSource::Device,
            Self::Remotes | Self::Custom | Self::Silence => MetricSource::Device,
        }
    }

    /// How values that are measured like this become datapoints.
    #[must_use]
    pub const fn kind(self) -> MetricKind {
        match self {
            Self::Counted | Self::Network(_) => MetricKind::Sum,
            Self::MessageSize => MetricKind::Extreme,
            Self::Absence | Self::Silence => MetricKind::Duration,
            Self::Source | Self::Remotes => MetricKind::Addresses,
            Self::Total(_) => MetricKind::Gauge,
            Self::Ports(_) => MetricKind::Ports,
            Self::Custom => MetricKind::Custom,
        }
    }
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

// The enum, the list of its values, their numbers and the facts of each must not drift apart: a
// macro makes all four of one row, and a row that lacks a cell does not compile.
macro_rules! metrics {
    ($($number:literal $metric:ident: $name:literal, $noun:literal,
       dimensions $dimensions:ident, ml $ml:ident, $measured:expr;)+) => {
        /// A metric that a behavior judges.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is the metric of the same name")]
        pub enum Metric {
            $($metric,)+
            /// A metric of the user's own, by name.
            Custom(CustomMetricName),
        }

        impl Metric {
            /// All metrics that are no user's own: AWS's, and ours.
            pub const BUILT_IN: [Self; [$($number),+].len()] = [$(Self::$metric,)+];

            /// The built-in metric that has this number in what is stored.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$metric),)+
                    _ => None,
                }
            }

            /// What is known of it.
            #[must_use]
            pub const fn facts(&self) -> &'static MetricFacts {
                match self {
                    $(Self::$metric => &MetricFacts {
                        number: $number,
                        name: $name,
                        noun: $noun,
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
    number: Metric::CUSTOM_NUMBER,
    name: "custom metric",
    noun: "custom metric",
    dimensions: Usable::No,
    ml: Usable::IfNumber,
    measured: Measured::Custom,
};

use Measured::{Absence, Counted, MessageSize, Network, Ports, Remotes, Silence, Source, Total};
use NetworkCounter::{BytesIn, BytesOut, PacketsIn, PacketsOut};
use ReportList::{Connections, TcpPorts, UdpPorts};

#[rustfmt::skip]
metrics! {
     0 MessagesSent: "aws:num-messages-sent", "messages sent",
        dimensions Yes, ml Yes, Counted;
     1 MessagesReceived: "aws:num-messages-received", "messages received",
        dimensions Yes, ml Yes, Counted;
     2 MessageByteSize: "aws:message-byte-size", "message size in bytes",
        dimensions Yes, ml Yes, MessageSize;
     3 AuthorizationFailures: "aws:num-authorization-failures", "authorization failures",
        dimensions Yes, ml Yes, Counted;
     4 ConnectionAttempts: "aws:num-connection-attempts", "connection attempts",
        dimensions No, ml Yes, Counted;
     5 Disconnects: "aws:num-disconnects", "disconnects",
        dimensions No, ml Yes, Counted;
     6 DisconnectDuration: "aws:disconnect-duration", "seconds away since the last disconnect",
        dimensions No, ml No, Absence;
     7 SourceIpAddress: "aws:source-ip-address", "source IP addresses",
        dimensions Yes, ml No, Source;
     8 AllBytesIn: "aws:all-bytes-in", "bytes received",
        dimensions No, ml Yes, Network(BytesIn);
     9 AllBytesOut: "aws:all-bytes-out", "bytes sent",
        dimensions No, ml Yes, Network(BytesOut);
    10 AllPacketsIn: "aws:all-packets-in", "packets received",
        dimensions No, ml Yes, Network(PacketsIn);
    11 AllPacketsOut: "aws:all-packets-out", "packets sent",
        dimensions No, ml Yes, Network(PacketsOut);
    12 EstablishedTcpConnections:
        "aws:num-established-tcp-connections", "established TCP connections",
        dimensions No, ml Yes, Total(Connections);
    13 ListeningTcpPortCount: "aws:num-listening-tcp-ports", "number of listening TCP ports",
        dimensions No, ml Yes, Total(TcpPorts);
    14 ListeningUdpPortCount: "aws:num-listening-udp-ports", "number of listening UDP ports",
        dimensions No, ml Yes, Total(UdpPorts);
    15 DestinationIpAddresses: "aws:destination-ip-addresses", "destination IP addresses",
        dimensions No, ml No, Remotes;
    16 ListeningTcpPorts: "aws:listening-tcp-ports", "listening TCP ports",
        dimensions No, ml No, Ports(TcpPorts);
    17 ListeningUdpPorts: "aws:listening-udp-ports", "listening UDP ports",
        dimensions No, ml No, Ports(UdpPorts);
    19 SecondsSinceReport: "fleetward:seconds-since-report", "seconds since the last report",
        dimensions No, ml No, Silence;
}
