//! What is measured, and whether it is as it should be.

use std::net::IpAddr;

use fleetward_domain::value::host_network;
use fleetward_domain::{
    Behavior, ComparisonOperator as Op, Count, CustomValue, DimensionOperator, Metric, MetricValue,
    PortList, Report,
};

/// By how much a sum grew.
pub(crate) enum Growth {
    Nothing,
    By(u64),
    Unknown,
}

/// What front doors counted. One that counts a dimension says so with each total.
pub(crate) fn growth_in(behavior: &Behavior, counts: &[Count]) -> Growth {
    let of = |dimension| {
        let counted = counts.iter().filter(|count| {
            Some(&count.metric) == behavior.metric.as_ref() && count.dimension.as_ref() == dimension
        });
        counted.map(|count| count.value).reduce(|sum, value| sum + value)
    };
    let Some(dimension) = &behavior.dimension else {
        return of(None).map_or(Growth::Nothing, Growth::By);
    };
    match (of(None), of(Some(&dimension.name)), dimension.operator) {
        (None, None, _) => Growth::Nothing,
        (Some(_), None, _) => Growth::Unknown,
        (_, Some(inside), DimensionOperator::In) => Growth::By(inside),
        (all, Some(inside), DimensionOperator::NotIn) => Growth::By(all.unwrap_or(0) - inside),
    }
}

/// A metric's value in a report; none if the report does not carry it.
pub(crate) fn value_in(metric: &Metric, report: &Report) -> Option<MetricValue> {
    let network = &report.network;
    // Agents sample long lists, so that what they say of the number goes first.
    let number_of = |list: &PortList| {
        list.total.or(list.ports.as_ref().map(|ports| ports.len() as u64)).map(MetricValue::Count)
    };
    let ports = |list: &PortList| Some(MetricValue::Ports(each_once(list.ports.as_ref()?)));
    let hosts = |list: &[IpAddr]| {
        MetricValue::Cidrs(each_once(list).into_iter().map(host_network).collect())
    };
    match metric {
        Metric::AllBytesIn => network.bytes_in.map(MetricValue::Count),
        Metric::AllBytesOut => network.bytes_out.map(MetricValue::Count),
        Metric::AllPacketsIn => network.packets_in.map(MetricValue::Count),
        Metric::AllPacketsOut => network.packets_out.map(MetricValue::Count),
        Metric::ListeningTcpPortCount => number_of(report.listening_tcp.as_ref()?),
        Metric::ListeningUdpPortCount => number_of(report.listening_udp.as_ref()?),
        Metric::ListeningTcpPorts => ports(report.listening_tcp.as_ref()?),
        Metric::ListeningUdpPorts => ports(report.listening_udp.as_ref()?),
        Metric::EstablishedTcpConnections => {
            let list = report.established.as_ref()?;
            let listed = list.addresses.as_ref().map(|_| list.listed);
            list.total.or(listed).map(MetricValue::Count)
        }
        Metric::DestinationIpAddresses => {
            Some(hosts(report.established.as_ref()?.addresses.as_ref()?))
        }
        Metric::Custom(name) => {
            let mut reported = report.custom.iter();
            Some(match &reported.find(|custom| custom.name == name.as_str())?.value {
                CustomValue::Number(number) => MetricValue::Number(*number),
                CustomValue::Numbers(list) => MetricValue::Numbers(each_once(list)),
                CustomValue::Strings(list) => MetricValue::Strings(each_once(list)),
                CustomValue::Addresses(list) => hosts(list),
            })
        }
        _ => None,
    }
}

/// What of a value is not as the criteria want it; none if it conforms.
pub(crate) fn offending(behavior: &Behavior, value: &MetricValue) -> Option<MetricValue> {
    use MetricValue::{Cidrs, Numbers, Ports, Strings};
    let comparison = behavior.criteria.as_ref()?.judgement.comparison()?;
    let number = |value: &MetricValue| match value {
        MetricValue::Count(count) => *count as f64,
        MetricValue::Number(number) => *number,
        _ => f64::NAN,
    };
    let (limit, found) = (number(comparison.value()), number(value));
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

/// The elements that are not as they should be; none if all are.
fn rest<T: Clone>(list: &[T], is_right: impl Fn(&T) -> bool) -> Option<Vec<T>> {
    let rest: Vec<T> = list.iter().filter(|element| !is_right(element)).cloned().collect();
    (!rest.is_empty()).then_some(rest)
}

fn each_once<T: PartialEq + Clone>(list: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    list.iter().for_each(|element| {
        if !once.contains(element) {
            once.push(element.clone());
        }
    });
    once
}
