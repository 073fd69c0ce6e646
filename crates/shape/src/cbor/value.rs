//! Values of metrics: `[kind, [value]]`, networks as text.

use fleetward_domain::MetricValue;

use super::{
    Decoder, Error, Fields, Writer, Written, begin_variant, float, name, read_list,
    unknown_variant, variant, whole, write_list,
};
use crate::sayable;

/// Writes a value.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, value: &MetricValue) -> Written {
    sayable::value(e.level(), value)?;
    let number = match value {
        MetricValue::Count(_) => 0,
        MetricValue::Cidrs(_) => 1,
        MetricValue::Ports(_) => 2,
        MetricValue::Number(_) => 3,
        MetricValue::Numbers(_) => 4,
        MetricValue::Strings(_) => 5,
    };
    begin_variant(e, number, 1)?;
    match value {
        MetricValue::Count(count) => whole(e, *count),
        MetricValue::Cidrs(list) => {
            write_list(e, list, |e, network| name::write(e, &network.to_string()))
        }
        MetricValue::Ports(list) => write_list(e, list, |e, port| whole(e, *port)),
        MetricValue::Number(number) => float(e, *number),
        MetricValue::Numbers(list) => write_list(e, list, |e, number| float(e, *number)),
        MetricValue::Strings(list) => write_list(e, list, |e, text| name::write(e, text)),
    }
}

/// Reads a value.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<MetricValue, Error> {
    let number = variant(d)?;
    // Before its fields are counted: a newer kind may have any number of them.
    if number > 5 {
        return Err(unknown_variant("kind of value", number));
    }
    Fields::begin(d, 1)?.required(d, |d| match number {
        0 => d.u64().map(MetricValue::Count),
        1 => read_list(d, |d| d.str()?.parse().map_err(|_| Error::message("not a CIDR")))
            .map(MetricValue::Cidrs),
        2 => read_list(d, Decoder::u16).map(MetricValue::Ports),
        3 => d.f64().map(MetricValue::Number),
        4 => read_list(d, Decoder::f64).map(MetricValue::Numbers),
        _ => read_list(d, name::text).map(MetricValue::Strings),
    })
}
