//! Format 3: the names of format 2, and what windows that close by the line need: one number for
//! all windows of a length, since when each behavior counts, what waits for the line, and the
//! reports of ten minutes. Of runs only those stand here that say something.

use fleetward_domain::{EpochMs, ThingName};
use fleetward_shape::cbor::write_list;

use super::absences::{self, StoredWatch};
use super::format2::names::{Layout, Named, Names};
use super::format2::restore::{Arrival, Restored};
use super::restored::Begun;
use super::stored_thing::{read_open_dated, write_open_dated};
use super::{Decoder, Error, Writer, Written, length, list, put_back, unreadable};
use crate::error::DetectError;
use crate::measure::{Begins, Clock, Grown, MeasuredThing, Own, ReaderId, Scene, Seen, Waiting};
use crate::partition::Partition;
use crate::rule::Run;
use crate::thing_state::{OpenViolation, ThingState};

/// The window violates already.
const JUDGED: u8 = 1;
/// A violation is open.
const OPEN: u8 = 2;
/// How many elements a thing has.
const FIELDS: u64 = 15;

/// A thing as it stands in the chunk: series and behaviors by their places in its layout.
struct Thing {
    place: u32,
    audience: u64,
    name: ThingName,
    transitions: u32,
    doors: u64,
    seen_ms: EpochMs,
    from_ms: EpochMs,
    reports: Vec<Seen>,
    /// By length of the layout's series, the shortest first: number, latest and marks.
    lengths: Vec<(u32, EpochMs, u8)>,
    grown: Vec<Grown>,
    own: Vec<Own>,
    waiting: Vec<Waiting>,
    runs: Vec<(ReaderId, Run)>,
    open: Vec<OpenViolation>,
    watches: Vec<StoredWatch>,
}

/// Writes one chunk of things.
pub(super) fn write(e: &mut Writer, chunk: u32, partition: &Partition) -> Written {
    let mut names = Names::default();
    let mut things = Vec::new();
    for (place, thing) in partition.things.chunk(chunk) {
        let Some(audience) = names.name(thing, partition) else { continue };
        things.push((place, audience, thing));
    }
    e.array(8)?.u8(3)?;
    names.write(e, partition, true)?;
    e.array(things.len() as u64)?;
    for (place, audience, thing) in things {
        let at = chunk.saturating_mul(crate::limits::THINGS_PER_CHUNK).saturating_add(place);
        let (measured, judged) = (&thing.measured, &thing.judged);
        let doors = |doors| names.doors_in_chunk(doors);
        e.array(FIELDS)?.u32(place)?.u64(audience as u64)?;
        e.str(thing.name.as_str())?.u32(judged.transitions())?.u64(doors(measured.doors()))?;
        e.i64(measured.seen_ms)?.i64(measured.from_ms)?;
        write_list(e, &partition.repeats.of_thing(at, thing.reported), |e, seen| {
            e.array(2)?.u64(seen.report)?.i64(seen.at_ms)?;
            Ok(())
        })?;
        // Few things have any of what follows: an empty list is a byte.
        write_windows(e, thing, partition)?;
        write_list(e, measured.own(), |e, own| {
            e.array(4)?.u32(own.reader.place())?.i64(own.begin_ms)?;
            e.u64(own.grown.value)?.u8(own.grown.marks)?;
            Ok(())
        })?;
        write_list(e, measured.waiting(), |e, waiting| {
            e.array(5)?.i64(waiting.since_ms)?.i64(waiting.at_ms)?.u64(doors(waiting.doors))?;
            e.bool(waiting.is_seen)?;
            write_list(e, &waiting.grown, write_grown)
        })?;
        write_list(e, judged.runs(), |e, (rule, run)| {
            let flags = (u8::from(run.is_judged()) * JUDGED) | (u8::from(run.is_open()) * OPEN);
            e.array(4)?.u32(rule.place())?.i64(run.started_ms())?.i8(run.length())?.u8(flags)?;
            Ok(())
        })?;
        write_open_dated(e, judged.open())?;
        absences::write(e, partition.absences.of(at))?;
    }
    Ok(())
}

fn write_windows(e: &mut Writer, thing: &ThingState, partition: &Partition) -> Written {
    let plan = partition.catalog.plan(thing.audience);
    let layout = plan.map(|plan| plan.measures.layout()).unwrap_or_default();
    let words = &thing.measured.words;
    e.array(layout.lengths as u64)?;
    for length in 0..layout.lengths {
        e.array(3)?.u32(layout.number(words, length))?;
        e.i64(layout.latest_ms(words, length))?.u8(layout.of_length(words, length))?;
    }
    e.array(layout.slots as u64)?;
    for slot in 0..layout.slots {
        let value = thing.measured.value(layout, slot);
        let grown = Grown { value, marks: layout.of_slot(words, slot) };
        write_grown(e, &grown)?;
    }
    Ok(())
}

fn write_grown(e: &mut Writer, grown: &Grown) -> Written {
    e.array(2)?.u64(grown.value)?.u8(grown.marks)?;
    Ok(())
}

fn read_grown(d: &mut Decoder<'_>) -> Result<Grown, Error> {
    length(d)?;
    Ok(Grown { value: d.u64()?, marks: d.u8()? })
}

/// Reads one chunk of things into a partition that has its header.
pub(super) fn read(
    chunk: u32,
    d: &mut Decoder<'_>,
    partition: &mut Partition,
) -> Result<(), DetectError> {
    let named = Named::read(d, true).map_err(|error| unreadable(chunk, &error))?;
    let arrivals = Arrival::all(&named, partition).map_err(|error| unreadable(chunk, &error))?;
    for (arrival, begins) in arrivals.iter().zip(&named.begins) {
        restore_begins(arrival, begins, partition);
    }
    // Since when they count has changed.
    let arrivals = Arrival::all(&named, partition).map_err(|error| unreadable(chunk, &error))?;
    let count = length(d).map_err(|error| unreadable(chunk, &error))?;
    for _ in 0..count {
        let mut thing = Thing::read(d).map_err(|error| unreadable(chunk, &error))?;
        let audience = usize::try_from(thing.audience).ok();
        let arrival = audience.and_then(|audience| arrivals.get(audience));
        let Some(arrival) = arrival.filter(|arrival| thing.fits(arrival.layout, &named)) else {
            return Err(DetectError::Mismatch { chunk, thing: thing.name.as_str().to_owned() });
        };
        let doors = |doors| named.doors_in_partition(doors, &partition.doors);
        thing.doors = doors(thing.doors);
        for waiting in &mut thing.waiting {
            waiting.doors = doors(waiting.doors);
        }
        let restored = thing.restore(arrival, &named, &partition.clock);
        let at = put_back(partition, chunk, thing.place, restored.thing)?;
        absences::restore(partition, at, &thing.watches, &arrival.rules_to);
        if let Some(state) = partition.things.restored(at) {
            for seen in &thing.reports {
                partition.repeats.remember(at, &mut state.reported, *seen);
            }
        }
        if !restored.ended.is_empty() {
            // What was dropped must not be there when this is loaded again.
            partition.things.change(at);
            partition.owed.append(&mut { restored.ended });
        }
    }
    Ok(())
}

/// Since when the behaviors of an audience count. Several chunks say the same of one.
fn restore_begins(arrival: &Arrival<'_>, begins: &[EpochMs], partition: &mut Partition) {
    if begins.is_empty() {
        return;
    }
    let of = |from: &Option<usize>| {
        from.and_then(|from| begins.get(from)).copied().unwrap_or(EpochMs::MIN)
    };
    let of_readers = arrival.rules_from.iter().map(of).collect();
    let begins = Begins::new(&arrival.planned.plan.measures, of_readers);
    partition.catalog.set_begins(arrival.audience, begins);
}

impl Thing {
    fn read(d: &mut Decoder<'_>) -> Result<Self, Error> {
        // In the order of the fields: their values are read as they stand.
        length(d)?;
        let (place, audience) = (d.u32()?, d.u64()?);
        let name = ThingName::parse(d.str()?).map_err(|_| Error::message("not a thing's name"))?;
        Ok(Self {
            place,
            audience,
            name,
            transitions: d.u32()?,
            doors: d.u64()?,
            seen_ms: d.i64()?,
            from_ms: d.i64()?,
            reports: list(d, |d| {
                length(d)?;
                Ok(Seen { report: d.u64()?, at_ms: d.i64()? })
            })?,
            lengths: list(d, |d| {
                length(d)?;
                Ok((d.u32()?, d.i64()?, d.u8()?))
            })?,
            grown: list(d, read_grown)?,
            own: list(d, |d| {
                length(d)?;
                let (reader, begin_ms) = (ReaderId::new(d.u32()?), d.i64()?);
                Ok(Own { reader, begin_ms, grown: Grown { value: d.u64()?, marks: d.u8()? } })
            })?,
            waiting: list(d, |d| {
                length(d)?;
                Ok(Waiting {
                    since_ms: d.i64()?,
                    at_ms: d.i64()?,
                    doors: d.u64()?,
                    is_seen: d.bool()?,
                    grown: list(d, read_grown)?.into_boxed_slice(),
                })
            })?,
            runs: list(d, |d| {
                length(d)?;
                let rule = ReaderId::new(d.u32()?);
                let mut run = Run::restore(d.i64()?, d.i8()?);
                let flags = d.u8()?;
                run.set_judged(flags & JUDGED != 0);
                run.set_open(flags & OPEN != 0);
                Ok((rule, run))
            })?,
            open: read_open_dated(d)?,
            watches: absences::read(d)?,
        })
    }

    /// Whether its state is what the names at the chunk's head speak of.
    fn fits(&self, layout: &Layout, named: &Named) -> bool {
        let runs = || self.runs.iter().filter(|(_, run)| run.is_open());
        let is_open = |open: &OpenViolation| runs().any(|(rule, _)| *rule == open.rule);
        let is_named = |rule: ReaderId| rule.of(&layout.behaviors).is_some();
        self.grown.len() == layout.series.len()
            && self.lengths.len() == lengths_of(layout, named).len()
            && self.waiting.iter().all(|waiting| waiting.grown.len() == layout.series.len())
            && self.runs.iter().all(|(rule, _)| is_named(*rule))
            && runs().count() == self.open.len()
            && self.open.iter().all(is_open)
    }

    /// The thing's state under its plan. What is not named there is dropped, and what is new
    /// begins, as if the plan had changed now.
    fn restore(&self, arrival: &Arrival<'_>, named: &Named, clock: &Clock) -> Restored {
        let (scene, now_ms) = (arrival.planned.scene(clock), clock.now_ms);
        let mut thing = ThingState::new(&self.name, arrival.audience, scene, self.from_ms);
        let (measured, plan) = (&mut thing.measured, scene.plan);
        let layout = plan.layout();
        measured.seen_ms = self.seen_ms;
        measured.set_doors(self.doors);
        thing.judged.set_transitions(self.transitions);
        self.restore_lengths(&lengths_of(arrival.layout, named), scene, measured);
        let from = |from: &Option<usize>, grown: &[Grown]| {
            from.and_then(|from| grown.get(from)).copied().unwrap_or_default()
        };
        for (place, slot) in arrival.slots_from.iter().enumerate() {
            let grown = from(slot, &self.grown);
            measured.set_value(layout, place, grown.value);
            layout.set_of_slot(&mut measured.words, place, grown.marks);
        }
        let to = |rule: ReaderId| rule.of(&arrival.rules_to).copied().flatten();
        let own = self.own.iter().filter_map(|own| Some(Own { reader: to(own.reader)?, ..*own }));
        let mut begun = Begun { own: own.collect(), waiting: Vec::new() };
        for (reader, was) in ReaderId::number(&arrival.rules_from) {
            // It was not judged when this was stored.
            if was.is_none() {
                begun.own.push(Own { reader, begin_ms: now_ms, grown: Grown::default() });
            }
        }
        let waiting = self.waiting.iter().map(|waiting| {
            let grown = arrival.slots_from.iter().map(|slot| from(slot, &waiting.grown));
            Waiting { grown: grown.collect(), ..waiting.clone() }
        });
        begun.waiting.extend(waiting);
        begun.give(measured);
        for (rule, run) in &self.runs {
            if let Some(rule) = to(*rule) {
                thing.judged.set_run(rule, *run);
            }
        }
        let ended = arrival.restore_open((&self.open, true), &mut thing, now_ms);
        Restored { thing, ended }
    }
}

impl Thing {
    /// Windows stand where those of the same length stood.
    fn restore_lengths(
        &self,
        stored_lengths: &[EpochMs],
        scene: Scene<'_>,
        measured: &mut MeasuredThing,
    ) {
        let layout = scene.plan.layout();
        for (length, window_ms) in scene.plan.lengths_ms.iter().enumerate() {
            let from = stored_lengths.iter().position(|stored| stored == window_ms);
            if let Some((number, latest_ms, marks)) = from.and_then(|from| self.lengths.get(from)) {
                layout.set_number(&mut measured.words, length, *number);
                layout.reach(&mut measured.words, length, *latest_ms);
                layout.set_of_length(&mut measured.words, length, *marks);
            }
        }
    }
}

/// The lengths of the windows of a layout's series, each once, the shortest first.
fn lengths_of(layout: &Layout, named: &Named) -> Vec<EpochMs> {
    let lengths = layout.series.iter().filter_map(|series| Some(named.series(*series)?.1));
    let mut lengths: Vec<EpochMs> = lengths.collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}
