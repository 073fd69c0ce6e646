//! Format 1, of the first release: every rule has a window of its own, and all rules of a thing
//! stand in the order of its plan, so that a chunk means something only beside the header of the
//! same commit.

use fleetward_domain::EpochMs;
use fleetward_shape::cbor::{name, write_list};

use super::stored_thing::{
    HEAD_FIELDS, StoredThing, read_head, read_open, remember, started_ms, tell_datapoints,
    write_head, write_open,
};
use super::windows::{StoredWindow, restore};
use super::{Decoder, Error, Writer, Written, length, list, put_back, unreadable};
use crate::catalog::AudienceKey;
use crate::error::DetectError;
use crate::measure::{ReaderId, Scene};
use crate::partition::Partition;
use crate::rule::Run;
use crate::thing_state::{OpenViolation, ThingState};

/// The window violates already.
const JUDGED: u8 = 1;
/// A report in the window carried the counter.
const FED: u8 = 2;
/// Some of the window was not counted.
const PARTIAL: u8 = 4;
/// A violation is open.
const OPEN: u8 = 8;

/// Writes one chunk of things. They name their audience by its place in a list that stands before
/// them, since many share one.
pub(super) fn write(e: &mut Writer, chunk: u32, partition: &Partition) -> Written {
    let mut audiences: Vec<(u32, &AudienceKey)> = Vec::new();
    let mut things = Vec::new();
    for (place, thing) in partition.things.chunk(chunk) {
        let own = thing.audience;
        let known = audiences.iter().position(|(audience, _)| *audience == own);
        if known.is_none() {
            let Some(found) = partition.catalog.audiences.get(own) else { continue };
            audiences.push((own, &found.key));
        }
        things.push((place, known.unwrap_or(audiences.len().saturating_sub(1)), thing));
    }
    e.array(3)?.u8(1)?;
    e.array(audiences.len() as u64)?;
    for (_, key) in audiences {
        e.array(2)?.bool(key.registered)?;
        write_list(e, &key.groups, |e, group| name::write(e, group.as_str()))?;
    }
    e.array(things.len() as u64)?;
    for (place, audience, thing) in things {
        let found = partition.catalog.scene(thing.audience, &partition.clock);
        let Some((_, scene)) = found else { continue };
        e.array(HEAD_FIELDS + 2)?;
        write_head(e, (place, audience), thing.measured.doors_last(), thing)?;
        write_rules(e, thing, scene)?;
        write_open(e, thing.judged.open())?;
    }
    Ok(())
}

fn write_rules(e: &mut Writer, thing: &ThingState, scene: Scene<'_>) -> Written {
    e.array(scene.plan.beginning().len() as u64)?;
    for (id, _) in ReaderId::number(scene.plan.beginning()) {
        let run = thing.judged.run(id);
        let window = StoredWindow::of_reader(thing, scene, id).unwrap_or_default();
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(run.is_judged(), JUDGED)
            | flag(window.fed, FED)
            | flag(window.partial, PARTIAL)
            | flag(run.is_open(), OPEN);
        let (violating, conforming) = (run.length().max(0), run.length().min(0));
        e.array(6)?.u64(window.sum)?.i64(started_ms(thing, id, run))?.u32(window.number)?;
        e.u8(violating.unsigned_abs())?.u8(conforming.unsigned_abs())?.u8(flags)?;
    }
    Ok(())
}

/// Reads one chunk of things into a partition that has its header.
pub(super) fn read(
    chunk: u32,
    d: &mut Decoder<'_>,
    partition: &mut Partition,
) -> Result<(), DetectError> {
    let audiences = read_audiences(d, partition).map_err(|error| unreadable(chunk, &error))?;
    let count = length(d).map_err(|error| unreadable(chunk, &error))?;
    for _ in 0..count {
        let thing = Thing::read(d).map_err(|error| unreadable(chunk, &error))?;
        let audience = usize::try_from(thing.head.audience).ok();
        let audience = audience.and_then(|at| audiences.get(at)).copied();
        let audience = audience
            .ok_or_else(|| unreadable(chunk, &Error::message("a thing has no audience")))?;
        let (place, name) = (thing.head.place, thing.head.name.as_str().to_owned());
        let reports = thing.head.reports.clone();
        let state = thing.into_state(audience, partition);
        let state = state.ok_or(DetectError::Mismatch { chunk, thing: name })?;
        let at = put_back(partition, chunk, place, state)?;
        remember(partition, at, &reports);
    }
    Ok(())
}

fn read_audiences(d: &mut Decoder<'_>, partition: &mut Partition) -> Result<Vec<u32>, Error> {
    list(d, |d| {
        length(d)?;
        let key = AudienceKey::new(d.bool()?, &list(d, name::read)?);
        Ok(partition.catalog.audience(key))
    })
}

/// A thing as it stands in the chunk.
struct Thing {
    head: StoredThing,
    windows: Vec<StoredWindow>,
    runs: Vec<Run>,
    open: Vec<OpenViolation>,
}

impl Thing {
    fn read(d: &mut Decoder<'_>) -> Result<Self, Error> {
        length(d)?;
        let head = read_head(d)?;
        let (windows, mut runs): (_, Vec<_>) = list(d, read_rule)?.into_iter().unzip();
        let mut open = read_open(d)?;
        tell_datapoints(&head, &mut runs, &mut open);
        Ok(Self { head, windows, runs, open })
    }

    /// None if it is not of the plan that its audience has.
    fn into_state(self, audience: u32, partition: &Partition) -> Option<ThingState> {
        let (plan, scene) = partition.catalog.scene(audience, &partition.clock)?;
        let is_open = |rule: ReaderId| rule.of(&self.runs).is_some_and(|run| run.is_open());
        let flagged = self.runs.iter().filter(|run| run.is_open()).count();
        if plan.rules.len() != self.runs.len()
            || flagged != self.open.len()
            || !self.open.iter().all(|open| is_open(open.rule))
        {
            return None;
        }
        let mut state = ThingState::new(&self.head.name, audience, scene, EpochMs::MIN);
        self.head.restore(&mut state);
        let of_reader = |reader: ReaderId| reader.of(&self.windows).copied();
        restore(&mut state, scene, of_reader, partition.clock.now_ms);
        for (rule, run) in ReaderId::number(&self.runs) {
            state.judged.set_run(rule, *run);
        }
        for open in self.open {
            let Some(rule) = open.rule.of(&plan.rules) else { continue };
            state.judged.open_violation(OpenViolation { severity: rule.severity, ..open });
        }
        Some(state)
    }
}

fn read_rule(d: &mut Decoder<'_>) -> Result<(StoredWindow, Run), Error> {
    length(d)?;
    let (sum, started_ms, number) = (d.u64()?, d.i64()?, d.u32()?);
    let [violating, conforming] = [d.u8()?, d.u8()?].map(|n| i8::try_from(n).unwrap_or(i8::MAX));
    let flags = d.u8()?;
    let length = if violating > 0 { violating } else { -conforming };
    let mut run = Run::restore(started_ms, length);
    run.set_judged(flags & JUDGED != 0);
    run.set_open(flags & OPEN != 0);
    let (fed, partial) = (flags & FED != 0, flags & PARTIAL != 0);
    Ok((StoredWindow { sum, number, fed, partial, ..StoredWindow::default() }, run))
}
