//! Chunk 0, the partition's own: alike in formats 1 and 2; format 3 says more of time and of the
//! fleet.

use fleetward_shape::cbor::{Fields, name, optional, profile, target, whole, write_list};

use fleetward_domain::EpochMs;

use super::{Decoder, Error, Writer, Written, fleets, length, list};
use crate::catalog::UNREGISTERED;
use crate::measure::{Begins, Clock, Door, Doors};
use crate::partition::Partition;

/// How long releases of formats 1 and 2 kept windows open after their end.
const GRACE_MS: EpochMs = 500;

/// How many elements it has in a format, with the format.
pub(super) fn fields(format: u8) -> u64 {
    if has_line(format) { 12 } else { 6 }
}

/// Whether the format knows the line, and what it stands on.
fn has_line(format: u8) -> bool {
    format >= 3
}

/// Writes the format and all that follows it.
pub(super) fn write(e: &mut Writer, format: u8, partition: &Partition) -> Written {
    let Clock { now_ms, line_ms, uncounted, skew_ms, woke_ms } = &partition.clock;
    let grace_ms = if has_line(format) { 0 } else { GRACE_MS };
    e.array(fields(format))?.u8(format)?;
    e.i64(*now_ms)?.i64(line_ms.saturating_add(grace_ms))?;
    e.u64(partition.changes_applied)?;
    write_list(e, partition.doors.places(), |e, door| write_door(e, format, door))?;
    let profiles: Vec<_> = partition.catalog.profiles().collect();
    write_list(e, &profiles, |e, (profile, targets)| {
        e.array(2)?;
        profile::write(e, profile)?;
        write_list(e, targets, target::write)
    })?;
    if has_line(format) {
        write_list(e, uncounted, |e, (from_ms, until_ms)| {
            e.array(2)?.i64(*from_ms)?.i64(*until_ms)?;
            Ok(())
        })?;
        e.i64(*skew_ms)?.i64(*woke_ms)?;
        // Of all other audiences the chunks of their things say it.
        let strangers = partition.catalog.unregistered();
        let begins = strangers.map_or(&[][..], |strangers| strangers.planned.begins.of_readers());
        write_list(e, begins, |e, begin_ms| {
            e.i64(*begin_ms)?;
            Ok(())
        })?;
        fleets::write(e, partition)?;
        e.i64(partition.absences.counted_ms)?;
    }
    Ok(())
}

/// Reads what follows the format into a partition that has nothing yet.
pub(super) fn read(
    d: &mut Decoder<'_>,
    format: u8,
    partition: &mut Partition,
) -> Result<(), Error> {
    partition.clock.now_ms = d.i64()?;
    // Releases of formats 1 and 2 kept a window open for so long after its end.
    let grace_ms = if has_line(format) { 0 } else { GRACE_MS };
    partition.clock.line_ms = d.i64()?.saturating_sub(grace_ms);
    partition.changes_applied = d.u64()?;
    partition.doors = Doors::restore(list(d, |d| read_door(d, format))?);
    let profiles = list(d, |d| {
        let mut fields = Fields::begin(d, 2)?;
        let profile = fields.required(d, profile::read)?;
        Ok((profile, fields.required(d, |d| list(d, target::read))?))
    })?;
    for (profile, targets) in profiles {
        partition.catalog.put(&profile, &targets, &partition.settings, EpochMs::MIN);
    }
    if has_line(format) {
        partition.clock.uncounted = list(d, |d| {
            length(d)?;
            Ok((d.i64()?, d.i64()?))
        })?;
        (partition.clock.skew_ms, partition.clock.woke_ms) = (d.i64()?, d.i64()?);
        let begins = list(d, Decoder::i64)?;
        if let Some(plan) = partition.catalog.plan(UNREGISTERED).cloned() {
            partition.catalog.set_begins(UNREGISTERED, Begins::new(&plan.measures, begins));
        }
        fleets::restore(fleets::read(d)?, partition);
        partition.absences.counted_ms = d.i64()?;
    } else {
        partition.doors.all_flushed(partition.clock.line_ms);
    }
    Ok(())
}

fn write_door(e: &mut Writer, format: u8, door: &Door) -> Written {
    e.array(if has_line(format) { 6 } else { 4 })?.str(&door.name)?.u64(door.boot)?;
    optional(e, true, door.seq, whole)?;
    e.i64(door.heard_ms)?;
    if has_line(format) {
        e.i64(door.until_ms)?.bool(door.is_gone)?;
    }
    Ok(())
}

fn read_door(d: &mut Decoder<'_>, format: u8) -> Result<Door, Error> {
    let mut fields = Fields::begin(d, if has_line(format) { 6 } else { 4 })?;
    Ok(Door {
        name: fields.required(d, name::text)?,
        boot: fields.required(d, Decoder::u64)?,
        seq: fields.optional(d, Decoder::u64)?,
        heard_ms: fields.required(d, Decoder::i64)?,
        until_ms: fields.optional(d, Decoder::i64)?.unwrap_or(0),
        is_gone: fields.optional(d, Decoder::bool)?.unwrap_or(false),
    })
}
