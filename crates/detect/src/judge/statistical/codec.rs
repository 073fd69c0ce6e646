//! Summaries as bytes: for the store, on their way to whoever merges them, and in a partition's
//! state. Sorted lists stand as the steps between their elements, so that the values of a fleet
//! that counts things take a byte or two each.

use fleetward_domain::{FormatLevel, Percentile};
use fleetward_shape::cbor::{Decoder, Error, Fields, Writer, Written, flag, length, to_bytes};

use super::summary::{Body, Buckets, COARSEST_BITS, FINEST_BITS, Summary};
use crate::limits::{EXACT_VALUES, EXTREME_VALUES};

/// How many elements a summary has.
const FIELDS: u64 = 5;
/// The first bits that a bucket of a value that is not below zero can have.
const EXPONENT_BITS: u32 = 11;

/// A summary with what is asked of it, as bytes: `[version, statistic, whole, negative, values]`.
#[must_use]
pub fn encode(statistic: Percentile, summary: &Summary) -> Vec<u8> {
    let write = |e: &mut Writer| {
        e.array(FIELDS)?.u8(1)?.str(statistic.as_str())?;
        flag(e, summary.is_whole())?;
        e.u64(summary.negative())?;
        write_body(e, summary)
    };
    // Nothing in it is unknown to any level.
    to_bytes(FormatLevel::CURRENT, write).unwrap_or_default()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// If the bytes are damaged, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<(Percentile, Summary), Error> {
    let d = &mut Decoder::new(bytes);
    let mut fields = Fields::begin(d, FIELDS)?;
    match fields.required(d, Decoder::u8)? {
        1 => {}
        _ => return Err(Error::message("a summary of a version that is not known")),
    }
    let statistic = Percentile::parse(fields.required(d, Decoder::str)?);
    let statistic = statistic.ok_or_else(|| Error::message("a percentile that is not known"))?;
    let whole = fields.required(d, Decoder::bool)?;
    let negative = fields.required(d, Decoder::u64)?;
    let body = fields.required(d, |d| match length(d)? {
        1 => Ok(Body::Exact(read_steps(d, whole, EXACT_VALUES)?)),
        4 => Ok(Body::Buckets(read_buckets(d, whole)?)),
        _ => Err(Error::message("a summary has values or buckets")),
    })?;
    Ok((statistic, Summary::new(whole, negative, body)))
}

fn write_body(e: &mut Writer, summary: &Summary) -> Written {
    match summary.body() {
        Body::Exact(keys) => {
            e.array(1)?;
            write_steps(e, keys, summary.is_whole())
        }
        Body::Buckets(buckets) => {
            e.array(4)?.u8(buckets.bits)?;
            write_counts(e, &buckets.counts)?;
            write_steps(e, &buckets.lowest, summary.is_whole())?;
            write_steps(e, &buckets.highest, summary.is_whole())
        }
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
