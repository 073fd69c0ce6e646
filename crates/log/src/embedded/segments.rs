//! The segment files: named by the offset they begin at, without gaps between them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::batch::{self, HEADER_BYTES};
use crate::LogError;
use crate::disk::{Disk, DiskFile, is_for_want_of_room};
use crate::limits::SEGMENT_BYTES;

/// One file.
#[derive(Clone)]
pub(super) struct Segment {
    /// Offset of its first byte.
    pub(super) base: u64,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Open for reading and writing.
    pub(super) file: Arc<dyn DiskFile>,
}

/// All files, oldest first; the last one is written to.
pub(super) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    files: Vec<Segment>,
    end: u64,
    /// A file is closed once it is this long.
    closed_at_bytes: u64,
}

/// Whether a file of the log's folder holds records.
pub(super) fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

impl Segments {
    /// Finds the files, cuts a torn tail off the last, and checks that there is no gap.
    pub(super) fn recover(disk: Arc<dyn Disk>, folder: &Path) -> Result<Self, LogError> {
        let mut bases = Vec::new();
        for path in disk.list(folder).map_err(LogError::io("cannot list", folder))? {
            if is_segment(&path) {
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                let named = stem.and_then(|stem| stem.parse::<u64>().ok());
                let problem = "a segment is named by its offset";
                bases.push(named.ok_or(LogError::Damaged { path, at: 0, problem })?);
            }
        }
        bases.sort_unstable();
        let end = bases.first().copied().unwrap_or(0);
        let folder = folder.to_owned();
        let closed_at_bytes = SEGMENT_BYTES;
        let mut segments = Self { disk, folder, files: Vec::new(), end, closed_at_bytes };
        let last = bases.last().copied();
        for base in bases {
            let segment = segments.open(base)?;
            if base != segments.end {
                let problem = "the segment before it does not reach it";
                return Err(LogError::Damaged { path: segment.path, at: 0, problem });
            }
            // Only the last was being written: anywhere else, a torn batch was acknowledged once.
            if Some(base) == last {
                segments.end = base + cut_torn_tail(&segment)?;
            } else {
                segments.end = base + length(&segment)?;
            }
            segments.files.push(segment);
        }
        if segments.files.is_empty() {
            segments.roll()?;
        }
        Ok(segments)
    }

    /// The offset after the last record.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The first offset that is kept.
    pub(super) fn begin(&self) -> u64 {
        self.files.first().map_or(self.end, |segment| segment.base)
    }

    /// The file that was written to last.
    pub(super) fn last(&self) -> Option<Segment> {
        self.files.last().cloned()
    }

    /// The file that holds an offset.
    pub(super) fn holding(&self, offset: u64) -> Option<Segment> {
        let after = self.files.partition_point(|segment| segment.base <= offset);
        self.files.get(after.checked_sub(1)?).cloned()
    }

    /// The file to write to; a new one if the last is long enough.
    pub(super) fn writable(&mut self) -> Result<Segment, LogError> {
        let full =
            |segment: &Segment| self.end.saturating_sub(segment.base) >= self.closed_at_bytes;
        match self.files.last() {
            Some(last) if !full(last) => Ok(last.clone()),
            _ => self.roll(),
        }
    }

    /// What was written last is durable.
    pub(super) fn grew_to(&mut self, end: u64) {
        self.end = end;
    }

    /// The oldest file, if it lies below `below` and can be spared.
    pub(super) fn spare(&self, below: u64, retention_bytes: u64) -> Option<Segment> {
        let keep_from = below.min(self.end.saturating_sub(retention_bytes));
        let next = self.files.get(1)?;
        if next.base <= keep_from { self.files.first().cloned() } else { None }
    }

    /// The oldest file has no name any more.
    pub(super) fn forget_oldest(&mut self) {
        self.files.drain(..1.min(self.files.len()));
    }

    /// Closes files once they are this long.
    #[cfg(test)]
    pub(super) fn close_at(&mut self, bytes: u64) {
        self.closed_at_bytes = bytes;
    }

    fn roll(&mut self) -> Result<Segment, LogError> {
        let path = self.path_of(self.end);
        let file = self.disk.create(&path).map_err(|error| {
            if is_for_want_of_room(&error) {
                LogError::full("make", &path, &error)
            } else {
                LogError::io("cannot make", &path)(error)
            }
        })?;
        let segment = Segment { base: self.end, path, file };
        self.disk.sync_folder(&self.folder).map_err(LogError::io("cannot sync", &self.folder))?;
        self.files.push(segment.clone());
        Ok(segment)
    }

    fn open(&self, base: u64) -> Result<Segment, LogError> {
        let path = self.path_of(base);
        let file = self.disk.open(&path).map_err(LogError::io("cannot open", &path))?;
        Ok(Segment { base, path, file })
    }

    fn path_of(&self, base: u64) -> PathBuf {
        self.folder.join(format!("{base:020}.log"))
    }
}

fn length(segment: &Segment) -> Result<u64, LogError> {
    segment.file.length().map_err(LogError::io("cannot read", &segment.path))
}

/// Gives the length of what is sound, after cutting off what is not.
///
/// A crash tears the last batch only, since each is synced before the next is begun. So if a sound
/// batch follows the first bad place, this is damage and not a torn tail.
fn cut_torn_tail(segment: &Segment) -> Result<u64, LogError> {
    let size = length(segment)?;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    segment.file.read_at(&mut bytes, 0).map_err(LogError::io("cannot read", &segment.path))?;
    let (mut at, mut last) = (0, 0);
    while let Some(body) = bytes.get(at..).and_then(|rest| batch::body(rest, offset(segment, at))) {
        (last, at) = (at, at + HEADER_BYTES + body.len());
    }
    let sound = u64::try_from(at).unwrap_or(u64::MAX);
    if at == bytes.len() {
        // A process that was killed before its sync leaves a batch that only the system's cache
        // holds, and after a sync that failed the system even takes it for written. It is about
        // to be handed out as durable, so it is written again: only the last can be such a one.
        let unsure = bytes.get(last..).unwrap_or_default();
        segment
            .file
            .write_at(unsure, u64::try_from(last).unwrap_or(u64::MAX))
            .and_then(|()| segment.file.sync())
            .map_err(LogError::io("cannot sync", &segment.path))?;
        return Ok(sound);
    }
    let is_sound_at = |later: usize| {
        bytes.get(later..).is_some_and(|rest| batch::body(rest, offset(segment, later)).is_some())
    };
    if (at + 1..bytes.len()).any(is_sound_at) {
        let problem = "a batch is unreadable and sound ones follow";
        return Err(LogError::Damaged { path: segment.path.clone(), at: sound, problem });
    }
    tracing::warn!("{}: {} torn bytes cut off", segment.path.display(), size - sound);
    segment.file.cut(sound).map_err(LogError::io("cannot cut", &segment.path))?;
    Ok(sound)
}

fn offset(segment: &Segment, at: usize) -> u64 {
    segment.base.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))
}
