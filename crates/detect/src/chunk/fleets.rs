//! What statistical behaviors know of the fleet, in chunk 0 from format 3 on.

use std::collections::BTreeMap;

use fleetward_domain::{BehaviorName, ProfileName};
use fleetward_shape::cbor::{Fields, float, name, optional, value};

use super::{Decoder, Error, Writer, Written, list};
use crate::judge::{Asked, Fleet, Made, Waited};
use crate::partition::Partition;

/// What is known for one behavior.
pub(super) struct StoredFleet {
    profile: ProfileName,
    behavior: BehaviorName,
    generation: u64,
    fleet: Fleet,
}

/// `[[profile, behavior, generation, summed up until, [from, value], [[thing, [windows]]]]]`.
pub(super) fn write(e: &mut Writer, partition: &Partition) -> Written {
    let fleets: Vec<_> = partition.catalog.all_statistical().collect();
    e.array(fleets.len() as u64)?;
    for (rule, criteria) in fleets {
        let fleet = criteria.fleet();
        e.array(6)?.str(rule.profile.name.as_str())?.str(rule.behavior.name.as_str())?;
        e.u64(criteria.generation())?.i64(fleet.summed_ms())?;
        optional(e, true, fleet.made(), |e, made| {
            e.array(2)?.i64(made.from_ms)?;
            optional(e, true, made.value, float)
        })?;
        e.array(fleet.waiting().len() as u64)?;
        for (thing, windows) in fleet.waiting() {
            e.array(2)?.str(thing)?.array(windows.len() as u64)?;
            for waited in windows {
                e.array(3)?.i64(waited.end_ms)?.u8(number_of(waited.asked))?;
                value::write(e, &waited.value)?;
            }
        }
    }
    Ok(())
}

pub(super) fn read(d: &mut Decoder<'_>) -> Result<Vec<StoredFleet>, Error> {
    list(d, |d| {
        let mut fields = Fields::begin(d, 6)?;
        let profile = fields.required(d, name::read)?;
        let behavior = fields.required(d, name::read)?;
        let generation = fields.required(d, Decoder::u64)?;
        let summed_ms = fields.required(d, Decoder::i64)?;
        let made = fields.optional(d, |d| {
            let mut fields = Fields::begin(d, 2)?;
            let from_ms = fields.required(d, Decoder::i64)?;
            Ok(Made { from_ms, value: fields.optional(d, Decoder::f64)? })
        })?;
        let waiting = fields.required(d, |d| list(d, read_waiting))?;
        let waiting: BTreeMap<_, _> = waiting.into_iter().collect();
        let fleet = Fleet::restore(summed_ms, made, waiting);
        Ok(StoredFleet { profile, behavior, generation, fleet })
    })
}

/// Gives the behaviors what they knew.
pub(super) fn restore(fleets: Vec<StoredFleet>, partition: &Partition) {
    for StoredFleet { profile, behavior, generation, fleet } in fleets {
        partition.catalog.restore_fleet((&profile, &behavior, generation), fleet);
    }
}

fn read_waiting(d: &mut Decoder<'_>) -> Result<(String, Vec<Waited>), Error> {
    let mut fields = Fields::begin(d, 2)?;
    let thing = fields.required(d, name::text)?;
    let windows = fields.required(d, |d| {
        list(d, |d| {
            let mut fields = Fields::begin(d, 3)?;
            Ok(Waited {
                end_ms: fields.required(d, Decoder::i64)?,
                asked: fields.required(d, read_asked)?,
                value: fields.required(d, value::read)?,
            })
        })
    })?;
    Ok((thing, windows))
}

fn number_of(asked: Asked) -> u8 {
    match asked {
        Asked::All => 0,
        Asked::Upper => 1,
        Asked::Early => 2,
    }
}

fn read_asked(d: &mut Decoder<'_>) -> Result<Asked, Error> {
    match d.u8()? {
        0 => Ok(Asked::All),
        1 => Ok(Asked::Upper),
        2 => Ok(Asked::Early),
        _ => Err(Error::message("a question that nobody asks")),
    }
}
