//! Reading chunks.

use fleetward_domain::{GroupName, SecurityProfile, Target, ThingName};
use minicbor::Decoder;
use minicbor::decode::Error;

use super::FORMAT;
use crate::door::{Door, Doors};
use crate::error::DetectError;
use crate::limits::THINGS_PER_CHUNK;
use crate::partition::Partition;
use crate::plan::audience::AudienceKey;
use crate::reports::{RecentReports, Seen};
use crate::thing_state::{Flags, OpenViolation, RuleState, ThingState};

/// Reads chunk 0 into a partition that has nothing yet.
pub(crate) fn header(bytes: &[u8], partition: &mut Partition) -> Result<(), DetectError> {
    let mut d = Decoder::new(bytes);
    format(0, &mut d)?;
    read_header(&mut d, partition).map_err(|error| malformed(0, &error))
}

/// Reads one chunk of things into a partition that has its header.
pub(crate) fn things(
    chunk: u32,
    bytes: &[u8],
    partition: &mut Partition,
) -> Result<(), DetectError> {
    let mut d = Decoder::new(bytes);
    format(chunk, &mut d)?;
    let audiences = read_audiences(&mut d, partition).map_err(|e| malformed(chunk, &e))?;
    let count = length(&mut d).map_err(|error| malformed(chunk, &error))?;
    let first = chunk.saturating_sub(1).saturating_mul(THINGS_PER_CHUNK);
    for _ in 0..count {
        let (place, thing) =
            read_thing(&mut d, &audiences).map_err(|error| malformed(chunk, &error))?;
        let mismatch = || DetectError::Mismatch { chunk, thing: thing.name.as_str().to_owned() };
        if place >= THINGS_PER_CHUNK || !fits(&thing, partition) {
            return Err(mismatch());
        }
        let (audience, name) = (thing.audience, thing.name.as_str().to_owned());
        if !partition.things.insert_at(first.saturating_add(place), thing) {
            return Err(DetectError::Mismatch { chunk, thing: name });
        }
        partition.catalog.audiences.join(audience);
    }
    Ok(())
}

/// Whether a thing's state is that of its plan.
fn fits(thing: &ThingState, partition: &Partition) -> bool {
    let open = |place: u32| {
        thing.rules.get(place as usize).is_some_and(|state| state.flags.has(Flags::OPEN))
    };
    let flagged = thing.rules.iter().filter(|state| state.flags.has(Flags::OPEN)).count();
    partition.catalog.plan(thing.audience).is_some_and(|p| p.rules.len() == thing.rules.len())
        && flagged == thing.open.len()
        && thing.open.iter().all(|violation| open(violation.rule))
}

fn format(chunk: u32, d: &mut Decoder<'_>) -> Result<(), DetectError> {
    let read = |d: &mut Decoder<'_>| {
        length(d)?;
        d.u8()
    };
    match read(d).map_err(|error| malformed(chunk, &error))? {
        FORMAT => Ok(()),
        found => Err(DetectError::Format { chunk, found, known: FORMAT }),
    }
}

fn read_header(d: &mut Decoder<'_>, partition: &mut Partition) -> Result<(), Error> {
    partition.clock.now_ms = d.i64()?;
    partition.clock.ticked_ms = d.i64()?;
    partition.changes_applied = d.u64()?;
    partition.doors = Doors::restore(d.decode::<Vec<Door>>()?);
    for _ in 0..length(d)? {
        let (profile, targets) = d.decode::<(SecurityProfile, Vec<Target>)>()?;
        partition.catalog.put(&profile, &targets, &partition.settings);
    }
    Ok(())
}

fn read_audiences(d: &mut Decoder<'_>, partition: &mut Partition) -> Result<Vec<u32>, Error> {
    let mut audiences = Vec::new();
    for _ in 0..length(d)? {
        length(d)?;
        let registered = d.bool()?;
        let groups = d.decode::<Vec<GroupName>>()?;
        audiences.push(partition.catalog.audience(AudienceKey::new(registered, &groups)));
    }
    Ok(audiences)
}

fn read_thing(d: &mut Decoder<'_>, audiences: &[u32]) -> Result<(u32, ThingState), Error> {
    length(d)?;
    let place = d.u32()?;
    let audience = d.u64()?;
    let audience = usize::try_from(audience).ok().and_then(|at| audiences.get(at)).copied();
    let audience = audience.ok_or_else(|| Error::message("no such audience"))?;
    let name = ThingName::parse(d.str()?).map_err(|_| Error::message("not a thing's name"))?;
    let mut thing = ThingState::new(&name, audience, Box::default());
    thing.transitions = d.u32()?;
    thing.doors = d.u64()?;
    thing.seen_ms = d.i64()?;
    thing.datapoint_ms = d.i64()?;
    let reports = list(d, |d| {
        length(d)?;
        Ok(Seen { report_id: d.i64()?, at_ms: d.i64()? })
    })?;
    thing.reports = RecentReports::restore(reports.into_iter());
    thing.rules = list(d, rule)?.into_boxed_slice();
    thing.open = list(d, open)?;
    Ok((place, thing))
}

fn rule(d: &mut Decoder<'_>) -> Result<RuleState, Error> {
    length(d)?;
    Ok(RuleState {
        sum: d.u64()?,
        run_started_ms: d.i64()?,
        window: d.u32()?,
        violating: d.u8()?,
        conforming: d.u8()?,
        flags: Flags(d.u8()?),
    })
}

fn open(d: &mut Decoder<'_>) -> Result<OpenViolation, Error> {
    length(d)?;
    Ok(OpenViolation {
        rule: d.u32()?,
        id: d.str()?.to_owned(),
        started_ms: d.i64()?,
        last_ms: d.i64()?,
        last_value: d.decode()?,
    })
}

/// Grows as elements come: a length that lies reserves nothing.
fn list<T>(
    d: &mut Decoder<'_>,
    mut element: impl FnMut(&mut Decoder<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    for _ in 0..length(d)? {
        list.push(element(d)?);
    }
    Ok(list)
}

fn length(d: &mut Decoder<'_>) -> Result<u64, Error> {
    d.array()?.ok_or_else(|| Error::message("an array of unknown length"))
}

fn malformed(chunk: u32, error: &Error) -> DetectError {
    DetectError::Malformed { chunk, problem: error.to_string() }
}
