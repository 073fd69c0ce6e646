//! Shapes in CBOR: a struct is an array of its fields, a variant is `[number, [fields]]`.
//!
//! Fields that are absent are null, and are left out at an array's end. What is added later comes
//! after the last field or takes the next number; no number is ever used again. It belongs to a
//! format level, of which its writer asks [`Writer::require`] before it writes it. A reader that
//! knows less finds a longer array or another number: a [`Newer`] shape, never a corrupt one.

pub mod behavior;
pub mod change;
pub mod dimension;
pub mod metric;
pub mod name;
pub mod profile;
pub mod report;
pub mod target;
pub mod value;

use std::convert::Infallible;
use std::ops::{Deref, DerefMut};

use fleetward_domain::{FormatLevel, Unsayable};
pub use minicbor::Decoder;
pub use minicbor::decode::Error;

/// What shapes are written to, at a format level. Memory takes whatever is written to it.
#[derive(Debug)]
pub struct Writer {
    encoder: minicbor::Encoder<Vec<u8>>,
    level: FormatLevel,
}

impl Writer {
    /// The level that is written at: which of several versions of a shape.
    #[must_use]
    pub fn level(&self) -> FormatLevel {
        self.level
    }

    /// Says before something is written that levels below `needs` do not know it.
    ///
    /// # Errors
    /// [`Unsayable`]: all that was to be written is given up.
    pub fn require(&self, needs: FormatLevel, what: &'static str) -> Written {
        Ok(self.level.require(needs, what)?)
    }
}

impl Deref for Writer {
    type Target = minicbor::Encoder<Vec<u8>>;

    fn deref(&self) -> &Self::Target {
        &self.encoder
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.encoder
    }
}

/// The outcome of writing.
pub type Written = Result<(), WriteError>;

/// Why something is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The level cannot say it.
    #[error(transparent)]
    Unsayable(#[from] Unsayable),
    /// Memory does not take it, which does not happen.
    #[error(transparent)]
    Memory(#[from] minicbor::encode::Error<Infallible>),
}

/// A newer release wrote this: it has more fields than are known here, or another variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Newer(String);

impl Newer {
    /// What was newer, if that is why something could not be read.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    fn error(found: String) -> Error {
        Error::custom(Self(found.clone())).with_message(found)
    }
}

/// Most records fit into this; longer ones grow.
const USUAL_BYTES: usize = 128;
/// Most lists are shorter.
const USUAL_LENGTH: usize = 8;

/// What was written at a level, as bytes.
///
/// # Errors
/// [`Unsayable`] if the level knows no way to say some of it.
pub fn to_bytes(
    level: FormatLevel,
    write: impl FnOnce(&mut Writer) -> Written,
) -> Result<Vec<u8>, Unsayable> {
    let encoder = minicbor::Encoder::new(Vec::with_capacity(USUAL_BYTES));
    let mut e = Writer { encoder, level };
    match write(&mut e) {
        Ok(()) => Ok(e.encoder.into_writer()),
        Err(WriteError::Unsayable(unsayable)) => Err(unsayable),
        Err(WriteError::Memory(error)) => unreachable!("writing to memory failed: {error}"),
    }
}

/// Reads the fields of one array, in order.
#[derive(Debug)]
pub struct Fields {
    left: u64,
}

impl Fields {
    /// Begins to read an array of `known` fields at most.
    ///
    /// # Errors
    /// If there is no array of a stated length, or a longer one: [`Newer`].
    pub fn begin(d: &mut Decoder<'_>, known: u64) -> Result<Self, Error> {
        let left = length(d)?;
        if left > known {
            return Err(Newer::error(format!(
                "an array of {left} fields where this version knows {known}: a newer one wrote it"
            )));
        }
        Ok(Self { left })
    }

    /// The next field, which is always there.
    ///
    /// # Errors
    /// If it is not, or those of `read`.
    pub fn required<'b, T>(
        &mut self,
        d: &mut Decoder<'b>,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let missing = || Error::message("a field is missing");
        self.left = self.left.checked_sub(1).ok_or_else(missing)?;
        read(d)
    }

    /// The next field, which may be null or left out.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn optional<'b, T>(
        &mut self,
        d: &mut Decoder<'b>,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        read(d).map(Some)
    }
}

/// Begins an array of fields, of which absent ones at the end are left out: `present` says of each
/// whether it is there. Gives how many are to be written.
///
/// # Errors
/// None: memory takes it.
pub fn begin_fields(e: &mut Writer, present: &[bool]) -> Result<usize, WriteError> {
    let count = present.iter().rposition(|is_there| *is_there).map_or(0, |last| last + 1);
    e.array(count as u64)?;
    Ok(count)
}

/// Writes a field of an array that was begun with the given count: null if it is absent, nothing
/// if its place was left out.
///
/// # Errors
/// None: memory takes it.
pub fn optional<T>(
    e: &mut Writer,
    is_kept: bool,
    value: Option<T>,
    write: impl FnOnce(&mut Writer, T) -> Written,
) -> Written {
    match value {
        Some(value) => write(e, value),
        None if is_kept => {
            e.null()?;
            Ok(())
        }
        None => Ok(()),
    }
}

/// Writes a whole number; how wide it is follows from its value.
///
/// # Errors
/// None: memory takes it.
pub fn whole(e: &mut Writer, number: impl Into<u64>) -> Written {
    e.u64(number.into())?;
    Ok(())
}

/// Writes a number.
///
/// # Errors
/// None: memory takes it.
pub fn float(e: &mut Writer, number: f64) -> Written {
    e.f64(number)?;
    Ok(())
}

/// Writes yes or no.
///
/// # Errors
/// None: memory takes it.
pub fn flag(e: &mut Writer, is_so: bool) -> Written {
    e.bool(is_so)?;
    Ok(())
}

/// Writes a list.
///
/// # Errors
/// None: memory takes it.
pub fn write_list<T>(
    e: &mut Writer,
    list: &[T],
    write: impl Fn(&mut Writer, &T) -> Written,
) -> Written {
    e.array(list.len() as u64)?;
    list.iter().try_for_each(|element| write(e, element))
}

/// Reads a list. It grows as elements come: a length that lies reserves next to nothing.
///
/// # Errors
/// Those of `read`.
pub fn read_list<'b, T>(
    d: &mut Decoder<'b>,
    mut read: impl FnMut(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let length = length(d)?;
    let mut list = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(USUAL_LENGTH));
    for _ in 0..length {
        list.push(read(d)?);
    }
    Ok(list)
}

/// Begins a variant of `fields` fields: `[number, [fields]]`.
///
/// # Errors
/// None: memory takes it.
pub fn begin_variant(e: &mut Writer, number: u32, fields: u64) -> Written {
    e.array(2)?.u32(number)?.array(fields)?;
    Ok(())
}

/// Reads a variant's number; its fields follow.
///
/// # Errors
/// If there is no variant.
pub fn variant(d: &mut Decoder<'_>) -> Result<u32, Error> {
    if length(d)? == 2 { d.u32() } else { Err(Error::message("a variant has a number and fields")) }
}

/// A variant's number that this version does not know.
#[must_use]
pub fn unknown_variant(of: &'static str, number: u32) -> Error {
    Newer::error(format!("{of} {number} is not known: a newer version wrote it"))
}

/// Reads the length of an array.
///
/// # Errors
/// If there is no array, or one that does not state its length: nothing here writes such.
pub fn length(d: &mut Decoder<'_>) -> Result<u64, Error> {
    d.array()?.ok_or_else(|| Error::message("an array of unknown length"))
}
