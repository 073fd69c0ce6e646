//! Summaries as bytes: for the store, on their way to whoever merges them, and in a partition's
//! state. Sorted lists stand as the steps between their elements, so that the values of a fleet
//! that counts things take a byte or two each.

use fleetward_domain::FormatLevel;
use fleetward_shape::cbor::{Decoder, Error, Fields, Writer, Written, flag, length, to_bytes};

use super::summary::{Body, Buckets, COARSEST_BITS, FINEST_BITS, Summary};
use crate::limits::{EXACT_VALUES, EXTREME_VALUES};

/// How many elements a summary has.
const FIELDS: u64 = 4;
/// The first bits that a bucket of a value that is not below zero can have.
const EXPONENT_BITS: u32 = 11;

impl Summary {
    /// The summary as bytes: `[version, whole, negative, values]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Nothing in it is unknown to any level.
        to_bytes(FormatLevel::CURRENT, |e| self.write(e)).unwrap_or_default()
    }

    /// Reads what [`Summary::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are damaged, or a newer release wrote them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(&mut Decoder::new(bytes))
    }

    pub(crate) fn write(&self, e: &mut Writer) -> Written {
        e.array(FIELDS)?.u8(1)?;
        flag(e, self.is_whole())?;
        e.u64(self.negative())?;
        match self.body() {
            Body::Exact(keys) => {
                e.array(1)?;
                write_steps(e, keys, self.is_whole())
            }
            Body::Buckets(buckets) => {
                e.array(4)?.u8(buckets.bits)?;
                write_counts(e, &buckets.counts)?;
                write_steps(e, &buckets.lowest, self.is_whole())?;
                write_steps(e, &buckets.highest, self.is_whole())
            }
        }
    }

    pub(crate) fn read(d: &mut Decoder<'_>) -> Result<Self, Error> {
        let mut fields = Fields::begin(d, FIELDS)?;
        match fields.required(d, Decoder::u8)? {
            1 => {}
            _ => return Err(Error::message("a summary of a version that is not known")),
        }
        let whole = fields.required(d, Decoder::bool)?;
        let negative = fields.required(d, Decoder::u64)?;
        let body = fields.required(d, |d| match length(d)? {
            1 => Ok(Body::Exact(read_steps(d, whole, EXACT_VALUES)?)),
            4 => Ok(Body::Buckets(read_buckets(d, whole)?)),
            _ => Err(Error::message("a summary has values or buckets")),
        })?;
        Ok(Self::new(whole, negative, body))
    }
}

fn write_counts(e: &mut Writer, counts: &[(u32, u64)]) -> Written {
    e.array(counts.len() as u64)?;
    let mut last = 0;
    for (bucket, count) in counts {
        e.array(2)?.u32(bucket.saturating_sub(last))?.u64(*count)?;
        last = *bucket;
    }
    Ok(())
}

fn read_buckets(d: &mut Decoder<'_>, whole: bool) -> Result<Buckets, Error> {
    let bits = d.u8()?;
    if !(COARSEST_BITS..=FINEST_BITS).contains(&bits) {
        return Err(Error::message("buckets of a width that nobody writes"));
    }
    let end = 1_u32 << (EXPONENT_BITS + u32::from(bits));
    let mut counts: Vec<(u32, u64)> = Vec::new();
    for _ in 0..length(d)? {
        length(d)?;
        let (step, count) = (d.u32()?, d.u64()?);
        let last = counts.last().map(|(bucket, _)| *bucket);
        let bucket = last.map_or(Some(step), |last| last.checked_add(step));
        let rises = last.is_none() || step > 0;
        let bucket = bucket.filter(|bucket| *bucket < end && rises && count > 0);
        counts.push((bucket.ok_or_else(|| Error::message("buckets do not rise"))?, count));
    }
    let lowest = read_steps(d, whole, EXTREME_VALUES)?;
    let highest = read_steps(d, whole, EXTREME_VALUES)?;
    Ok(Buckets { bits, counts, lowest, highest })
}

/// Sorted values: whole numbers as such, others by their bits.
fn write_steps(e: &mut Writer, keys: &[u64], is_whole: bool) -> Written {
    e.array(keys.len() as u64)?;
    let mut last = 0;
    for key in keys {
        let number = if is_whole { f64::from_bits(*key) as u64 } else { *key };
        e.u64(number.saturating_sub(last))?;
        last = number;
    }
    Ok(())
}

fn read_steps(d: &mut Decoder<'_>, is_whole: bool, most: usize) -> Result<Vec<u64>, Error> {
    let count = length(d)?;
    if count > most as u64 {
        return Err(Error::message("a summary of more values than anybody keeps"));
    }
    let mut keys = Vec::new();
    let mut last = 0_u64;
    for _ in 0..count {
        let number = last.checked_add(d.u64()?);
        last = number.ok_or_else(|| Error::message("values past the greatest"))?;
        let value = if is_whole { last as f64 } else { f64::from_bits(last) };
        if !(value >= 0.0 && value.is_finite()) {
            return Err(Error::message("a value that is no number"));
        }
        keys.push(value.to_bits());
    }
    Ok(keys)
}
