//! State as it is stored: one chunk for the partition, one for each thousand places of things.

mod decode;
mod encode;

use crate::error::DetectError;
use crate::partition::Partition;
use crate::settings::Settings;

/// Grows when what is written changes.
const FORMAT: u8 = 1;

/// The partition's own chunk.
const HEADER: u32 = 0;

pub(crate) use encode::take_dirty;

/// Puts a partition together from its chunks.
pub(crate) fn load<'a>(
    settings: Settings,
    chunks: impl Iterator<Item = (u32, &'a [u8])>,
) -> Result<Partition, DetectError> {
    let mut chunks: Vec<_> = chunks.collect();
    chunks.sort_unstable_by_key(|(number, _)| *number);
    let mut partition = Partition::new(settings);
    let Some(((number, header), things)) = chunks.split_first() else { return Ok(partition) };
    if *number != HEADER {
        return Err(DetectError::NoHeader);
    }
    decode::header(header, &mut partition)?;
    for (number, bytes) in things {
        decode::things(*number, bytes, &mut partition)?;
    }
    Ok(partition)
}
