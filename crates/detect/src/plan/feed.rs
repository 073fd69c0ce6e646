//! Where a rule's values come from.

use std::net::IpAddr;
use std::sync::Arc;

use fleetward_domain::{
    CustomMetricName, CustomValue, Metric, MetricDimension, PortList, RemoteList, Report,
};

/// Where a rule's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    /// A counter of reports, summed over a window.
    Network(NetworkCounter),
    /// How many connections or ports a report speaks of.
    Total(ReportList),
    /// The ports in a report.
    Ports(ReportList),
    /// The far ends of connections in a report.
    Remotes,
    /// A custom metric in a report.
    Custom(CustomMetricName),
    /// A counter of front doors, summed over a window.
    Activity(Arc<DoorCounter>),
}

/// A counter of front doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DoorCounter {
    pub(crate) metric: Metric,
    pub(crate) dimension: Option<MetricDimension>,
}

/// Counters in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkCounter {
    BytesIn,
    BytesOut,
    PacketsIn,
    PacketsOut,
}

/// Lists in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportList {
    TcpPorts,
    UdpPorts,
    Connections,
}

/// A value in a report, not copied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Observed<'a> {
    Count(u64),
    Number(f64),
    Ports(&'a [u16]),
    Addresses(&'a [IpAddr]),
    Numbers(&'a [f64]),
    Strings(&'a [String]),
}

impl Feed {
    /// The feed of a metric; none if the metric cannot be judged yet.
    pub(crate) fn new(metric: &Metric, dimension: Option<&MetricDimension>) -> Option<Self> {
        Some(match metric {
            Metric::AllBytesIn => Self::Network(NetworkCounter::BytesIn),
            Metric::AllBytesOut => Self::Network(NetworkCounter::BytesOut),
            Metric::AllPacketsIn => Self::Network(NetworkCounter::PacketsIn),
            Metric::AllPacketsOut => Self::Network(NetworkCounter::PacketsOut),
            Metric::EstablishedTcpConnections => Self::Total(ReportList::Connections),
            Metric::ListeningTcpPortCount => Self::Total(ReportList::TcpPorts),
            Metric::ListeningUdpPortCount => Self::Total(ReportList::UdpPorts),
            Metric::DestinationIpAddresses => Self::Remotes,
            Metric::ListeningTcpPorts => Self::Ports(ReportList::TcpPorts),
            Metric::ListeningUdpPorts => Self::Ports(ReportList::UdpPorts),
            Metric::Custom(name) => Self::Custom(name.clone()),
            Metric::MessagesSent
            | Metric::MessagesReceived
            | Metric::AuthorizationFailures
            | Metric::ConnectionAttempts
            | Metric::Disconnects => {
                let (metric, dimension) = (metric.clone(), dimension.cloned());
                Self::Activity(Arc::new(DoorCounter { metric, dimension }))
            }
            Metric::MessageByteSize | Metric::DisconnectDuration | Metric::SourceIpAddress => {
                return None;
            }
        })
    }

    /// Whether values are summed over windows.
    pub(crate) fn is_sum(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Activity(_))
    }

    /// The value in a report; none if the report does not carry it. Not for sums.
    #[inline]
    pub(crate) fn observe<'a>(&self, report: &'a Report) -> Option<Observed<'a>> {
        match self {
            Self::Total(ReportList::TcpPorts) => port_count(report.listening_tcp.as_ref()?),
            Self::Total(ReportList::UdpPorts) => port_count(report.listening_udp.as_ref()?),
            Self::Total(ReportList::Connections) => remote_count(report.established.as_ref()?),
            Self::Ports(ReportList::TcpPorts) => ports(report.listening_tcp.as_ref()?),
            Self::Ports(ReportList::UdpPorts) => ports(report.listening_udp.as_ref()?),
            Self::Remotes => {
                report.established.as_ref()?.addresses.as_deref().map(Observed::Addresses)
            }
            Self::Custom(name) => custom(name, report),
            Self::Ports(ReportList::Connections) | Self::Network(_) | Self::Activity(_) => None,
        }
    }
}

impl NetworkCounter {
    /// The counter's growth; none if the report does not carry it.
    #[inline]
    pub(crate) fn of(self, report: &Report) -> Option<u64> {
        match self {
            Self::BytesIn => report.network.bytes_in,
            Self::BytesOut => report.network.bytes_out,
            Self::PacketsIn => report.network.packets_in,
            Self::PacketsOut => report.network.packets_out,
        }
    }
}

/// Agents sample long lists, so what they say of the number goes first.
fn port_count(list: &PortList) -> Option<Observed<'_>> {
    let listed = || list.ports.as_ref().map(|ports| ports.len() as u64);
    list.total.or_else(listed).map(Observed::Count)
}

fn remote_count(list: &RemoteList) -> Option<Observed<'_>> {
    let listed = || list.addresses.as_ref().map(|_| list.listed);
    list.total.or_else(listed).map(Observed::Count)
}

fn ports(list: &PortList) -> Option<Observed<'_>> {
    list.ports.as_deref().map(Observed::Ports)
}

fn custom<'a>(name: &CustomMetricName, report: &'a Report) -> Option<Observed<'a>> {
    let metric = report.custom.iter().find(|metric| metric.name == name.as_str())?;
    Some(match &metric.value {
        CustomValue::Number(number) => Observed::Number(*number),
        CustomValue::Numbers(list) => Observed::Numbers(list),
        CustomValue::Strings(list) => Observed::Strings(list),
        CustomValue::Addresses(list) => Observed::Addresses(list),
    })
}
