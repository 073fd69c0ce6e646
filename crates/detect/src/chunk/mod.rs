//! State as it is stored: one chunk for the partition, one for each thousand places of things.
//!
//! A format is what one release wrote; all of them are read for ever. Which one is written is
//! said by the format level of the data. In format 1 a thing's rules stand in the order of its
//! plan; format 2 names behaviors and series once at a chunk's head, so that a thing's state means
//! the same in any chunk, whatever the plan of its audience has become; format 3 says all that
//! windows need which close by the line. What formats 1 and 2 cannot say is lost at their levels
//! where state is loaded again: what waits for the line, and which reports came.

mod absences;
mod fleets;
mod format1;
mod format2;
mod format3;
mod header;
mod restored;
mod stored_thing;
mod windows;

use fleetward_domain::{FormatLevel, Unsayable};
use fleetward_shape::cbor::{Decoder, Error, Fields, Newer, Writer, Written};
use fleetward_shape::cbor::{length, read_list as list, to_bytes as written};

use crate::error::DetectError;
use crate::limits::THINGS_PER_CHUNK;
use crate::partition::Partition;
use crate::settings::Settings;
use crate::thing_state::ThingState;

/// The partition's own chunk.
const HEADER: u32 = 0;

/// A format of chunks. All of them are read.
#[derive(Clone, Copy)]
enum Format {
    One,
    Two,
    Three,
}

impl Format {
    /// Every format.
    const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];
    /// The newest that is known.
    const NEWEST: Self = Self::Three;

    /// What is written at a level.
    fn at(level: FormatLevel) -> Self {
        match level {
            FormatLevel::First => Self::One,
            FormatLevel::Named => Self::Two,
            FormatLevel::Proven => Self::Three,
        }
    }

    /// Its number in files.
    fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

impl Partition {
    /// A partition as it was stored: the last bytes of every chunk, in any order, of any format
    /// that this release or one before it wrote. No chunks at all make a new partition.
    ///
    /// # Errors
    /// [`DetectError`] if a chunk cannot be read, does not fit the others, or is of a newer format.
    pub fn load<'a>(
        settings: Settings,
        chunks: impl Iterator<Item = (u32, &'a [u8])>,
    ) -> Result<Self, DetectError> {
        let mut chunks: Vec<_> = chunks.collect();
        chunks.sort_unstable_by_key(|(number, _)| *number);
        let mut loading = Self::new(settings);
        let Some(((number, header), things)) = chunks.split_first() else { return Ok(loading) };
        if *number != HEADER {
            return Err(DetectError::NoHeader);
        }
        let mut d = Decoder::new(header);
        let format = format_of(HEADER, &mut d)?.number();
        header::read(&mut d, format, &mut loading).map_err(|error| unreadable(HEADER, &error))?;
        for (chunk, bytes) in things {
            let mut d = Decoder::new(bytes);
            match format_of(*chunk, &mut d)? {
                Format::One => format1::read(*chunk, &mut d, &mut loading)?,
                Format::Two => format2::read(*chunk, &mut d, &mut loading)?,
                Format::Three => format3::read(*chunk, &mut d, &mut loading)?,
            }
        }
        Ok(loading)
    }

    /// What changed since this was last asked, as the level has it: chunks by number, to replace
    /// those stored. Chunk 0 is the partition's own, the others hold about a thousand things each.
    /// The same records give the same bytes. They belong together: store all of them at once, or
    /// none. Only between records: no level can say how far a record is that is not done.
    ///
    /// # Errors
    /// [`Unsayable`] if the level does not know some of it: then this partition is of no more use.
    pub fn take_dirty(&mut self, level: FormatLevel) -> Result<Vec<(u32, Vec<u8>)>, Unsayable> {
        if !self.steps.is_done() {
            let what = "A record that is not done";
            return Err(Unsayable { what, needs: FormatLevel::CURRENT, level });
        }
        let format = Format::at(level);
        let mut chunks = Vec::new();
        if std::mem::take(&mut self.header_dirty) {
            chunks.push((HEADER, written(level, |e| header::write(e, format.number(), self))?));
        }
        for chunk in self.things.take_dirty() {
            let bytes = match format {
                Format::One => written(level, |e| format1::write(e, chunk, self)),
                Format::Two => written(level, |e| format2::write(e, chunk, self)),
                Format::Three => written(level, |e| format3::write(e, chunk, self)),
            }?;
            chunks.push((chunk.saturating_add(1), bytes));
        }
        Ok(chunks)
    }
}

/// Puts a thing that was read in the place that it had.
fn put_back(
    partition: &mut Partition,
    chunk: u32,
    place: u32,
    thing: ThingState,
) -> Result<u32, DetectError> {
    let first = chunk.saturating_sub(1).saturating_mul(THINGS_PER_CHUNK);
    let (audience, name) = (thing.audience, thing.name.as_str().to_owned());
    let at = first.saturating_add(place);
    if place >= THINGS_PER_CHUNK || !partition.things.insert_at(at, thing) {
        return Err(DetectError::Mismatch { chunk, thing: name });
    }
    partition.catalog.audiences.join(audience);
    partition.note_stored(at);
    // What was stored of who watches it takes the place of this.
    partition.watch_anew(at);
    Ok(at)
}

fn format_of(chunk: u32, d: &mut Decoder<'_>) -> Result<Format, DetectError> {
    let number = |d: &mut Decoder<'_>, known| Fields::begin(d, known)?.required(d, Decoder::u8);
    let found = number(&mut d.probe(), u64::MAX).map_err(|error| unreadable(chunk, &error))?;
    let known = Format::ALL.into_iter().find(|format| format.number() == found);
    let unknown = DetectError::Format { chunk, found, known: Format::NEWEST.number() };
    let format = known.ok_or(unknown)?;
    // What each chunk of things holds, its format says.
    let known = if chunk == HEADER { header::fields(found) } else { u64::MAX };
    number(d, known).map_err(|error| unreadable(chunk, &error))?;
    Ok(format)
}

fn unreadable(chunk: u32, error: &Error) -> DetectError {
    match Newer::of(error) {
        Some(newer) => DetectError::HoldsNewer { chunk, what: newer.to_string() },
        None => DetectError::Malformed { chunk, problem: error.to_string() },
    }
}
