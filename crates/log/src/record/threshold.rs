//! A fleet-wide threshold: `[profile, behavior, generation, from, value, things]`.

use fleetward_domain::Threshold;
use fleetward_shape::cbor::{Decoder, Error, Fields, Writer, Written, float, name, optional};

pub(super) fn write(e: &mut Writer, threshold: &Threshold) -> Written {
    e.array(6)?.str(threshold.profile.as_str())?.str(threshold.behavior.as_str())?;
    e.u64(threshold.generation)?.i64(threshold.from_ms)?;
    optional(e, true, threshold.value, float)?;
    e.u64(threshold.things)?;
    Ok(())
}

pub(super) fn read(d: &mut Decoder<'_>) -> Result<Threshold, Error> {
    let mut fields = Fields::begin(d, 6)?;
    Ok(Threshold {
        profile: fields.required(d, name::read)?,
        behavior: fields.required(d, name::read)?,
        generation: fields.required(d, Decoder::u64)?,
        from_ms: fields.required(d, Decoder::i64)?,
        value: fields.optional(d, Decoder::f64)?,
        things: fields.required(d, Decoder::u64)?,
    })
}
