//! What a report means, said slowly: by looking keys up in a tree.

use std::net::{IpAddr, SocketAddr};

use fleetward_domain::{CustomValue, NetworkStats, PortList, RemoteList, Report, ReportedMetric};
use fleetward_report::limits;

use super::Tree;

/// None: refused.
pub(crate) fn read(tree: &Tree) -> Option<Report> {
    let header = last(tree, ["header", "hed"], |header| {
        let id = last(header, ["report_id", "rid"], |id| whole(id, i64::MIN, i64::MAX))?;
        let known = last(header, ["version", "v"], |version| Some(is_version(version)))?;
        Some((id, known.unwrap_or(false)))
    })?;
    let metrics = last(tree, ["metrics", "met"], metrics)?;
    let custom = last(tree, ["custom_metrics", "cmet"], custom_metrics)?;
    if depth(tree) > limits::DEPTH || (metrics.is_none() && custom.is_none()) {
        return None;
    }
    let (Some(report_id), true) = header? else { return None };
    Some(Report { report_id, custom: custom.unwrap_or_default(), ..metrics.unwrap_or_default() })
}

/// The last of these keys, if there is one; but each must be readable.
fn last<T>(tree: &Tree, names: [&str; 2], read: impl Fn(&Tree) -> Option<T>) -> Option<Option<T>> {
    let Tree::Object(members) = tree else { return None };
    let named = members.iter().filter(|(key, _)| names.contains(&key.as_str()));
    let values: Option<Vec<T>> = named.map(|(_, value)| read(value)).collect();
    Some(values?.pop())
}

fn depth(tree: &Tree) -> u32 {
    match tree {
        Tree::List(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Tree::Object(members) => 1 + members.iter().map(|(_, v)| depth(v)).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_version(tree: &Tree) -> bool {
    let Tree::Text(text) = tree else { return false };
    match text.split_once('.') {
        Some(("1", minor)) => !minor.is_empty() && minor.chars().all(|c| c.is_ascii_digit()),
        _ => false,
    }
}

fn whole(tree: &Tree, least: i64, most: i64) -> Option<i64> {
    let value = match tree {
        Tree::Unsigned(value) => i64::try_from(*value).ok()?,
        Tree::Negative(value) => *value,
        Tree::Float(value) if value.fract() == 0.0 && value.abs() <= 2_f64.powi(53) => {
            *value as i64
        }
        _ => return None,
    };
    (least..=most).contains(&value).then_some(value)
}

fn count(tree: &Tree) -> Option<u64> {
    whole(tree, 0, i64::MAX).map(|value| value as u64)
}

fn finite(tree: &Tree) -> Option<f64> {
    match tree {
        Tree::Unsigned(value) => Some(*value as f64),
        Tree::Negative(value) => Some(*value as f64),
        Tree::Float(value) => value.is_finite().then_some(*value),
        _ => None,
    }
}

fn text(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Text(text) => Some(text),
        _ => None,
    }
}

fn each<T>(tree: &Tree, read: impl Fn(&Tree) -> Option<T>) -> Option<Vec<T>> {
    let Tree::List(list) = tree else { return None };
    if list.len() > limits::LIST_ELEMENTS {
        return None;
    }
    list.iter().map(read).collect()
}

fn metrics(tree: &Tree) -> Option<Report> {
    let established = |tree: &Tree| last(tree, ["established_connections", "ec"], remotes);
    let network = last(tree, ["network_stats", "ns"], |stats| {
        Some(NetworkStats {
            bytes_in: last(stats, ["bytes_in", "bi"], count)?,
            bytes_out: last(stats, ["bytes_out", "bo"], count)?,
            packets_in: last(stats, ["packets_in", "pi"], count)?,
            packets_out: last(stats, ["packets_out", "po"], count)?,
        })
    })?;
    Some(Report {
        report_id: 0,
        network: network.unwrap_or_default(),
        listening_tcp: last(tree, ["listening_tcp_ports", "tp"], ports)?,
        listening_udp: last(tree, ["listening_udp_ports", "up"], ports)?,
        established: last(tree, ["tcp_connections", "tc"], established)?.flatten(),
        custom: Vec::new(),
    })
}

fn ports(tree: &Tree) -> Option<PortList> {
    let port = |tree: &Tree| last(tree, ["port", "pt"], |port| whole(port, 0, 65_535))?;
    let list = last(tree, ["ports", "pts"], |list| each(list, port))?;
    let list = list.map(|list| list.into_iter().map(|port| port as u16).collect());
    Some(PortList { total: last(tree, ["total", "t"], count)?, ports: list })
}

fn remotes(tree: &Tree) -> Option<RemoteList> {
    let remote =
        |tree: &Tree| last(tree, ["remote_addr", "rad"], |remote| text(remote).map(address))?;
    let list = last(tree, ["connections", "cs"], |list| each(list, remote))?;
    Some(RemoteList {
        total: last(tree, ["total", "t"], count)?,
        listed: list.as_ref().map_or(0, |list| list.len() as u64),
        addresses: list.map(|list| list.into_iter().flatten().collect()),
    })
}

/// None: skipped.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    // An IPv4 address is whole also where its port was cut off.
    if let Ok(address) = text.strip_suffix(':').unwrap_or(text).parse::<std::net::Ipv4Addr>() {
        return Some(address.into());
    }
    let is_port = |port: &str| port.len() <= 5 && port.chars().all(|c| c.is_ascii_digit());
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        let address: Option<std::net::Ipv6Addr> = address.parse().ok();
        return address.filter(|_| fits).map(IpAddr::V6);
    }
    let (address, port) = text.rsplit_once(':')?;
    let is_port = !port.is_empty() && is_port(port);
    (is_port && text.len() != 21).then(|| address.parse().ok())?
}

fn custom_metrics(tree: &Tree) -> Option<Vec<ReportedMetric>> {
    let Tree::Object(members) = tree else { return None };
    let mut metrics: Vec<ReportedMetric> = Vec::new();
    for (name, value) in members {
        let fits = (1..=limits::CUSTOM_NAME_BYTES).contains(&name.len());
        if !fits || name.chars().any(char::is_control) {
            return None;
        }
        let value = custom_value(value)?;
        match metrics.iter_mut().find(|metric| metric.name == *name) {
            Some(metric) => metric.value = value,
            None => metrics.push(ReportedMetric { name: name.clone(), value }),
        }
    }
    (metrics.len() <= limits::CUSTOM_METRICS).then_some(metrics)
}

fn custom_value(tree: &Tree) -> Option<CustomValue> {
    let Tree::List(list) = tree else { return None };
    let [element] = &list[..] else { return None };
    let own_text = |tree: &Tree| {
        text(tree).filter(|text| text.len() <= limits::CUSTOM_TEXT_BYTES).map(str::to_owned)
    };
    let values = [
        last(element, ["number"; 2], finite)?.map(CustomValue::Number),
        last(element, ["number_list"; 2], |list| each(list, finite))?.map(CustomValue::Numbers),
        last(element, ["string_list"; 2], |list| each(list, own_text))?.map(CustomValue::Strings),
        last(element, ["ip_list"; 2], |list| each(list, |ip| text(ip)?.parse().ok()))?
            .map(CustomValue::Addresses),
    ];
    let mut values = values.into_iter().flatten();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
