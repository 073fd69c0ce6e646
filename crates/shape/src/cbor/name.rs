//! Names: their text.

use fleetward_domain::NameError;

use super::{Decoder, Error, Writer, Written};

/// Writes a name, given as text.
///
/// # Errors
/// None: memory takes it.
pub fn write(e: &mut Writer, name: &str) -> Written {
    e.str(name)?;
    Ok(())
}

/// Reads a name.
///
/// # Errors
/// If the text is not one of this kind.
pub fn read<T: TryFrom<String, Error = NameError>>(d: &mut Decoder<'_>) -> Result<T, Error> {
    T::try_from(d.str()?.to_owned()).map_err(Error::message)
}

/// Reads a text of any kind.
///
/// # Errors
/// If there is none.
pub fn text(d: &mut Decoder<'_>) -> Result<String, Error> {
    Ok(d.str()?.to_owned())
}
