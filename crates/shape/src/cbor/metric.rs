//! Metrics: `[number, []]`, a custom metric with its name. The numbers stand in the metrics' rows.

use fleetward_domain::Metric;

use super::{
    Decoder, Error, Fields, Writer, Written, begin_variant, name, unknown_variant, variant,
};
use crate::sayable;

/// Writes a metric.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, metric: &Metric) -> Written {
    sayable::metric(e.level(), metric)?;
    let number = metric.facts().number;
    if let Metric::Custom(custom) = metric {
        begin_variant(e, number, 1)?;
        return name::write(e, custom.as_str());
    }
    begin_variant(e, number, 0)
}

/// Reads a metric.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Metric, Error> {
    let number = variant(d)?;
    let is_custom = number == Metric::CUSTOM_NUMBER;
    let mut fields = Fields::begin(d, u64::from(is_custom))?;
    if is_custom {
        return fields.required(d, name::read).map(Metric::Custom);
    }
    Metric::from_number(number).ok_or_else(|| unknown_variant("metric", number))
}
