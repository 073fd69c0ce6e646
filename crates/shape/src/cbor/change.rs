//! Changes of the registry and of profiles: rows of the change feed, and records of the log.

use fleetward_domain::{Change, FormatLevel, Unsayable};

use crate::cbor::{
    self, Decoder, Error, Fields, Writer, Written, begin_variant, name, profile, read_list, target,
    unknown_variant, variant, write_list,
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
        Change::GroupDeleted { name, ancestors } => {
            begin_variant(e, 6, 2)?;
            e.str(name.as_str())?;
            write_list(e, ancestors, |e, group| name::write(e, group.as_str()))
        }
    }
}

fn named(e: &mut Writer, number: u32, name: &str) -> Written {
    begin_variant(e, number, 1)?;
    name::write(e, name)
}

/// Reads a change.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Change, Error> {
    let number = variant(d)?;
    // A field that is not known must not be passed over: it may change what the rest means.
    Ok(match number {
        0 => {
            let mut fields = Fields::begin(d, 3)?;
            Change::Thing {
                name: fields.required(d, name::read)?,
                registered: fields.required(d, Decoder::bool)?,
                groups: fields.required(d, |d| read_list(d, name::read))?,
            }
        }
        1 => {
            let mut fields = Fields::begin(d, 2)?;
            let profile = fields.required(d, profile::read)?;
            Change::Profile(profile, fields.required(d, |d| read_list(d, target::read))?)
        }
        2 => Change::ProfileDeleted(Fields::begin(d, 1)?.required(d, name::read)?),
        3 => Change::Dimension(Fields::begin(d, 1)?.required(d, name::read)?),
        4 => Change::Certificate(Fields::begin(d, 1)?.required(d, name::read)?),
        5 => Change::Policy(Fields::begin(d, 1)?.required(d, name::read)?),
        6 => {
            let mut fields = Fields::begin(d, 2)?;
            let name = fields.required(d, name::read)?;
            let ancestors = fields.required(d, |d| read_list(d, name::read))?;
            Change::GroupDeleted { name, ancestors }
        }
        // 7 is reserved: it was a change of severities, which a profile's tags say.
        other => return Err(unknown_variant("change", other)),
    })
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
