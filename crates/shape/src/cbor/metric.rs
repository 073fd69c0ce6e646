//! Metrics: `[number, []]`, a custom metric with its name.

use fleetward_domain::Metric;

use super::{
    Decoder, Error, Fields, Writer, Written, begin_variant, name, unknown_variant, variant,
};

const CUSTOM: u32 = 18;

/// Writes a metric.
///
/// # Errors
/// None: memory takes it.
pub fn write(e: &mut Writer, metric: &Metric) -> Written {
    if let Metric::Custom(custom) = metric {
        begin_variant(e, CUSTOM, 1)?;
        return name::write(e, custom.as_str());
    }
    begin_variant(e, number(metric), 0)
}

/// A metric's number never changes, whatever the order of the domain's variants.
fn number(metric: &Metric) -> u32 {
    match metric {
        Metric::MessagesSent => 0,
        Metric::MessagesReceived => 1,
        Metric::MessageByteSize => 2,
        Metric::AuthorizationFailures => 3,
        Metric::ConnectionAttempts => 4,
        Metric::Disconnects => 5,
        Metric::DisconnectDuration => 6,
        Metric::SourceIpAddress => 7,
        Metric::AllBytesIn => 8,
        Metric::AllBytesOut => 9,
        Metric::AllPacketsIn => 10,
        Metric::AllPacketsOut => 11,
        Metric::EstablishedTcpConnections => 12,
        Metric::ListeningTcpPortCount => 13,
        Metric::ListeningUdpPortCount => 14,
        Metric::DestinationIpAddresses => 15,
        Metric::ListeningTcpPorts => 16,
        Metric::ListeningUdpPorts => 17,
        Metric::Custom(_) => CUSTOM,
    }
}

/// Reads a metric.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Metric, Error> {
    let number = variant(d)?;
    let mut fields = Fields::begin(d, u64::from(number == CUSTOM))?;
    Ok(match number {
        0 => Metric::MessagesSent,
        1 => Metric::MessagesReceived,
        2 => Metric::MessageByteSize,
        3 => Metric::AuthorizationFailures,
        4 => Metric::ConnectionAttempts,
        5 => Metric::Disconnects,
        6 => Metric::DisconnectDuration,
        7 => Metric::SourceIpAddress,
        8 => Metric::AllBytesIn,
        9 => Metric::AllBytesOut,
        10 => Metric::AllPacketsIn,
        11 => Metric::AllPacketsOut,
        12 => Metric::EstablishedTcpConnections,
        13 => Metric::ListeningTcpPortCount,
        14 => Metric::ListeningUdpPortCount,
        15 => Metric::DestinationIpAddresses,
        16 => Metric::ListeningTcpPorts,
        17 => Metric::ListeningUdpPorts,
        CUSTOM => Metric::Custom(fields.required(d, name::read)?),
        other => return Err(unknown_variant("metric", other)),
    })
}
