//! What is measured, and whether it is as it should be.

use std::net::IpAddr;

use fleetward_domain::value::host_network;
use fleetward_domain::{
    Activity, Behavior, Comparison, ComparisonOperator as Op, CustomValue, DimensionOperator,
    Judgement, Metric, MetricKind, MetricValue, PortList, Report,
};

use crate::facts::What;

/// How the values of a window become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fold {
    Sum,
    Most,
    Least,
}

/// Sums are summed; of all else the extreme counts on the side that is bounded, but of messages
/// that the fleet is asked about all bytes.
pub(crate) fn fold(behavior: &Behavior, judgement: &Judgement) -> Fold {
    let is_fixed = matches!(judgement, Judgement::Static(_));
    match (behavior.metric.as_ref().map(Metric::kind), judgement.operator()) {
        (Some(MetricKind::Sum), _) => Fold::Sum,
        (Some(MetricKind::Extreme), _) if !is_fixed => Fold::Sum,
        (_, Op::GreaterThan | Op::GreaterThanEquals) => Fold::Least,
        _ => Fold::Most,
    }
}

/// What is said of a window's value, if anything; of a dimension that is not counted yet, none.
pub(crate) fn growth_in(behavior: &Behavior, fold: Fold, what: &What) -> Option<Option<f64>> {
    match (what, value_in(behavior, what)) {
        (_, Some(MetricValue::Count(count))) => Some(Some(count as f64)),
        (_, Some(MetricValue::Number(number))) => Some(Some(number)),
        (What::Activity(activity), _) if behavior.metric == Some(Metric::MessageByteSize) => {
            let mut sizes = activity.sizes.iter();
            let sizes = sizes.find(|sizes| sizes.dimension == behavior.dimension)?;
            Some(Some(match fold {
                Fold::Sum => sizes.total,
                Fold::Most => sizes.max,
                Fold::Least => sizes.min,
            } as f64))
        }
        (What::Activity(activity), _) => counted(behavior, activity),
        _ => None,
    }
}

/// A front door that counts a dimension says so with each total.
fn counted(behavior: &Behavior, activity: &Activity) -> Option<Option<f64>> {
    let of = |dimension| {
        let counts = activity.counts.iter().filter(|count| {
            Some(&count.metric) == behavior.metric.as_ref() && count.dimension.as_ref() == dimension
        });
        counts.map(|count| count.value as f64).reduce(|sum, value| sum + value)
    };
    let Some(dimension) = &behavior.dimension else { return of(None).map(Some) };
    match (of(None), of(Some(&dimension.name)), dimension.operator) {
        (None, None, _) => None,
        (_, inside, DimensionOperator::In) => Some(inside),
        (all, inside, DimensionOperator::NotIn) => Some(inside.map(|own| all.unwrap_or(0.0) - own)),
    }
}

/// A metric's value in a report, or where a thing was seen; none if that is not said.
pub(crate) fn value_in(behavior: &Behavior, what: &What) -> Option<MetricValue> {
    let metric = behavior.metric.as_ref()?;
    let report = match what {
        What::Report(report) => report,
        What::Activity(activity) if *metric == Metric::SourceIpAddress => {
            let of_it = activity.sources.iter().filter(|of| of.dimension == behavior.dimension);
            let seen: Vec<_> = of_it.map(|source| source.address).collect();
            return (!seen.is_empty()).then(|| hosts(&seen));
        }
        _ => return None,
    };
    // Agents sample long lists, so that what they say of the number goes first.
    let number_of =
        |list: &PortList| list.total.or(list.ports.as_ref().map(|ports| ports.len() as u64));
    let ports = |list: &Option<PortList>| Some(each_once(list.as_ref()?.ports.as_ref()?));
    let Report { network, established, listening_tcp, listening_udp, custom, .. } = report;
    let count = match metric {
        Metric::AllBytesIn => network.bytes_in,
        Metric::AllBytesOut => network.bytes_out,
        Metric::AllPacketsIn => network.packets_in,
        Metric::AllPacketsOut => network.packets_out,
        Metric::ListeningTcpPortCount => number_of(listening_tcp.as_ref()?),
        Metric::ListeningUdpPortCount => number_of(listening_udp.as_ref()?),
        Metric::EstablishedTcpConnections => {
            let list = established.as_ref()?;
            list.total.or(list.addresses.as_ref().map(|_| list.listed))
        }
        Metric::ListeningTcpPorts => return ports(listening_tcp).map(MetricValue::Ports),
        Metric::ListeningUdpPorts => return ports(listening_udp).map(MetricValue::Ports),
        Metric::DestinationIpAddresses => {
            return Some(hosts(established.as_ref()?.addresses.as_ref()?));
        }
        Metric::Custom(name) => {
            let named = custom.iter().find(|custom| custom.name == name.as_str())?;
            return Some(match &named.value {
                CustomValue::Number(number) => MetricValue::Number(*number),
                CustomValue::Numbers(list) => MetricValue::Numbers(each_once(list)),
                CustomValue::Strings(list) => MetricValue::Strings(each_once(list)),
                CustomValue::Addresses(list) => hosts(list),
            });
        }
        _ => None,
    };
    count.map(MetricValue::Count)
}

/// What of a value is not as the comparison wants it; none if it conforms.
pub(crate) fn offending(comparison: &Comparison, value: &MetricValue) -> Option<MetricValue> {
    use MetricValue::{Cidrs, Numbers, Ports, Strings};
    let (limit, found) = (number_of(comparison.value()), number_of(value));
    let not = |conforms: bool| (!conforms).then(|| value.clone());
    let wanted = matches!(comparison.operator(), Op::InCidrSet | Op::InPortSet | Op::InSet);
    match (comparison.operator(), comparison.value(), value) {
        (Op::LessThan, ..) => not(found < limit),
        (Op::LessThanEquals, ..) => not(found <= limit),
        (Op::GreaterThan, ..) => not(found > limit),
        (Op::GreaterThanEquals, ..) => not(found >= limit),
        (_, Ports(set), Ports(list)) => rest(list, |p| set.contains(p) == wanted).map(Ports),
        (_, Numbers(set), Numbers(list)) => rest(list, |n| set.contains(n) == wanted).map(Numbers),
        (_, Strings(set), Strings(list)) => rest(list, |t| set.contains(t) == wanted).map(Strings),
        (_, Cidrs(set), Cidrs(list)) => {
            rest(list, |host| set.iter().any(|net| net.contains(host)) == wanted).map(Cidrs)
        }
        _ => None,
    }
}

pub(crate) fn number_of(value: &MetricValue) -> f64 {
    match value {
        MetricValue::Count(count) => *count as f64,
        MetricValue::Number(number) => *number,
        _ => f64::NAN,
    }
}

/// The elements that are not as they should be; none if all are.
fn rest<T: Clone>(list: &[T], is_right: impl Fn(&T) -> bool) -> Option<Vec<T>> {
    let rest: Vec<T> = list.iter().filter(|element| !is_right(element)).cloned().collect();
    (!rest.is_empty()).then_some(rest)
}

fn hosts(list: &[IpAddr]) -> MetricValue {
    MetricValue::Cidrs(each_once(list).into_iter().map(host_network).collect())
}

fn each_once<T: PartialEq + Clone>(list: &[T]) -> Vec<T> {
    let is_first =
        |(place, element): &(usize, &T)| !list.iter().take(*place).any(|e| e == *element);
    list.iter().enumerate().filter(is_first).map(|(_, element)| element.clone()).collect()
}
