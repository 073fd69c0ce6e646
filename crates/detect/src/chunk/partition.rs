//! Chunk 0, the partition's own: alike in formats 1 and 2.

use fleetward_shape::cbor::{Fields, name, optional, profile, target, whole, write_list};

use super::{Decoder, Error, Writer, Written, list};
use crate::measure::{Door, Doors};
use crate::partition::Partition;

/// How many elements it has, with the format.
pub(super) const FIELDS: u64 = 6;

/// Writes the format and all that follows it.
pub(super) fn write(e: &mut Writer, format: u8, partition: &Partition) -> Written {
    e.array(FIELDS)?.u8(format)?;
    e.i64(partition.clock.now_ms)?.i64(partition.clock.ticked_ms)?;
    e.u64(partition.changes_applied)?;
    write_list(e, partition.doors.places(), write_door)?;
    let profiles: Vec<_> = partition.catalog.profiles().collect();
    write_list(e, &profiles, |e, (profile, targets)| {
        e.array(2)?;
        profile::write(e, profile)?;
        write_list(e, targets, target::write)
    })
}

/// Reads what follows the format into a partition that has nothing yet.
pub(super) fn read(d: &mut Decoder<'_>, partition: &mut Partition) -> Result<(), Error> {
    partition.clock.now_ms = d.i64()?;
    partition.clock.ticked_ms = d.i64()?;
    partition.changes_applied = d.u64()?;
    partition.doors = Doors::restore(list(d, read_door)?);
    let profiles = list(d, |d| {
        let mut fields = Fields::begin(d, 2)?;
        let profile = fields.required(d, profile::read)?;
        Ok((profile, fields.required(d, |d| list(d, target::read))?))
    })?;
    for (profile, targets) in profiles {
        partition.catalog.put(&profile, &targets, &partition.settings);
    }
    Ok(())
}

fn write_door(e: &mut Writer, door: &Door) -> Written {
    e.array(4)?.str(&door.name)?.u64(door.boot)?;
    optional(e, true, door.seq, whole)?;
    e.i64(door.heard_ms)?;
    Ok(())
}

fn read_door(d: &mut Decoder<'_>) -> Result<Door, Error> {
    let mut fields = Fields::begin(d, 4)?;
    Ok(Door {
        name: fields.required(d, name::text)?,
        boot: fields.required(d, Decoder::u64)?,
        seq: fields.optional(d, Decoder::u64)?,
        heard_ms: fields.required(d, Decoder::i64)?,
    })
}
