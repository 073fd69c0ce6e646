//! Series: a measure, and how its values become datapoints.

use std::net::IpAddr;
use std::sync::Arc;

use fleetward_domain::{
    Activity, Count, CustomMetricName, CustomValue, DimensionOperator, EpochMs, Measure, Measured,
    Metric, MetricKind, NetworkCounter, Observed, PortList, RemoteList, Report, ReportList,
};

/// A measure, and the window over which its growth is summed, if it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub(crate) measure: Arc<Measure>,
    /// The length of its windows; none for what is a datapoint as it comes.
    pub(crate) window_ms: Option<EpochMs>,
    pub(crate) measured: Measured,
    /// How the values in a window become one.
    pub(crate) fold: Fold,
}

/// How the values in a window become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// They are added up.
    Sum,
    /// The greatest counts.
    Most,
    /// The least counts.
    Least,
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
    /// What criteria look at: growth summed over windows of this length, the greatest size of a
    /// message in each, and all else as it comes. None if the metric cannot be measured yet.
    #[must_use]
    pub fn judged(measure: Measure, window_ms: EpochMs) -> Option<Self> {
        let measured = measure.metric.facts().measured;
        if measured.kind() == MetricKind::Extreme {
            return Self::windowed(measure, window_ms, Fold::Most);
        }
        let is_summed = measured.kind() == MetricKind::Sum;
        let window_ms = is_summed.then_some(window_ms.max(1));
        let fold = Fold::Sum;
        let series = || Self { measure: Arc::new(measure), window_ms, measured, fold };
        measured.is_measured().then(series)
    }

    /// One value for each window of this length: growth is summed whatever `extreme` says, and so
    /// are the sizes of messages for [`Fold::Sum`]; of what is as it is when it comes, the extreme
    /// counts. None if the metric cannot be measured yet, or has no number.
    #[must_use]
    pub fn windowed(measure: Measure, window_ms: EpochMs, extreme: Fold) -> Option<Self> {
        let measured = measure.metric.facts().measured;
        let fold = match measured.kind() {
            MetricKind::Sum => Fold::Sum,
            MetricKind::Gauge | MetricKind::Custom | MetricKind::Extreme => extreme,
            MetricKind::Ports | MetricKind::Addresses | MetricKind::Duration => return None,
        };
        let window_ms = Some(window_ms.max(1));
        let series = || Self { measure: Arc::new(measure), window_ms, measured, fold };
        measured.is_measured().then(series)
    }

    /// What history keeps: what front doors counted in each period, and what each report said.
    /// None if the metric cannot be measured yet.
    #[must_use]
    pub fn retained(measure: Measure, period_ms: EpochMs) -> Option<Self> {
        let series = Self::judged(measure, period_ms)?;
        let window_ms = series.window_ms.filter(|_| series.is_counted());
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

    /// Whether front doors see it.
    pub(crate) fn is_counted(&self) -> bool {
        let measured = self.measured;
        matches!(measured, Measured::Counted | Measured::MessageSize | Measured::Source)
            || measured == Measured::Absence
    }

    /// Whether reports carry it: that none comes is in no report.
    pub(crate) fn is_reported(&self) -> bool {
        !self.is_counted() && self.measured != Measured::Silence
    }

    /// Whether a window has the extreme of its values.
    #[must_use]
    pub fn is_extreme(&self) -> bool {
        self.fold != Fold::Sum
    }

    /// Whether nothing is zero: front doors say all that there was to add up.
    pub(crate) fn counts_zero(&self) -> bool {
        self.is_counted() && self.fold == Fold::Sum
    }

    /// A window's value as it is looked at.
    #[inline]
    pub(crate) fn observed(&self, value: u64) -> Observed<'static> {
        match self.measured {
            Measured::Custom => Observed::Number(number_of(value)),
            _ => Observed::Count(value),
        }
    }

    /// How much it grew in what a front door saw.
    pub(crate) fn growth_in_activity(&self, activity: &Activity) -> Growth {
        match self.measured {
            Measured::Counted => self.growth_in_counts(&activity.counts),
            Measured::MessageSize => {
                let dimension = self.measure.dimension.as_ref();
                let mut of_it =
                    activity.sizes.iter().filter(|sizes| sizes.dimension.as_ref() == dimension);
                of_it.next().map_or(Growth::Nothing, |sizes| {
                    Growth::By(match self.fold {
                        Fold::Sum => sizes.total,
                        Fold::Most => sizes.max,
                        Fold::Least => sizes.min,
                    })
                })
            }
            _ => Growth::Nothing,
        }
    }

    /// From where it was seen to come, each once; nothing if this is not what is measured.
    pub(crate) fn sources_in(&self, activity: &Activity) -> Vec<IpAddr> {
        if self.measured != Measured::Source {
            return Vec::new();
        }
        let dimension = self.measure.dimension.as_ref();
        let of_it = activity.sources.iter().filter(|of| of.dimension.as_ref() == dimension);
        of_it.map(|source| source.address).collect()
    }

    /// How much it grew in what a front door counted.
    fn growth_in_counts(&self, counts: &[Count]) -> Growth {
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
            // Of what is as it is when it comes, windows have an extreme.
            _ if self.window_ms.is_some() => match self.value_in_report(report)? {
                Observed::Count(count) => Some(count),
                Observed::Number(number) => Some(ordered(number)),
                _ => None,
            },
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
            | Measured::Silence
            | Measured::Source => None,
        }
    }
}

/// A number as a whole number that sorts like it.
fn ordered(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The number that [`ordered`] made this of.
fn number_of(ordered: u64) -> f64 {
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
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
