//! What a front door counted: `[door, boot, seq, thing, until, connected, counts]`, a count
//! `[metric, dimension, value]`. What is more than counts follows in a record of its own number:
//! `[.., sizes, sources, away since, since]`, a size `[dimension, min, max, total, messages]`, a
//! source `[dimension, address]`.

use std::net::{IpAddr, Ipv6Addr};

use fleetward_domain::{Activity, Count, EpochMs, Sizes, Source};
use fleetward_shape::cbor::{
    Decoder, Error, Fields, Writer, Written, dimension, metric, name, optional, read_list,
    write_list,
};

/// Fields of one that only counts.
pub(super) const COUNTED: u64 = 7;
/// Fields of one that says more.
pub(super) const MEASURED: u64 = 11;

/// Whether it says more than the first release could.
pub(super) fn says_more(activity: &Activity) -> bool {
    let Activity { sizes, sources, away_since_ms, since_ms, .. } = activity;
    !sizes.is_empty() || !sources.is_empty() || away_since_ms.is_some() || since_ms.is_some()
}

/// Writes the first `fields` of it.
pub(super) fn write(e: &mut Writer, activity: &Activity, fields: u64) -> Written {
    e.array(fields)?.str(&activity.door)?.u64(activity.boot)?.u64(activity.seq)?;
    e.str(activity.thing.as_str())?.i64(activity.until_ms)?.bool(activity.connected)?;
    write_list(e, &activity.counts, write_count)?;
    if fields == COUNTED {
        return Ok(());
    }
    write_list(e, &activity.sizes, write_sizes)?;
    write_list(e, &activity.sources, write_source)?;
    optional(e, true, activity.away_since_ms, write_time)?;
    optional(e, true, activity.since_ms, write_time)
}

fn write_time(e: &mut Writer, at_ms: EpochMs) -> Written {
    e.i64(at_ms)?;
    Ok(())
}

/// Reads one of so many fields.
pub(super) fn read(d: &mut Decoder<'_>, known: u64) -> Result<Activity, Error> {
    let mut fields = Fields::begin(d, known)?;
    let mut activity = Activity {
        door: fields.required(d, name::text)?,
        boot: fields.required(d, Decoder::u64)?,
        seq: fields.required(d, Decoder::u64)?,
        thing: fields.required(d, name::read)?,
        until_ms: fields.required(d, Decoder::i64)?,
        since_ms: None,
        connected: fields.required(d, Decoder::bool)?,
        counts: fields.required(d, |d| read_list(d, read_count))?,
        sizes: Vec::new(),
        sources: Vec::new(),
        away_since_ms: None,
    };
    if known == MEASURED {
        activity.sizes = fields.required(d, |d| read_list(d, read_sizes))?;
        activity.sources = fields.required(d, |d| read_list(d, read_source))?;
        activity.away_since_ms = fields.optional(d, Decoder::i64)?;
        activity.since_ms = fields.optional(d, Decoder::i64)?;
    }
    Ok(activity)
}

fn write_count(e: &mut Writer, count: &Count) -> Written {
    e.array(3)?;
    metric::write(e, &count.metric)?;
    optional(e, true, count.dimension.as_ref(), |e, name| name::write(e, name.as_str()))?;
    e.u64(count.value)?;
    Ok(())
}

fn read_count(d: &mut Decoder<'_>) -> Result<Count, Error> {
    let mut fields = Fields::begin(d, 3)?;
    Ok(Count {
        metric: fields.required(d, metric::read)?,
        dimension: fields.optional(d, name::read)?,
        value: fields.required(d, Decoder::u64)?,
    })
}

fn write_sizes(e: &mut Writer, sizes: &Sizes) -> Written {
    e.array(5)?;
    optional(e, true, sizes.dimension.as_ref(), dimension::write)?;
    e.u64(sizes.min)?.u64(sizes.max)?.u64(sizes.total)?.u64(sizes.messages)?;
    Ok(())
}

fn read_sizes(d: &mut Decoder<'_>) -> Result<Sizes, Error> {
    let mut fields = Fields::begin(d, 5)?;
    Ok(Sizes {
        dimension: fields.optional(d, dimension::read)?,
        min: fields.required(d, Decoder::u64)?,
        max: fields.required(d, Decoder::u64)?,
        total: fields.required(d, Decoder::u64)?,
        messages: fields.required(d, Decoder::u64)?,
    })
}

/// An address is its bytes: four, or sixteen.
fn write_source(e: &mut Writer, source: &Source) -> Written {
    e.array(2)?;
    optional(e, true, source.dimension.as_ref(), dimension::write)?;
    match source.address {
        IpAddr::V4(address) => e.bytes(&address.octets())?,
        IpAddr::V6(address) => e.bytes(&address.octets())?,
    };
    Ok(())
}

fn read_source(d: &mut Decoder<'_>) -> Result<Source, Error> {
    let mut fields = Fields::begin(d, 2)?;
    Ok(Source {
        dimension: fields.optional(d, dimension::read)?,
        address: fields.required(d, read_address)?,
    })
}

fn read_address(d: &mut Decoder<'_>) -> Result<IpAddr, Error> {
    let bytes = d.bytes()?;
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    v4.or_else(|_| v6()).map_err(|_| Error::message("an address of neither 4 nor 16 bytes"))
}
