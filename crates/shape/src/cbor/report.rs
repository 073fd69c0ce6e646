//! Device reports: `[id, network, tcp ports, udp ports, connections, custom metrics]`.

use std::net::IpAddr;

use fleetward_domain::{CustomValue, NetworkStats, PortList, RemoteList, Report, ReportedMetric};

use super::{
    Decoder, Error, Fields, Writer, Written, begin_fields, begin_variant, float, name, optional,
    read_list, unknown_variant, variant, whole, write_list,
};

/// Writes a report. Allocates nothing but the output.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, report: &Report) -> Written {
    e.array(6)?.i64(report.report_id)?;
    write_network(e, &report.network)?;
    optional(e, true, report.listening_tcp.as_ref(), write_ports)?;
    optional(e, true, report.listening_udp.as_ref(), write_ports)?;
    optional(e, true, report.established.as_ref(), write_remotes)?;
    write_list(e, &report.custom, write_custom)
}

/// Reads a report.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Report, Error> {
    let mut fields = Fields::begin(d, 6)?;
    Ok(Report {
        report_id: fields.required(d, Decoder::i64)?,
        network: fields.required(d, read_network)?,
        listening_tcp: fields.optional(d, read_ports)?,
        listening_udp: fields.optional(d, read_ports)?,
        established: fields.optional(d, read_remotes)?,
        custom: fields.required(d, |d| read_list(d, read_custom))?,
    })
}

fn write_network(e: &mut Writer, network: &NetworkStats) -> Written {
    let counters = [network.bytes_in, network.bytes_out, network.packets_in, network.packets_out];
    let count = begin_fields(e, &counters.map(|counter| counter.is_some()))?;
    counters.into_iter().take(count).try_for_each(|counter| counted(e, true, counter))
}

fn read_network(d: &mut Decoder<'_>) -> Result<NetworkStats, Error> {
    let mut fields = Fields::begin(d, 4)?;
    Ok(NetworkStats {
        bytes_in: fields.optional(d, Decoder::u64)?,
        bytes_out: fields.optional(d, Decoder::u64)?,
        packets_in: fields.optional(d, Decoder::u64)?,
        packets_out: fields.optional(d, Decoder::u64)?,
    })
}

fn counted(e: &mut Writer, is_kept: bool, counter: Option<u64>) -> Written {
    optional(e, is_kept, counter, whole)
}

fn write_ports(e: &mut Writer, list: &PortList) -> Written {
    let ports = list.ports.as_deref();
    let count = begin_fields(e, &[list.total.is_some(), ports.is_some()])?;
    counted(e, count > 0, list.total)?;
    optional(e, count > 1, ports, |e, ports| write_list(e, ports, |e, port| whole(e, *port)))
}

fn read_ports(d: &mut Decoder<'_>) -> Result<PortList, Error> {
    let mut fields = Fields::begin(d, 2)?;
    Ok(PortList {
        total: fields.optional(d, Decoder::u64)?,
        ports: fields.optional(d, |d| read_list(d, Decoder::u16))?,
    })
}

fn write_remotes(e: &mut Writer, list: &RemoteList) -> Written {
    e.array(3)?;
    counted(e, true, list.total)?;
    optional(e, true, list.addresses.as_deref(), |e, list| write_list(e, list, write_address))?;
    e.u64(list.listed)?;
    Ok(())
}

fn read_remotes(d: &mut Decoder<'_>) -> Result<RemoteList, Error> {
    let mut fields = Fields::begin(d, 3)?;
    Ok(RemoteList {
        total: fields.optional(d, Decoder::u64)?,
        addresses: fields.optional(d, |d| read_list(d, read_address))?,
        listed: fields.required(d, Decoder::u64)?,
    })
}

/// `[0, four bytes]` or `[1, sixteen]`.
fn write_address(e: &mut Writer, address: &IpAddr) -> Written {
    e.array(2)?;
    match address {
        IpAddr::V4(address) => e.u8(0)?.bytes(&address.octets())?,
        IpAddr::V6(address) => e.u8(1)?.bytes(&address.octets())?,
    };
    Ok(())
}

fn read_address(d: &mut Decoder<'_>) -> Result<IpAddr, Error> {
    let family = variant(d)?;
    let octets = d.bytes()?;
    let wrong = || Error::message("an address has four bytes or sixteen");
    match family {
        0 => <[u8; 4]>::try_from(octets).map(IpAddr::from).map_err(|_| wrong()),
        1 => <[u8; 16]>::try_from(octets).map(IpAddr::from).map_err(|_| wrong()),
        other => Err(unknown_variant("kind of address", other)),
    }
}

fn write_custom(e: &mut Writer, metric: &ReportedMetric) -> Written {
    e.array(2)?.str(&metric.name)?;
    let number = match metric.value {
        CustomValue::Number(_) => 0,
        CustomValue::Numbers(_) => 1,
        CustomValue::Strings(_) => 2,
        CustomValue::Addresses(_) => 3,
    };
    begin_variant(e, number, 1)?;
    match &metric.value {
        CustomValue::Number(number) => float(e, *number),
        CustomValue::Numbers(list) => write_list(e, list, |e, number| float(e, *number)),
        CustomValue::Strings(list) => write_list(e, list, |e, text| name::write(e, text)),
        CustomValue::Addresses(list) => write_list(e, list, write_address),
    }
}

fn read_custom(d: &mut Decoder<'_>) -> Result<ReportedMetric, Error> {
    let mut fields = Fields::begin(d, 2)?;
    Ok(ReportedMetric {
        name: fields.required(d, name::text)?,
        value: fields.required(d, read_custom_value)?,
    })
}

fn read_custom_value(d: &mut Decoder<'_>) -> Result<CustomValue, Error> {
    let number = variant(d)?;
    // Before its fields are counted: a newer kind may have any number of them.
    if number > 3 {
        return Err(unknown_variant("kind of custom metric", number));
    }
    Fields::begin(d, 1)?.required(d, |d| match number {
        0 => d.f64().map(CustomValue::Number),
        1 => read_list(d, Decoder::f64).map(CustomValue::Numbers),
        2 => read_list(d, name::text).map(CustomValue::Strings),
        _ => read_list(d, read_address).map(CustomValue::Addresses),
    })
}
