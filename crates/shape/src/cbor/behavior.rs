//! Behaviors: `[name, metric, dimension, criteria, suppress, export]`, and their criteria:
//! `[judgement, duration, to alarm, to clear]`.

use fleetward_domain::{Behavior, Comparison, ComparisonOperator, Criteria, Judgement, Percentile};

use super::{
    Decoder, Error, Fields, Writer, Written, begin_fields, begin_variant, dimension, flag, metric,
    name, optional, unknown_variant, value, variant, whole,
};
use crate::sayable;

/// Writes a behavior.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, behavior: &Behavior) -> Written {
    sayable::behavior(e.level(), behavior)?;
    let export = behavior.export_metric;
    begin_fields(e, &[true, true, true, true, true, export.is_some()])?;
    e.str(behavior.name.as_str())?;
    optional(e, true, behavior.metric.as_ref(), metric::write)?;
    optional(e, true, behavior.dimension.as_ref(), dimension::write)?;
    optional(e, true, behavior.criteria.as_ref(), write_criteria)?;
    e.bool(behavior.suppress_alerts)?;
    optional(e, false, export, flag)
}

/// Reads a behavior.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Behavior, Error> {
    let mut fields = Fields::begin(d, 6)?;
    Ok(Behavior {
        name: fields.required(d, name::read)?,
        metric: fields.optional(d, metric::read)?,
        dimension: fields.optional(d, dimension::read)?,
        criteria: fields.optional(d, read_criteria)?,
        suppress_alerts: fields.required(d, Decoder::bool)?,
        export_metric: fields.optional(d, Decoder::bool)?,
    })
}

fn write_criteria(e: &mut Writer, criteria: &Criteria) -> Written {
    let (alarm, clear) = (criteria.datapoints_to_alarm, criteria.datapoints_to_clear);
    let duration = criteria.duration_seconds;
    let count = begin_fields(e, &[true, duration.is_some(), alarm.is_some(), clear.is_some()])?;
    write_judgement(e, &criteria.judgement)?;
    optional(e, count > 1, duration, whole)?;
    optional(e, count > 2, alarm, whole)?;
    optional(e, count > 3, clear, whole)
}

fn read_criteria(d: &mut Decoder<'_>) -> Result<Criteria, Error> {
    let mut fields = Fields::begin(d, 4)?;
    Ok(Criteria {
        judgement: fields.required(d, read_judgement)?,
        duration_seconds: fields.optional(d, Decoder::u32)?,
        datapoints_to_alarm: fields.optional(d, Decoder::u8)?,
        datapoints_to_clear: fields.optional(d, Decoder::u8)?,
    })
}

fn write_judgement(e: &mut Writer, judgement: &Judgement) -> Written {
    match judgement {
        Judgement::Static(comparison) => {
            begin_variant(e, 0, 1)?;
            e.array(2)?.u32(operator_number(comparison.operator()))?;
            value::write(e, comparison.value())
        }
        Judgement::Statistical { operator, statistic } => {
            begin_variant(e, 1, 2)?;
            e.u32(operator_number(*operator))?.str(statistic.as_str())?;
            Ok(())
        }
    }
}

fn read_judgement(d: &mut Decoder<'_>) -> Result<Judgement, Error> {
    match variant(d)? {
        0 => Fields::begin(d, 1)?.required(d, read_comparison).map(Judgement::Static),
        1 => {
            let mut fields = Fields::begin(d, 2)?;
            Ok(Judgement::Statistical {
                operator: fields.required(d, read_operator)?,
                statistic: fields.required(d, read_percentile)?,
            })
        }
        other => Err(unknown_variant("kind of criteria", other)),
    }
}

fn read_percentile(d: &mut Decoder<'_>) -> Result<Percentile, Error> {
    let text = d.str()?;
    Percentile::parse(text).ok_or_else(|| Error::message("a percentile that is not known"))
}

fn read_comparison(d: &mut Decoder<'_>) -> Result<Comparison, Error> {
    let mut fields = Fields::begin(d, 2)?;
    let operator = fields.required(d, read_operator)?;
    let value = fields.required(d, value::read)?;
    Comparison::new(operator, value).map_err(Error::message)
}

/// An operator's number never changes, whatever the order of the domain's variants.
fn operator_number(operator: ComparisonOperator) -> u32 {
    match operator {
        ComparisonOperator::LessThan => 0,
        ComparisonOperator::LessThanEquals => 1,
        ComparisonOperator::GreaterThan => 2,
        ComparisonOperator::GreaterThanEquals => 3,
        ComparisonOperator::InCidrSet => 4,
        ComparisonOperator::NotInCidrSet => 5,
        ComparisonOperator::InPortSet => 6,
        ComparisonOperator::NotInPortSet => 7,
        ComparisonOperator::InSet => 8,
        ComparisonOperator::NotInSet => 9,
    }
}

fn read_operator(d: &mut Decoder<'_>) -> Result<ComparisonOperator, Error> {
    let number = d.u32()?;
    let found = ComparisonOperator::ALL.into_iter().find(|op| operator_number(*op) == number);
    found.ok_or_else(|| unknown_variant("comparison operator", number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_a_number_of_its_own_without_a_gap() {
        for (operator, number) in ComparisonOperator::ALL.into_iter().zip(0..) {
            assert_eq!(operator_number(operator), number, "{operator:?}");
        }
    }
}
