//! The walk through a report: which keys mean what, and what each may hold.

use std::net::IpAddr;

use fleetward_domain::{NetworkStats, PortList, RemoteList, Report};

use crate::custom;
use crate::fault::{Problem, Step, Stop};
use crate::header::{self, Header, Version};
use crate::limits::LIST_ELEMENTS;
use crate::remote_address;
use crate::source::Source;
use crate::spare::Spare;

const REPORT: &str = "the report";
const TCP: PortFields = PortFields {
    list: "metrics.listening_tcp_ports",
    total: "metrics.listening_tcp_ports.total",
    ports: "metrics.listening_tcp_ports.ports",
    port: "metrics.listening_tcp_ports.ports.port",
};
const UDP: PortFields = PortFields {
    list: "metrics.listening_udp_ports",
    total: "metrics.listening_udp_ports.total",
    ports: "metrics.listening_udp_ports.ports",
    port: "metrics.listening_udp_ports.ports.port",
};
const NETWORK: &str = "metrics.network_stats";
const ESTABLISHED: &str = "metrics.tcp_connections.established_connections";
const CONNECTIONS: &str = "metrics.tcp_connections.established_connections.connections";

/// What messages call the parts of a list of ports.
#[derive(Clone, Copy)]
struct PortFields {
    list: &'static str,
    total: &'static str,
    ports: &'static str,
    port: &'static str,
}

/// Reads a whole document. The version is looked at last: everything else is well-formed then.
pub(crate) fn read<'a, S: Source<'a>>(
    source: &mut S,
    report: &mut Report,
) -> Result<Version, Stop> {
    let mut spare = Spare::default();
    spare.clear_metrics(report);
    let mut custom_count = 0;
    let mut header: Option<Header> = None;
    let mut has_metrics = false;
    source.object(REPORT, |source, key| match key {
        b"header" | b"hed" => {
            header = Some(header::read(source)?);
            Ok(())
        }
        b"metrics" | b"met" => {
            has_metrics = true;
            spare.clear_metrics(report);
            metrics(source, report, &mut spare)
        }
        b"custom_metrics" | b"cmet" => {
            has_metrics = true;
            custom_count = custom::read(source, &mut report.custom)?;
            Ok(())
        }
        _ => source.skip(),
    })?;
    source.end()?;
    // What is behind them is of the report before.
    report.custom.truncate(custom_count);
    let header = header.ok_or_else(|| source.fail("header", Problem::Missing))?;
    let Some(report_id) = header.report_id else {
        return Err(source.fail("header.report_id", Problem::Missing));
    };
    if !has_metrics {
        return Err(source.fail(REPORT, Problem::NoMetrics));
    }
    report.report_id = report_id;
    Ok(header.version)
}

fn metrics<'a, S: Source<'a>>(source: &mut S, report: &mut Report, spare: &mut Spare) -> Step {
    source.object("metrics", |source, key| match key {
        b"listening_tcp_ports" | b"tp" => {
            spare.clear_tcp(report);
            report.listening_tcp = Some(port_list(source, TCP, &mut spare.tcp_ports)?);
            Ok(())
        }
        b"listening_udp_ports" | b"up" => {
            spare.clear_udp(report);
            report.listening_udp = Some(port_list(source, UDP, &mut spare.udp_ports)?);
            Ok(())
        }
        b"network_stats" | b"ns" => {
            report.network = network_stats(source)?;
            Ok(())
        }
        b"tcp_connections" | b"tc" => {
            // Of a key that comes twice the last counts, also where it says less.
            spare.clear_established(report);
            source.object("metrics.tcp_connections", |source, key| match key {
                b"established_connections" | b"ec" => {
                    spare.clear_established(report);
                    report.established = Some(established(source, &mut spare.addresses)?);
                    Ok(())
                }
                _ => source.skip(),
            })
        }
        _ => source.skip(),
    })
}

fn port_list<'a, S: Source<'a>>(
    source: &mut S,
    fields: PortFields,
    spare: &mut Vec<u16>,
) -> Result<PortList, Stop> {
    let mut list = PortList::default();
    source.object(fields.list, |source, key| match key {
        b"total" | b"t" => {
            list.total = Some(count(source, fields.total)?);
            Ok(())
        }
        b"ports" | b"pts" => {
            let mut ports = list.ports.take().unwrap_or_else(|| std::mem::take(spare));
            ports.clear();
            source.list(fields.ports, |source| {
                if ports.len() == LIST_ELEMENTS {
                    return Err(source.fail(fields.ports, Problem::TooMany(LIST_ELEMENTS)));
                }
                ports.push(port(source, fields)?);
                Ok(())
            })?;
            list.ports = Some(ports);
            Ok(())
        }
        _ => source.skip(),
    })?;
    Ok(list)
}

#[inline]
fn port<'a, S: Source<'a>>(source: &mut S, fields: PortFields) -> Result<u16, Stop> {
    let mut port = None;
    source.object(fields.ports, |source, key| match key {
        b"port" | b"pt" => {
            port = Some(source.number(fields.port)?.port(fields.port, source)?);
            Ok(())
        }
        _ => source.skip(),
    })?;
    port.ok_or_else(|| source.fail(fields.port, Problem::Missing))
}

fn network_stats<'a, S: Source<'a>>(source: &mut S) -> Result<NetworkStats, Stop> {
    let mut stats = NetworkStats::default();
    source.object(NETWORK, |source, key| {
        let (counter, field) = match key {
            b"bytes_in" | b"bi" => (&mut stats.bytes_in, "metrics.network_stats.bytes_in"),
            b"bytes_out" | b"bo" => (&mut stats.bytes_out, "metrics.network_stats.bytes_out"),
            b"packets_in" | b"pi" => (&mut stats.packets_in, "metrics.network_stats.packets_in"),
            b"packets_out" | b"po" => (&mut stats.packets_out, "metrics.network_stats.packets_out"),
            _ => return source.skip(),
        };
        *counter = Some(count(source, field)?);
        Ok(())
    })?;
    Ok(stats)
}

fn established<'a, S: Source<'a>>(
    source: &mut S,
    spare: &mut Vec<IpAddr>,
) -> Result<RemoteList, Stop> {
    let mut list = RemoteList::default();
    source.object(ESTABLISHED, |source, key| match key {
        b"total" | b"t" => {
            list.total = Some(count(source, ESTABLISHED)?);
            Ok(())
        }
        b"connections" | b"cs" => {
            let mut addresses = list.addresses.take().unwrap_or_else(|| std::mem::take(spare));
            addresses.clear();
            list.listed = 0;
            source.list(CONNECTIONS, |source| {
                if list.listed == LIST_ELEMENTS as u64 {
                    return Err(source.fail(CONNECTIONS, Problem::TooMany(LIST_ELEMENTS)));
                }
                list.listed = list.listed.saturating_add(1);
                addresses.extend(connection(source)?);
                Ok(())
            })?;
            list.addresses = Some(addresses);
            Ok(())
        }
        _ => source.skip(),
    })?;
    Ok(list)
}

/// The far end of one connection; none if it cannot be read.
#[inline]
fn connection<'a, S: Source<'a>>(source: &mut S) -> Result<Option<IpAddr>, Stop> {
    const FIELD: &str = "metrics.tcp_connections.established_connections.connections.remote_addr";
    let mut address = None;
    source.object(CONNECTIONS, |source, key| match key {
        b"remote_addr" | b"rad" => {
            address = Some(remote_address::parse(&source.text(FIELD)?));
            Ok(())
        }
        _ => source.skip(),
    })?;
    address.ok_or_else(|| source.fail(FIELD, Problem::Missing))
}

/// Counters and totals: what a store's integers can hold.
#[inline]
fn count<'a, S: Source<'a>>(source: &mut S, field: &'static str) -> Result<u64, Stop> {
    source.number(field)?.unsigned(i64::MAX, field, source)
}
