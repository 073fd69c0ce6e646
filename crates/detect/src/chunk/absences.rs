//! Since when what watches a thing has missed something, in chunks of things from format 3 on.

use fleetward_domain::EpochMs;
use fleetward_shape::cbor::{Fields, optional, write_list};

use super::{Decoder, Error, Writer, Written, list};
use crate::absence::Watch;
use crate::measure::ReaderId;
use crate::partition::Partition;

/// What is stored of one: its bound stands in the profile.
pub(super) struct StoredWatch {
    /// A place in the layout.
    reader: ReaderId,
    begin_ms: EpochMs,
    since_ms: Option<EpochMs>,
    is_crossed: bool,
}

/// `[[reader, begin, since, crossed]]`.
pub(super) fn write(e: &mut Writer, watches: &[Watch]) -> Written {
    write_list(e, watches, |e, watch| {
        e.array(4)?.u32(watch.reader.place())?.i64(watch.begin_ms)?;
        optional(e, true, watch.since_ms, |e, since_ms| {
            e.i64(since_ms)?;
            Ok(())
        })?;
        e.bool(watch.is_crossed)?;
        Ok(())
    })
}

pub(super) fn read(d: &mut Decoder<'_>) -> Result<Vec<StoredWatch>, Error> {
    list(d, |d| {
        let mut fields = Fields::begin(d, 4)?;
        Ok(StoredWatch {
            reader: ReaderId::new(fields.required(d, Decoder::u32)?),
            begin_ms: fields.required(d, Decoder::i64)?,
            since_ms: fields.optional(d, Decoder::i64)?,
            is_crossed: fields.required(d, Decoder::bool)?,
        })
    })
}

/// What was stored takes the place of what began with loading: that is right only for those who
/// did not watch when this was stored.
pub(super) fn restore(
    partition: &mut Partition,
    place: u32,
    stored: &[StoredWatch],
    rules_to: &[Option<ReaderId>],
) {
    let to = |stored: &StoredWatch| stored.reader.of(rules_to).copied().flatten();
    let mut watches = partition.absences.of(place).to_vec();
    for watch in &mut watches {
        let Some(was) = stored.iter().find(|stored| to(stored) == Some(watch.reader)) else {
            continue;
        };
        watch.begin_ms = was.begin_ms;
        (watch.since_ms, watch.is_crossed) = (was.since_ms, was.is_crossed);
    }
    partition.absences.set(place, watches);
}
