//! Format 2: doors, series, behaviors and audiences are named once, at the chunk's head. A thing
//! refers to those names only, so that its state means the same in any chunk: it can be hashed
//! anew into another number of partitions, and outlives changes of its plan.

pub(super) mod names;
pub(super) mod restore;

use super::stored_thing::{
    HEAD_FIELDS, StoredThing, read_head, read_open, remember, started_ms, tell_datapoints,
    write_head, write_open,
};
use super::windows::StoredWindow;
use super::{Decoder, Error, Writer, Written, length, list, put_back, unreadable};
use crate::error::DetectError;
use crate::measure::{ReaderId, Scene};
use crate::partition::Partition;
use crate::rule::Run;
use crate::thing_state::{OpenViolation, ThingState};
use names::{Named, Names};
use restore::Arrival;

/// Somebody said something of the series in the window.
const FED: u8 = 1;
/// Some of the window was not counted.
const PARTIAL: u8 = 2;
/// The window violates already.
const JUDGED: u8 = 1;
/// A violation is open.
const OPEN: u8 = 2;

/// A thing as it stands in the chunk; windows and runs in the order of its layout.
struct Thing {
    head: StoredThing,
    windows: Vec<StoredWindow>,
    /// Windows that rules have for themselves, by the rule's place in the layout.
    own: Vec<StoredWindow>,
    runs: Vec<Run>,
    open: Vec<OpenViolation>,
}

/// Writes one chunk of things.
pub(super) fn write(e: &mut Writer, chunk: u32, partition: &Partition) -> Written {
    let mut names = Names::default();
    let mut things = Vec::new();
    for (place, thing) in partition.things.chunk(chunk) {
        let Some(audience) = names.name(thing, partition) else { continue };
        things.push((place, audience, thing));
    }
    e.array(8)?.u8(2)?;
    names.write(e, partition, false)?;
    e.array(things.len() as u64)?;
    for (place, audience, thing) in things {
        let found = partition.catalog.scene(thing.audience, &partition.clock);
        let Some((_, scene)) = found else { continue };
        e.array(HEAD_FIELDS + 4)?;
        let doors = names.doors_in_chunk(thing.measured.doors_last());
        write_head(e, (place, audience), doors, thing)?;
        write_windows(e, thing, scene)?;
        e.array(scene.plan.beginning().len() as u64)?;
        for (rule, _) in ReaderId::number(scene.plan.beginning()) {
            let run = thing.judged.run(rule);
            let flags = flag(run.is_judged(), JUDGED) | flag(run.is_open(), OPEN);
            e.array(3)?.i64(started_ms(thing, rule, run))?.i8(run.length())?.u8(flags)?;
        }
        write_open(e, thing.judged.open())?;
    }
    Ok(())
}

fn write_windows(e: &mut Writer, thing: &ThingState, scene: Scene<'_>) -> Written {
    let flags = |window: &StoredWindow| flag(window.fed, FED) | flag(window.partial, PARTIAL);
    e.array(scene.plan.slots.len() as u64)?;
    for place in 0..scene.plan.slots.len() {
        let window = StoredWindow::of_slot(thing, scene, place);
        e.array(3)?.u64(window.sum)?.u32(window.number)?.u8(flags(&window))?;
    }
    let own = StoredWindow::own(thing, scene);
    e.array(own.len() as u64)?;
    for window in own {
        e.array(4)?.u64(window.sum)?.u32(window.number)?.u8(flags(&window))?.u16(window.owner)?;
    }
    Ok(())
}

fn flag(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

/// Reads one chunk of things into a partition that has its header.
pub(super) fn read(
    chunk: u32,
    d: &mut Decoder<'_>,
    partition: &mut Partition,
) -> Result<(), DetectError> {
    let named = Named::read(d, false).map_err(|error| unreadable(chunk, &error))?;
    let arrivals = Arrival::all(&named, partition).map_err(|error| unreadable(chunk, &error))?;
    let count = length(d).map_err(|error| unreadable(chunk, &error))?;
    for _ in 0..count {
        let mut thing = Thing::read(d).map_err(|error| unreadable(chunk, &error))?;
        let audience = usize::try_from(thing.head.audience).ok();
        let arrival = audience.and_then(|audience| arrivals.get(audience));
        let fits = arrival.filter(|arrival| thing.fits(arrival.layout));
        let Some(arrival) = fits else {
            let thing = thing.head.name.as_str().to_owned();
            return Err(DetectError::Mismatch { chunk, thing });
        };
        thing.head.doors = named.doors_in_partition(thing.head.doors, &partition.doors);
        let restored = arrival.restore(&thing, &partition.clock);
        let at = put_back(partition, chunk, thing.head.place, restored.thing)?;
        remember(partition, at, &thing.head.reports);
        if !restored.ended.is_empty() {
            // What was dropped must not be there when this is loaded again.
            partition.things.change(at);
            partition.owed.append(&mut { restored.ended });
        }
    }
    Ok(())
}

impl Thing {
    fn read(d: &mut Decoder<'_>) -> Result<Self, Error> {
        length(d)?;
        let mut thing = Self {
            head: read_head(d)?,
            windows: list(d, |d| read_window(d, false))?,
            own: list(d, |d| read_window(d, true))?,
            runs: list(d, read_run)?,
            open: read_open(d)?,
        };
        tell_datapoints(&thing.head, &mut thing.runs, &mut thing.open);
        Ok(thing)
    }

    /// Whether its state is what the names at the chunk's head speak of.
    fn fits(&self, layout: &names::Layout) -> bool {
        let is_open = |rule: ReaderId| rule.of(&self.runs).is_some_and(|run| run.is_open());
        self.windows.len() == layout.series.len()
            && self.runs.len() == layout.behaviors.len()
            && self.runs.iter().filter(|run| run.is_open()).count() == self.open.len()
            && self.open.iter().all(|open| is_open(open.rule))
    }
}

fn read_window(d: &mut Decoder<'_>, has_owner: bool) -> Result<StoredWindow, Error> {
    length(d)?;
    let (sum, number, flags) = (d.u64()?, d.u32()?, d.u8()?);
    let owner = if has_owner { d.u16()? } else { 0 };
    Ok(StoredWindow { sum, number, owner, fed: flags & FED != 0, partial: flags & PARTIAL != 0 })
}

fn read_run(d: &mut Decoder<'_>) -> Result<Run, Error> {
    length(d)?;
    let mut run = Run::restore(d.i64()?, d.i8()?);
    let flags = d.u8()?;
    run.set_judged(flags & JUDGED != 0);
    run.set_open(flags & OPEN != 0);
    Ok(run)
}
