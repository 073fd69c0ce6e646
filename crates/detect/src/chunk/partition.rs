//! Chunk 0, the partition's own: alike in formats 1 and 2.

use fleetward_domain::{SecurityProfile, Target};
use minicbor::decode::{Decoder, Error};

use super::{Writer, Written, length};
use crate::measure::{Door, Doors};
use crate::partition::Partition;

/// Writes the format and all that follows it.
pub(super) fn write(e: &mut Writer, format: u8, partition: &Partition) -> Written {
    e.array(6)?.u8(format)?;
    e.i64(partition.clock.now_ms)?.i64(partition.clock.ticked_ms)?;
    e.u64(partition.changes_applied)?;
    let doors = partition.doors.places();
    e.array(doors.len() as u64)?;
    for door in doors {
        e.array(4)?.str(&door.name)?.u64(door.boot)?.encode(door.seq)?.i64(door.heard_ms)?;
    }
    let profiles: Vec<_> = partition.catalog.profiles().collect();
    e.encode(profiles)?;
    Ok(())
}

/// Reads what follows the format into a partition that has nothing yet.
pub(super) fn read(d: &mut Decoder<'_>, partition: &mut Partition) -> Result<(), Error> {
    partition.clock.now_ms = d.i64()?;
    partition.clock.ticked_ms = d.i64()?;
    partition.changes_applied = d.u64()?;
    let doors = super::list(d, |d| {
        length(d)?;
        let (name, boot) = (d.str()?.to_owned(), d.u64()?);
        Ok(Door { name, boot, seq: d.decode()?, heard_ms: d.i64()? })
    })?;
    partition.doors = Doors::restore(doors);
    for _ in 0..length(d)? {
        let (profile, targets) = d.decode::<(SecurityProfile, Vec<Target>)>()?;
        partition.catalog.put(&profile, &targets, &partition.settings);
    }
    Ok(())
}
