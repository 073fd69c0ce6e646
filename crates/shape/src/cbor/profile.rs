//! Security profiles: an array of ten fields, in the order of the domain's.

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{MetricToRetain, SecurityProfile};

use super::{
    Decoder, Error, Fields, Writer, Written, begin_fields, behavior, dimension, flag, metric, name,
    optional, read_list, write_list,
};
use crate::sayable;

/// Writes a profile.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, profile: &SecurityProfile) -> Written {
    sayable::profile(e.level(), profile)?;
    e.array(10)?.str(profile.name.as_str())?;
    optional(e, true, profile.description.as_deref(), name::write)?;
    write_list(e, &profile.behaviors, behavior::write)?;
    write_list(e, &profile.alert_targets, |e, target| pair(e, (&target.arn, &target.role_arn)))?;
    write_list(e, &profile.metrics_to_retain, write_retained)?;
    optional(e, true, profile.metrics_export.as_ref(), |e, export| {
        pair(e, (&export.mqtt_topic, &export.role_arn))
    })?;
    write_list(e, &profile.tags, |e, (key, value)| pair(e, (key, value)))?;
    e.i64(profile.version)?.i64(profile.created_ms)?.i64(profile.modified_ms)?;
    Ok(())
}

/// Reads a profile.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<SecurityProfile, Error> {
    let mut fields = Fields::begin(d, 10)?;
    Ok(SecurityProfile {
        name: fields.required(d, name::read)?,
        description: fields.optional(d, name::text)?,
        behaviors: fields.required(d, |d| read_list(d, behavior::read))?,
        alert_targets: fields.required(d, |d| read_list(d, read_alert_target))?,
        metrics_to_retain: fields.required(d, |d| read_list(d, read_retained))?,
        metrics_export: fields.optional(d, |d| {
            read_pair(d).map(|(mqtt_topic, role_arn)| MetricsExport { mqtt_topic, role_arn })
        })?,
        tags: fields.required(d, |d| read_list(d, read_pair))?,
        version: fields.required(d, Decoder::i64)?,
        created_ms: fields.required(d, Decoder::i64)?,
        modified_ms: fields.required(d, Decoder::i64)?,
    })
}

fn read_alert_target(d: &mut Decoder<'_>) -> Result<AlertTarget, Error> {
    read_pair(d).map(|(arn, role_arn)| AlertTarget { arn, role_arn })
}

fn write_retained(e: &mut Writer, retained: &MetricToRetain) -> Written {
    let (narrowed, export) = (retained.dimension.as_ref(), retained.export_metric);
    let count = begin_fields(e, &[true, narrowed.is_some(), export.is_some()])?;
    metric::write(e, &retained.metric)?;
    optional(e, count > 1, narrowed, dimension::write)?;
    optional(e, count > 2, export, flag)
}

fn read_retained(d: &mut Decoder<'_>) -> Result<MetricToRetain, Error> {
    let mut fields = Fields::begin(d, 3)?;
    Ok(MetricToRetain {
        metric: fields.required(d, metric::read)?,
        dimension: fields.optional(d, dimension::read)?,
        export_metric: fields.optional(d, Decoder::bool)?,
    })
}

fn pair(e: &mut Writer, (first, second): (&str, &str)) -> Written {
    e.array(2)?.str(first)?.str(second)?;
    Ok(())
}

fn read_pair(d: &mut Decoder<'_>) -> Result<(String, String), Error> {
    let mut fields = Fields::begin(d, 2)?;
    Ok((fields.required(d, name::text)?, fields.required(d, name::text)?))
}
