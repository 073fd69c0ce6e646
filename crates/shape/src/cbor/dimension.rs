//! References to dimensions: `[name, operator]`.

use fleetward_domain::{DimensionOperator, MetricDimension};

use super::{Decoder, Error, Fields, Writer, Written, name, unknown_variant};
use crate::sayable;

/// Writes a reference.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, dimension: &MetricDimension) -> Written {
    sayable::dimension_operator(e.level(), dimension.operator)?;
    e.array(2)?.str(dimension.name.as_str())?;
    e.u32(match dimension.operator {
        DimensionOperator::In => 0,
        DimensionOperator::NotIn => 1,
    })?;
    Ok(())
}

/// Reads a reference.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<MetricDimension, Error> {
    let mut fields = Fields::begin(d, 2)?;
    Ok(MetricDimension {
        name: fields.required(d, name::read)?,
        operator: fields.required(d, |d| match d.u32()? {
            0 => Ok(DimensionOperator::In),
            1 => Ok(DimensionOperator::NotIn),
            other => Err(unknown_variant("dimension operator", other)),
        })?,
    })
}
