//! What a front door counted: `[door, boot, seq, thing, until, connected, counts]`, a count
//! `[metric, dimension, value]`.

use fleetward_domain::{Activity, Count};
use fleetward_shape::cbor::{
    Decoder, Error, Fields, Writer, Written, metric, name, optional, read_list, write_list,
};

pub(super) fn write(e: &mut Writer, activity: &Activity) -> Written {
    e.array(7)?.str(&activity.door)?.u64(activity.boot)?.u64(activity.seq)?;
    e.str(activity.thing.as_str())?.i64(activity.until_ms)?.bool(activity.connected)?;
    write_list(e, &activity.counts, write_count)
}

pub(super) fn read(d: &mut Decoder<'_>) -> Result<Activity, Error> {
    let mut fields = Fields::begin(d, 7)?;
    Ok(Activity {
        door: fields.required(d, name::text)?,
        boot: fields.required(d, Decoder::u64)?,
        seq: fields.required(d, Decoder::u64)?,
        thing: fields.required(d, name::read)?,
        until_ms: fields.required(d, Decoder::i64)?,
        connected: fields.required(d, Decoder::bool)?,
        counts: fields.required(d, |d| read_list(d, read_count))?,
    })
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
