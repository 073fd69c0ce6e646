//! Targets of profiles: `[kind, []]`, a group with its name.

use fleetward_domain::Target;

use super::{
    Decoder, Error, Fields, Writer, Written, begin_variant, name, unknown_variant, variant,
};
use crate::sayable;

/// Writes a target.
///
/// # Errors
/// If the level does not know some of it.
pub fn write(e: &mut Writer, target: &Target) -> Written {
    sayable::target(e.level(), target)?;
    match target {
        Target::Group(group) => {
            begin_variant(e, 0, 1)?;
            name::write(e, group.as_str())
        }
        Target::RegisteredThings => begin_variant(e, 1, 0),
        Target::UnregisteredThings => begin_variant(e, 2, 0),
        Target::AllThings => begin_variant(e, 3, 0),
    }
}

/// Reads a target.
///
/// # Errors
/// If it is malformed, or of a newer version.
pub fn read(d: &mut Decoder<'_>) -> Result<Target, Error> {
    let number = variant(d)?;
    let mut fields = Fields::begin(d, u64::from(number == 0))?;
    match number {
        0 => fields.required(d, name::read).map(Target::Group),
        1 => Ok(Target::RegisteredThings),
        2 => Ok(Target::UnregisteredThings),
        3 => Ok(Target::AllThings),
        other => Err(unknown_variant("target", other)),
    }
}
