//! Batches: what is written and synced at once.
//!
//! ```text
//! magic u32 | length of body u32 | CRC-32 of base and body u32 | base u64 | body
//! body: (partition u32 | length u32 | bytes) once a record; all numbers little-endian
//! ```
//!
//! `base` is the batch's own offset: a batch that is found somewhere else is not one.

use crate::Entered;

const MAGIC: u32 = 0x464c_4f47;
/// Length of a batch's header.
pub(super) const HEADER_BYTES: usize = 20;
const RECORD_HEADER_BYTES: usize = 8;

/// Records that have no offset yet.
#[derive(Default)]
pub(super) struct Draft(Vec<u8>);

impl Draft {
    pub(super) fn push(&mut self, partition: u32, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&partition.to_le_bytes());
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The whole batch, to be written at offset `base`.
    pub(super) fn seal(&self, base: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.0.len());
        bytes.extend_from_slice(&MAGIC.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.0.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&checksum(base, &self.0).to_le_bytes());
        bytes.extend_from_slice(&base.to_le_bytes());
        bytes.extend_from_slice(&self.0);
        bytes
    }
}

fn checksum(base: u64, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&base.to_le_bytes());
    crc.update(body);
    crc.finalize()
}

/// The body's length, if a batch with this base can begin here.
pub(super) fn body_length(bytes: &[u8], base: u64) -> Option<usize> {
    let magic = u32_at(bytes, 0)?;
    let stated = bytes.get(12..HEADER_BYTES)?.try_into().ok().map(u64::from_le_bytes)?;
    if magic != MAGIC || stated != base {
        return None;
    }
    usize::try_from(u32_at(bytes, 4)?).ok()
}

/// The body, if a whole and sound batch begins here.
pub(super) fn body(bytes: &[u8], base: u64) -> Option<&[u8]> {
    let length = body_length(bytes, base)?;
    let body = bytes.get(HEADER_BYTES..HEADER_BYTES.checked_add(length)?)?;
    (checksum(base, body) == u32_at(bytes, 8)?).then_some(body)
}

/// The records of a body, with their offsets.
pub(super) fn records(base: u64, body: &[u8]) -> impl Iterator<Item = Entered> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let partition = u32_at(body, at)?;
        let length = usize::try_from(u32_at(body, at.checked_add(4)?)?).ok()?;
        let start = at.checked_add(RECORD_HEADER_BYTES)?;
        let end = start.checked_add(length)?;
        let bytes = body.get(start..end)?.to_vec();
        let offset = base.checked_add(u64::try_from(HEADER_BYTES + at).ok()?)?;
        at = end;
        Some(Entered { partition, offset, bytes })
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}
