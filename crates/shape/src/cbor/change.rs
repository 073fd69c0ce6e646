//! Changes of the registry and of profiles: rows of the change feed, and records of the log.

use fleetward_domain::{Change, FormatLevel, Severities, Severity, Unsayable};

use crate::cbor::{
    self, Decoder, Error, Fields, Writer, Written, begin_variant, name, optional, profile,
    read_list, target, unknown_variant, variant, whole, write_list,
};
use crate::sayable;

/// Writes a change.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, change: &Change) -> Written {
    sayable::change(e.level(), change)?;
    match change {
        Change::Thing { name, registered, groups } => {
            begin_variant(e, 0, 3)?;
            e.str(name.as_str())?.bool(*registered)?;
            write_list(e, groups, |e, group| name::write(e, group.as_str()))
        }
        Change::Profile(profile, targets) => {
            begin_variant(e, 1, 2)?;
            profile::write(e, profile)?;
            write_list(e, targets, target::write)
        }
        Change::ProfileDeleted(profile) => named(e, 2, profile.as_str()),
        Change::Dimension(dimension) => named(e, 3, dimension.as_str()),
        Change::Certificate(certificate) => named(e, 4, certificate.as_str()),
        Change::Policy(policy) => named(e, 5, policy.as_str()),
        Change::GroupDeleted(group) => named(e, 6, group.as_str()),
        Change::Severities { profile, severities } => {
            begin_variant(e, 7, 2)?;
            e.str(profile.as_str())?;
            write_severities(e, severities)
        }
    }
}

fn named(e: &mut Writer, number: u32, name: &str) -> Written {
    begin_variant(e, number, 1)?;
    name::write(e, name)
}

/// `[of the profile, [[behavior, severity]]]`.
fn write_severities(e: &mut Writer, severities: &Severities) -> Written {
    e.array(2)?;
    optional(e, true, severities.profile, |e, severity| whole(e, severity_number(severity)))?;
    write_list(e, &severities.behaviors, |e, (behavior, severity)| {
        e.array(2)?.str(behavior.as_str())?.u32(severity_number(*severity))?;
        Ok(())
    })
}

fn read_severities(d: &mut Decoder<'_>) -> Result<Severities, Error> {
    let mut fields = Fields::begin(d, 2)?;
    let profile = fields.optional(d, read_severity)?;
    let behaviors = fields.required(d, |d| {
        read_list(d, |d| {
            let mut fields = Fields::begin(d, 2)?;
            Ok((fields.required(d, name::read)?, fields.required(d, read_severity)?))
        })
    })?;
    Ok(Severities { profile, behaviors })
}

/// A severity's number never changes.
fn severity_number(severity: Severity) -> u32 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    }
}

fn read_severity(d: &mut Decoder<'_>) -> Result<Severity, Error> {
    let number = d.u32()?;
    let found = Severity::ALL.into_iter().find(|known| severity_number(*known) == number);
    found.ok_or_else(|| unknown_variant("severity", number))
}

/// Reads a change.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Change, Error> {
    let number = variant(d)?;
    // A field that is not known must not be passed over: it may change what the rest means.
    let known = match number {
        0 => 3,
        1 | 7 => 2,
        2..=6 => 1,
        other => return Err(unknown_variant("change", other)),
    };
    let mut fields = Fields::begin(d, known)?;
    match number {
        0 => Ok(Change::Thing {
            name: fields.required(d, name::read)?,
            registered: fields.required(d, Decoder::bool)?,
            groups: fields.required(d, |d| read_list(d, name::read))?,
        }),
        1 => Ok(Change::Profile(
            fields.required(d, profile::read)?,
            fields.required(d, |d| read_list(d, target::read))?,
        )),
        2 => fields.required(d, name::read).map(Change::ProfileDeleted),
        3 => fields.required(d, name::read).map(Change::Dimension),
        4 => fields.required(d, name::read).map(Change::Certificate),
        5 => fields.required(d, name::read).map(Change::Policy),
        6 => fields.required(d, name::read).map(Change::GroupDeleted),
        _ => Ok(Change::Severities {
            profile: fields.required(d, name::read)?,
            severities: fields.required(d, read_severities)?,
        }),
    }
}

/// A change by itself, as the change feed keeps it.
///
/// # Errors
/// [`Unsayable`] if the level does not know some of it.
pub fn encode(change: &Change, level: FormatLevel) -> Result<Vec<u8>, Unsayable> {
    cbor::to_bytes(level, |e| write(e, change))
}

/// Reads a change that stands by itself.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn decode(bytes: &[u8]) -> Result<Change, Error> {
    read(&mut Decoder::new(bytes))
}
