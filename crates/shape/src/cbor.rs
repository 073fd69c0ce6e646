//! Shapes in CBOR: a struct is an array of its fields, a variant is `[number, [fields]]`.
//!
//! Fields that are absent are null, and are left out at an array's end. What is added later comes
//! after the last field or takes the next number; no number is ever used again.

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

pub use minicbor::Decoder;
pub use minicbor::decode::Error;

/// What shapes are written to. Memory takes whatever is written to it.
pub type Writer = minicbor::Encoder<Vec<u8>>;
/// The outcome of writing.
pub type Written = Result<(), minicbor::encode::Error<Infallible>>;

/// Most records fit into this; longer ones grow.
const USUAL_BYTES: usize = 128;
/// Most lists are shorter.
const USUAL_LENGTH: usize = 8;

/// What was written, as bytes.
pub fn to_bytes(write: impl FnOnce(&mut Writer) -> Written) -> Vec<u8> {
    let mut e = Writer::new(Vec::with_capacity(USUAL_BYTES));
    match write(&mut e) {
        Ok(()) => e.into_writer(),
        Err(error) => unreachable!("writing to memory failed: {error}"),
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
    /// If there is no array of a stated length, or a longer one: a newer version wrote that.
    pub fn begin(d: &mut Decoder<'_>, known: u64) -> Result<Self, Error> {
        let left = length(d)?;
        if left > known {
            return Err(Error::message(format!(
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
pub fn begin_fields(
    e: &mut Writer,
    present: &[bool],
) -> Result<usize, minicbor::encode::Error<Infallible>> {
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
        None if is_kept => e.null().map(|_| ()),
        None => Ok(()),
    }
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
    Error::message(format!("{of} {number} is not known: a newer version wrote it"))
}

/// Reads the length of an array.
///
/// # Errors
/// If there is no array, or one that does not state its length: nothing here writes such.
pub fn length(d: &mut Decoder<'_>) -> Result<u64, Error> {
    d.array()?.ok_or_else(|| Error::message("an array of unknown length"))
}
