//! How records are written: the bytes of the log's entries.
//!
//! A record is `[number, [fields]]`. Each number belongs to the format level that brought it, and
//! is never used for anything else. A reader knows all numbers up to its own level; any other is an
//! error that must stop it, for what it skipped would be missing from every state after it.

mod activity;
mod landmark;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod threshold;

use fleetward_domain::{EpochMs, FormatLevel, Publisher, Record, Report, ThingName, Unsayable};
use fleetward_shape::cbor::{
    self, Decoder, Error, Fields, Newer, Writer, Written, begin_variant, change, name, report,
    unknown_variant, variant,
};

pub use landmark::{Landmark, landmark};

/// [`FormatLevel::First`]: a report whose publisher was not noted.
const REPORT_OF_ANYBODY: u32 = 0;
const ACTIVITY: u32 = 1;
const DOOR_STARTED: u32 = 2;
const CHANGE: u32 = 3;
const TICK: u32 = 4;
/// [`FormatLevel::Proven`]: what a window's distribution says for the next one.
const THRESHOLD: u32 = 5;
/// Reserved for a learned model.
const MODEL: u32 = 6;
/// [`FormatLevel::Named`]: a report with its publisher.
const REPORT: u32 = 7;
/// [`FormatLevel::Proven`]: a front door has logged everything that it stamped before.
const WATERMARK: u32 = 8;
/// [`FormatLevel::Proven`]: a front door's clock was set.
const CLOCK_SET: u32 = 9;
/// [`FormatLevel::Proven`]: nobody counts through a front door any more.
const DOOR_GONE: u32 = 10;
/// [`FormatLevel::Proven`]: an activity that says more than counts. Below that level the rest of it
/// is left out: no behavior that asks for it can be stored there.
const MEASURED_ACTIVITY: u32 = 11;

/// Why bytes are not a record that this version can take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is not a record, or holds something that this version does not know.
    #[error("the record cannot be read: {0}")]
    Malformed(String),
    /// It holds what a newer release wrote.
    #[error(
        "the record holds what a newer release wrote ({0}): start that release, or a newer one"
    )]
    HoldsNewer(String),
    /// A kind of record that came later.
    #[error(
        "the record is {kind} (number {number}), which a release of a format level above \
         {} wrote: start that release, or a newer one",
        FormatLevel::CURRENT
    )]
    Newer {
        /// The kind's number.
        number: u32,
        /// What is known of it.
        kind: &'static str,
    },
}

/// The bytes of a record, as the level has them.
///
/// # Errors
/// [`Unsayable`] if the level does not know some of it.
pub fn encode(record: &Record, level: FormatLevel) -> Result<Vec<u8>, Unsayable> {
    cbor::to_bytes(level, |e| match record {
        Record::Report { thing, at_ms, publisher, report } => {
            write_report(e, (thing, *at_ms, *publisher), report)
        }
        Record::Activity(activity) => {
            // What only counts stays what every release reads.
            let says_more = level >= FormatLevel::Proven && activity::says_more(activity);
            let (number, fields) = match says_more {
                true => (MEASURED_ACTIVITY, activity::MEASURED),
                false => (ACTIVITY, activity::COUNTED),
            };
            begin_variant(e, number, 1)?;
            activity::write(e, activity, fields)
        }
        Record::DoorStarted { door, boot, at_ms } => {
            begin_variant(e, DOOR_STARTED, 3)?;
            e.str(door)?.u64(*boot)?.i64(*at_ms)?;
            Ok(())
        }
        Record::Change(seq, at_ms, change) => {
            begin_variant(e, CHANGE, 3)?;
            e.u64(*seq)?.i64(*at_ms)?;
            change::write(e, change)
        }
        Record::Tick(at_ms) => {
            begin_variant(e, TICK, 1)?;
            e.i64(*at_ms)?;
            Ok(())
        }
        Record::Watermark { door, boot, until_ms } => {
            of_door(e, (WATERMARK, door, *boot), &[*until_ms])
        }
        Record::ClockSet { door, boot, from_ms, to_ms } => {
            of_door(e, (CLOCK_SET, door, *boot), &[*from_ms, *to_ms])
        }
        Record::DoorGone { door, boot, until_ms } => {
            of_door(e, (DOOR_GONE, door, *boot), &[*until_ms])
        }
        Record::Threshold(threshold) => {
            e.require(FormatLevel::Proven, "A fleet-wide threshold")?;
            begin_variant(e, THRESHOLD, 1)?;
            threshold::write(e, threshold)
        }
    })
}

/// The bytes of a report's record, without a [`Record`] that owns the report.
///
/// # Errors
/// [`Unsayable`] if the level does not know some of it.
pub fn encode_report(
    head: (&ThingName, EpochMs, Publisher),
    report: &Report,
    level: FormatLevel,
) -> Result<Vec<u8>, Unsayable> {
    cbor::to_bytes(level, |e| write_report(e, head, report))
}

/// `[number, [door, boot, times..]]`, since [`FormatLevel::Proven`].
fn of_door(
    e: &mut Writer,
    (number, door, boot): (u32, &str, u64),
    times_ms: &[EpochMs],
) -> Written {
    e.require(FormatLevel::Proven, "What a front door has counted until when")?;
    let fields = u64::try_from(times_ms.len()).unwrap_or(u64::MAX).saturating_add(2);
    begin_variant(e, number, fields)?;
    e.str(door)?.u64(boot)?;
    for at_ms in times_ms {
        e.i64(*at_ms)?;
    }
    Ok(())
}

fn write_report(
    e: &mut Writer,
    (thing, at_ms, publisher): (&ThingName, EpochMs, Publisher),
    report: &Report,
) -> Written {
    match e.level() {
        FormatLevel::First => {
            begin_variant(e, REPORT_OF_ANYBODY, 3)?;
            e.str(thing.as_str())?.i64(at_ms)?;
        }
        FormatLevel::Named | FormatLevel::Proven => {
            begin_variant(e, REPORT, 4)?;
            e.str(thing.as_str())?.i64(at_ms)?.u8(publisher_number(publisher))?;
        }
    }
    report::write(e, report)
}

/// The record of these bytes, whatever level they were written at.
///
/// # Errors
/// [`RecordError`]: whoever reads must stop, not skip it.
pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
    let mut d = Decoder::new(bytes);
    let number = variant(&mut d).map_err(unreadable)?;
    let newer = |kind| Err(RecordError::Newer { number, kind });
    let d = &mut d;
    // One match, so that no number is known in one place and unknown in another.
    let read = match number {
        REPORT_OF_ANYBODY => read_report(d, 3),
        REPORT => read_report(d, 4),
        ACTIVITY => read_activity(d, activity::COUNTED),
        MEASURED_ACTIVITY => read_activity(d, activity::MEASURED),
        DOOR_STARTED => {
            read_of_door(d).map(|(door, boot, [at_ms])| Record::DoorStarted { door, boot, at_ms })
        }
        WATERMARK => read_of_door(d).map(|(door, boot, [until_ms])| Record::Watermark {
            door,
            boot,
            until_ms,
        }),
        DOOR_GONE => read_of_door(d).map(|(door, boot, [until_ms])| Record::DoorGone {
            door,
            boot,
            until_ms,
        }),
        CLOCK_SET => read_of_door(d).map(|(door, boot, [from_ms, to_ms])| Record::ClockSet {
            door,
            boot,
            from_ms,
            to_ms,
        }),
        CHANGE => read_change(d),
        TICK => read_one(d, Decoder::i64).map(Record::Tick),
        THRESHOLD => read_one(d, threshold::read).map(Record::Threshold),
        MODEL => return newer("a learned model"),
        _ => return newer("of a kind that is not known here"),
    };
    let record = read.map_err(unreadable)?;
    if d.position() == bytes.len() {
        Ok(record)
    } else {
        Err(RecordError::Malformed("bytes are left after its end".to_owned()))
    }
}

/// The fields of a record that has one.
fn read_one<'b, T>(
    d: &mut Decoder<'b>,
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<T, Error> {
    Fields::begin(d, 1)?.required(d, read)
}

fn read_activity(d: &mut Decoder<'_>, known: u64) -> Result<Record, Error> {
    read_one(d, |d| activity::read(d, known)).map(Record::Activity)
}

fn read_change(d: &mut Decoder<'_>) -> Result<Record, Error> {
    let mut fields = Fields::begin(d, 3)?;
    Ok(Record::Change(
        fields.required(d, Decoder::u64)?,
        fields.required(d, Decoder::i64)?,
        fields.required(d, change::read)?,
    ))
}

/// A door, its start, and so many times.
fn read_of_door<const TIMES: usize>(
    d: &mut Decoder<'_>,
) -> Result<(String, u64, [EpochMs; TIMES]), Error> {
    let known = u64::try_from(TIMES).unwrap_or(u64::MAX).saturating_add(2);
    let mut fields = Fields::begin(d, known)?;
    let door = fields.required(d, name::text)?;
    let boot = fields.required(d, Decoder::u64)?;
    let mut times_ms = [0; TIMES];
    for at_ms in &mut times_ms {
        *at_ms = fields.required(d, Decoder::i64)?;
    }
    Ok((door, boot, times_ms))
}

/// A report has three fields, or four: with its publisher.
fn read_report(d: &mut Decoder<'_>, known: u64) -> Result<Record, Error> {
    let mut fields = Fields::begin(d, known)?;
    let thing = fields.required(d, name::read)?;
    let at_ms = fields.required(d, Decoder::i64)?;
    let publisher =
        if known == 4 { fields.required(d, read_publisher)? } else { Publisher::Unknown };
    let report = fields.required(d, report::read)?;
    Ok(Record::Report { thing, at_ms, publisher, report })
}

fn publisher_number(publisher: Publisher) -> u8 {
    match publisher {
        Publisher::Itself => 0,
        Publisher::Another => 1,
        Publisher::Unknown => 2,
    }
}

fn read_publisher(d: &mut Decoder<'_>) -> Result<Publisher, Error> {
    let number = d.u32()?;
    let found = Publisher::ALL.into_iter().find(|p| u32::from(publisher_number(*p)) == number);
    found.ok_or_else(|| unknown_variant("publisher", number))
}

fn unreadable(error: Error) -> RecordError {
    match Newer::of(&error) {
        Some(newer) => RecordError::HoldsNewer(newer.to_string()),
        None => RecordError::Malformed(error.to_string()),
    }
}
