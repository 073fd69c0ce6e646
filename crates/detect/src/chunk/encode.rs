//! Writing chunks.

use minicbor::Encoder;
use minicbor::encode::Error;

use super::{FORMAT, HEADER};
use crate::partition::Partition;
use crate::plan::audience::AudienceKey;
use crate::thing_state::{OpenViolation, RuleState, ThingState};

type Written = Result<(), Error<std::convert::Infallible>>;
type Writer = Encoder<Vec<u8>>;

/// The chunks that changed, by number.
pub(crate) fn take_dirty(partition: &mut Partition) -> Vec<(u32, Vec<u8>)> {
    let mut chunks = Vec::new();
    if std::mem::take(&mut partition.header_dirty) {
        chunks.push((HEADER, written(|e| header(e, partition))));
    }
    for chunk in partition.things.take_dirty() {
        let number = chunk.saturating_add(1);
        chunks.push((number, written(|e| things(e, chunk, partition))));
    }
    chunks
}

/// A vector takes whatever is written to it.
fn written(write: impl FnOnce(&mut Writer) -> Written) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    match write(&mut encoder) {
        Ok(()) => encoder.into_writer(),
        Err(error) => unreachable!("writing to memory failed: {error}"),
    }
}

fn header(e: &mut Writer, partition: &Partition) -> Written {
    e.array(6)?.u8(FORMAT)?;
    e.i64(partition.clock.now_ms)?.i64(partition.clock.ticked_ms)?;
    e.u64(partition.changes_applied)?;
    e.encode(partition.doors.places())?;
    let profiles: Vec<_> = partition.catalog.profiles().collect();
    e.encode(profiles)?;
    Ok(())
}

/// Things name their audience by its place in a list that stands before them, since many share
/// one.
fn things(e: &mut Writer, chunk: u32, partition: &Partition) -> Written {
    let mut audiences: Vec<(u32, &AudienceKey)> = Vec::new();
    let mut things = Vec::new();
    for (place, thing) in partition.things.chunk(chunk) {
        let known = audiences.iter().position(|(audience, _)| *audience == thing.audience);
        let audience = known.unwrap_or(audiences.len());
        if known.is_none() {
            let Some(found) = partition.catalog.audiences.get(thing.audience) else { continue };
            audiences.push((thing.audience, &found.key));
        }
        things.push((place, audience, thing));
    }
    e.array(3)?.u8(FORMAT)?;
    e.array(audiences.len() as u64)?;
    for (_, key) in audiences {
        e.array(2)?.bool(key.registered)?.encode(&key.groups)?;
    }
    e.array(things.len() as u64)?;
    for (place, audience, thing) in things {
        e.array(10)?.u32(place)?.u64(audience as u64)?;
        self::thing(e, thing)?;
    }
    Ok(())
}

fn thing(e: &mut Writer, thing: &ThingState) -> Written {
    e.str(thing.name.as_str())?.u32(thing.transitions)?.u64(thing.doors)?;
    e.i64(thing.seen_ms)?.i64(thing.datapoint_ms)?;
    e.array(thing.reports.iter().count() as u64)?;
    for seen in thing.reports.iter() {
        e.array(2)?.i64(seen.report_id)?.i64(seen.at_ms)?;
    }
    e.array(thing.rules.len() as u64)?;
    for state in &thing.rules {
        rule(e, state)?;
    }
    e.array(thing.open.len() as u64)?;
    for violation in &thing.open {
        open(e, violation)?;
    }
    Ok(())
}

fn rule(e: &mut Writer, state: &RuleState) -> Written {
    e.array(6)?.u64(state.sum)?.i64(state.run_started_ms)?.u32(state.window)?;
    e.u8(state.violating)?.u8(state.conforming)?.u8(state.flags.0)?;
    Ok(())
}

fn open(e: &mut Writer, open: &OpenViolation) -> Written {
    e.array(5)?.u32(open.rule)?.str(&open.id)?.i64(open.started_ms)?.i64(open.last_ms)?;
    e.encode(&open.last_value)?;
    Ok(())
}
