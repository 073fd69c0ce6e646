//! Series: a measure, and how its values become datapoints.

use std::sync::Arc;

use fleetward_domain::{
    Count, CustomMetricName, CustomValue, DimensionOperator, EpochMs, Measure, Measured, Metric,
    MetricKind, NetworkCounter, Observed, PortList, RemoteList, Report, ReportList,
};

/// A measure, and the window over which its growth is summed, if it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub(crate) measure: Arc<Measure>,
    /// The length of its windows; none for what is a datapoint as it comes.
    pub(crate) window_ms: Option<EpochMs>,
    pub(crate) measured: Measured,
}

/// How much a counter grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// Nobody says anything of it: it did not grow.
    Nothing,
    By(u64),
    /// The front door does not count this dimension yet.
    Unknown,
}

impl Series {
    /// What criteria look at: growth summed over windows of this length, and all else as it comes.
    /// None if the metric cannot be measured yet.
    #[must_use]
    pub fn judged(measure: Measure, window_ms: EpochMs) -> Option<Self> {
        let measured = measure.metric.facts().measured;
        let is_summed = measured.kind() == MetricKind::Sum;
        let window_ms = is_summed.then_some(window_ms.max(1));
        let series = || Self { measure: Arc::new(measure), window_ms, measured };
        measured.is_measured().then(series)
    }

    /// What history keeps: what front doors counted in each period, and what each report said.
    /// None if the metric cannot be measured yet.
    #[must_use]
    pub fn retained(measure: Measure, period_ms: EpochMs) -> Option<Self> {
        let series = Self::judged(measure, period_ms)?;
        let window_ms = series.window_ms.filter(|_| series.measured == Measured::Counted);
        Some(Self { window_ms, ..series })
    }

    /// What is measured.
    #[must_use]
    pub fn measure(&self) -> &Measure {
        &self.measure
    }

    /// The length of its windows in milliseconds; none for what is a datapoint as it comes.
    #[must_use]
    pub fn window_ms(&self) -> Option<EpochMs> {
        self.window_ms
    }

    /// Whether front doors count it; all else is in reports.
    pub(crate) fn is_counted(&self) -> bool {
        self.measured == Measured::Counted
    }

    /// How much it grew in what a front door counted.
    pub(crate) fn growth_in_counts(&self, counts: &[Count]) -> Growth {
        let Measure { metric, dimension } = &*self.measure;
        let entry = |name: Option<&_>| {
            let mut of_it =
                counts.iter().filter(|c| c.metric == *metric && c.dimension.as_ref() == name);
            let first = of_it.next()?.value;
            Some(of_it.fold(first, |sum, count| sum.saturating_add(count.value)))
        };
        let total = entry(None);
        let Some(dimension) = dimension else {
            return total.map_or(Growth::Nothing, Growth::By);
        };
        match (entry(Some(&dimension.name)), dimension.operator) {
            (Some(inside), DimensionOperator::In) => Growth::By(inside),
            (Some(inside), DimensionOperator::NotIn) => {
                Growth::By(total.unwrap_or(0).saturating_sub(inside))
            }
            // A door that counts the dimension says so with each total: this one does not.
            (None, _) if total.is_some() => Growth::Unknown,
            (None, _) => Growth::Nothing,
        }
    }

    /// How much it grew in a report: none if the report does not carry it, or it does not grow.
    #[inline(always)]
    pub(crate) fn growth_in_report(&self, report: &Report) -> Option<u64> {
        match self.measured {
            Measured::Network(NetworkCounter::BytesIn) => report.network.bytes_in,
            Measured::Network(NetworkCounter::BytesOut) => report.network.bytes_out,
            Measured::Network(NetworkCounter::PacketsIn) => report.network.packets_in,
            Measured::Network(NetworkCounter::PacketsOut) => report.network.packets_out,
            _ => None,
        }
    }

    /// The value in a report; none if the report does not carry it.
    #[inline(always)]
    pub(crate) fn value_in_report<'a>(&self, report: &'a Report) -> Option<Observed<'a>> {
        match self.measured {
            Measured::Network(_) => self.growth_in_report(report).map(Observed::Count),
            Measured::Total(ReportList::TcpPorts) => port_count(report.listening_tcp.as_ref()?),
            Measured::Total(ReportList::UdpPorts) => port_count(report.listening_udp.as_ref()?),
            Measured::Total(ReportList::Connections) => remote_count(report.established.as_ref()?),
            Measured::Ports(ReportList::TcpPorts) => ports(report.listening_tcp.as_ref()?),
            Measured::Ports(ReportList::UdpPorts) => ports(report.listening_udp.as_ref()?),
            Measured::Remotes => {
                report.established.as_ref()?.addresses.as_deref().map(Observed::Addresses)
            }
            Measured::Custom => match &self.measure.metric {
                Metric::Custom(name) => custom(name, report),
                _ => None,
            },
            Measured::Ports(ReportList::Connections)
            | Measured::Counted
            | Measured::MessageSize
            | Measured::Absence
            | Measured::Source => None,
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
