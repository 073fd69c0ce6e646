//! What formats 1 and 2 say alike of a thing.

use fleetward_domain::{EpochMs, Severity, ThingName};
use fleetward_shape::cbor::value;

use super::{Decoder, Error, Writer, Written, length, list};
use crate::measure::{ReaderId, Seen, fingerprint};
use crate::partition::Partition;
use crate::rule::Run;
use crate::thing_state::{OpenViolation, ThingState};

/// A thing without its windows and runs.
pub(super) struct StoredThing {
    /// Its place in the chunk.
    pub(super) place: u32,
    /// The place of its audience in the chunk's list.
    pub(super) audience: u64,
    pub(super) name: ThingName,
    transitions: u32,
    /// A bit each; whose, the format says.
    pub(super) doors: u64,
    seen_ms: EpochMs,
    /// The thing's last datapoint of any behavior: these formats know no others.
    pub(super) datapoint_ms: EpochMs,
    /// Ids of reports, and when they came: of releases that remembered the last four.
    pub(super) reports: Vec<(i64, EpochMs)>,
}

/// How many elements [`write_head`] writes.
pub(super) const HEAD_FIELDS: u64 = 8;

pub(super) fn write_head(
    e: &mut Writer,
    (place, audience): (u32, usize),
    doors: u64,
    thing: &ThingState,
) -> Written {
    let (measured, judged) = (&thing.measured, &thing.judged);
    e.u32(place)?.u64(audience as u64)?;
    e.str(thing.name.as_str())?.u32(judged.transitions())?.u64(doors)?;
    // Asked for by releases that judge silence by thing, and only while something is open.
    let datapoints_ms = judged.open().iter().map(|open| open.datapoint_ms);
    let datapoint_ms = datapoints_ms.max().unwrap_or(EpochMs::MIN);
    e.i64(measured.seen_ms)?.i64(datapoint_ms)?;
    // Reports are remembered by their content, which these formats cannot say.
    e.array(0)?;
    Ok(())
}

pub(super) fn read_head(d: &mut Decoder<'_>) -> Result<StoredThing, Error> {
    let (place, audience) = (d.u32()?, d.u64()?);
    let name = ThingName::parse(d.str()?).map_err(|_| Error::message("not a thing's name"))?;
    let (transitions, doors) = (d.u32()?, d.u64()?);
    let (seen_ms, datapoint_ms) = (d.i64()?, d.i64()?);
    let reports = list(d, |d| {
        length(d)?;
        Ok((d.i64()?, d.i64()?))
    })?;
    Ok(StoredThing { place, audience, name, transitions, doors, seen_ms, datapoint_ms, reports })
}

impl StoredThing {
    /// Gives a new state what was stored.
    pub(super) fn restore(&self, thing: &mut ThingState) {
        thing.measured.set_doors(self.doors);
        thing.measured.seen_ms = self.seen_ms;
        thing.judged.set_transitions(self.transitions);
    }
}

/// Remembers the reports of a thing in its place by their ids, which is all that is known of them.
pub(super) fn remember(partition: &mut Partition, at: u32, reports: &[(i64, EpochMs)]) {
    let Some(thing) = partition.things.restored(at) else { return };
    for (report_id, at_ms) in reports {
        let seen = Seen { report: fingerprint::of_id(*report_id), at_ms: *at_ms };
        partition.repeats.remember_id(at, &mut thing.reported, seen);
    }
}

pub(super) fn write_open(e: &mut Writer, violations: &[OpenViolation]) -> Written {
    e.array(violations.len() as u64)?;
    for open in violations {
        e.array(5)?
            .u32(open.rule.place())?
            .str(&open.id)?
            .i64(open.started_ms)?
            .i64(open.last_ms)?;
        value::write(e, &open.last_value)?;
    }
    Ok(())
}

/// What stands in the place of a run's start. A run of conforming datapoints has none, and no
/// release looks there: so it says when the last of them came, while a violation waits for more.
/// The last of violating ones stands with the violation.
pub(super) fn started_ms(thing: &ThingState, rule: ReaderId, run: Run) -> EpochMs {
    let mut open = thing.judged.open().iter().filter(|_| run.length() < 0);
    open.find(|open| open.rule == rule).map_or(run.started_ms(), |open| open.datapoint_ms)
}

/// Tells open violations when their behavior gave a datapoint: by the runs as they were read,
/// which lose what was written into their starts for that.
pub(super) fn tell_datapoints(head: &StoredThing, runs: &mut [Run], open: &mut [OpenViolation]) {
    for open in open {
        let run = open.rule.of(runs).copied().unwrap_or_default();
        open.datapoint_ms = match (run.length() < 0, run.started_ms()) {
            (false, _) => open.last_ms,
            // Written by a release that knew silence of things only.
            (true, 0) => head.datapoint_ms.max(open.last_ms),
            (true, conformed_ms) => conformed_ms,
        };
    }
    for run in runs {
        run.conforms_without_start();
    }
}

/// Each `rule` is a place in the order of the format.
pub(super) fn read_open(d: &mut Decoder<'_>) -> Result<Vec<OpenViolation>, Error> {
    list(d, |d| {
        length(d)?;
        Ok(OpenViolation {
            rule: ReaderId::new(d.u32()?),
            id: d.str()?.to_owned(),
            started_ms: d.i64()?,
            last_ms: d.i64()?,
            last_value: value::read(d)?,
            // These formats know neither: the rule and the runs say it.
            severity: Severity::Medium,
            datapoint_ms: EpochMs::MIN,
        })
    })
}

/// As format 3 has them: also how severe each is, and when its behavior last gave a datapoint.
pub(super) fn write_open_dated(e: &mut Writer, violations: &[OpenViolation]) -> Written {
    e.array(violations.len() as u64)?;
    for open in violations {
        e.array(7)?
            .u32(open.rule.place())?
            .str(&open.id)?
            .i64(open.started_ms)?
            .i64(open.last_ms)?;
        value::write(e, &open.last_value)?;
        e.str(open.severity.as_str())?.i64(open.datapoint_ms)?;
    }
    Ok(())
}

/// Each `rule` is a place in the layout.
pub(super) fn read_open_dated(d: &mut Decoder<'_>) -> Result<Vec<OpenViolation>, Error> {
    list(d, |d| {
        length(d)?;
        Ok(OpenViolation {
            rule: ReaderId::new(d.u32()?),
            id: d.str()?.to_owned(),
            started_ms: d.i64()?,
            last_ms: d.i64()?,
            last_value: value::read(d)?,
            severity: Severity::parse(d.str()?).unwrap_or(Severity::Medium),
            datapoint_ms: d.i64()?,
        })
    })
}
