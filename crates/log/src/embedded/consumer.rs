//! A reader that follows the log: batch by batch, from memory at the tail and from the files
//! before it.

use std::sync::{Arc, PoisonError};

use tokio::sync::watch;

use super::Shared;
use super::batch::{self, HEADER_BYTES};
use super::segments::Segment;
use crate::limits::READ_BYTES;
use crate::{Consumer, EVERY_PARTITION, Entered, LogError};

/// A reader of some partitions.
pub(super) struct Tail {
    shared: Arc<Shared>,
    durable: watch::Receiver<u64>,
    positions: Vec<(u32, u64)>,
    /// Offset of the next batch.
    next: u64,
    /// The lowest position: batches that end below it are passed over.
    from: u64,
    /// Whole batches, and the offset they begin at; may lie before `next`.
    at_hand: Option<(u64, Arc<[u8]>)>,
}

impl Tail {
    /// Starts at the first batch that may hold something wanted.
    pub(super) fn new(
        shared: Arc<Shared>,
        durable: watch::Receiver<u64>,
        mut positions: Vec<(u32, u64)>,
    ) -> Result<Self, LogError> {
        positions.sort_unstable();
        let ends = *durable.borrow();
        if let Some(&(_, wanted)) = positions.iter().find(|&&(_, wanted)| wanted > ends) {
            return Err(LogError::Beyond { ends, wanted });
        }
        let from = positions.iter().map(|&(_, offset)| offset).min().unwrap_or(0);
        let segments = shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = segments.begin();
        if from < begins && from > 0 {
            return Err(LogError::Gone { begins, wanted: from });
        }
        let next = segments.holding(from).map_or(begins, |segment| segment.base);
        drop(segments);
        Ok(Self { shared, durable, positions, next, from, at_hand: None })
    }

    /// Whether the record is beyond the position of its partition; one for every partition, beyond
    /// the position of any.
    fn wants(&self, entered: &Entered) -> bool {
        if entered.partition == EVERY_PARTITION {
            return entered.offset >= self.from;
        }
        self.positions
            .binary_search_by_key(&entered.partition, |&(partition, _)| partition)
            .ok()
            .and_then(|place| self.positions.get(place))
            .is_some_and(|&(_, position)| entered.offset >= position)
    }

    /// Shows what there is, and waits for no more.
    pub(super) async fn until_the_end(
        mut self,
        show: &mut (dyn FnMut(&Entered) + Send),
    ) -> Result<(), LogError> {
        let end = *self.durable.borrow();
        while self.next < end {
            match self.in_memory() {
                None => self.read(end).await?,
                Some(at_hand) => {
                    let mut found = Vec::new();
                    self.take_batch(&at_hand, &mut found)?;
                    found.iter().for_each(&mut *show);
                }
            }
        }
        Ok(())
    }

    /// Goes past the next batch, and adds what is wanted of it; gives how many bytes that took.
    fn take_batch(
        &mut self,
        (batches, skip): &(Arc<[u8]>, usize),
        found: &mut Vec<Entered>,
    ) -> Result<usize, LogError> {
        let base = self.next;
        let body = batches.get(*skip..).and_then(|bytes| batch::body(bytes, base));
        let body = body.ok_or_else(|| self.damaged())?;
        let length = u64::try_from(HEADER_BYTES + body.len()).unwrap_or(u64::MAX);
        self.next = base.saturating_add(length);
        if self.next <= self.from {
            return Ok(0);
        }
        found.extend(batch::records(base, body).filter(|entered| self.wants(entered)));
        Ok(body.len())
    }

    /// Bytes that begin with the batch at `self.next`, if no file has to be read for them.
    fn in_memory(&mut self) -> Option<(Arc<[u8]>, usize)> {
        if let Some((base, batches)) = &self.at_hand {
            let skip = self.next.checked_sub(*base).and_then(|skip| usize::try_from(skip).ok());
            if let Some(skip) = skip.filter(|skip| *skip < batches.len()) {
                return Some((batches.clone(), skip));
            }
        }
        let recent = self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = recent.at(self.next)?;
        drop(recent);
        self.at_hand = Some((self.next, batch.clone()));
        Some((batch, 0))
    }

    /// Reads some batches, the one at `self.next` first; `end` is where the durable ones end.
    async fn read(&mut self, end: u64) -> Result<(), LogError> {
        let (segment, base) = (self.segment()?, self.next);
        let batches = if self.shared.is_stepped {
            read_batches(&segment, base, end)?
        } else {
            tokio::task::spawn_blocking(move || read_batches(&segment, base, end))
                .await
                .map_err(|_| LogError::Closed)??
        };
        self.at_hand = Some((base, batches));
        Ok(())
    }

    /// The file of the batch at `self.next`.
    fn segment(&self) -> Result<Segment, LogError> {
        let segments = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = LogError::Gone { begins: segments.begin(), wanted: self.next };
        segments.holding(self.next).ok_or(gone)
    }

    fn damaged(&self) -> LogError {
        match self.segment() {
            Ok(segment) => damaged(&segment, self.next, "a batch's checksum is wrong"),
            Err(gone) => gone,
        }
    }
}

#[async_trait::async_trait]
impl Consumer for Tail {
    // Dropping the future loses no record: it never waits while it has found some.
    async fn next(&mut self, max_bytes: usize) -> Result<Vec<Entered>, LogError> {
        let mut found = Vec::new();
        let mut bytes = 0;
        loop {
            while bytes < max_bytes.max(1)
                && let Some(at_hand) = self.in_memory()
            {
                bytes += self.take_batch(&at_hand, &mut found)?;
            }
            if !found.is_empty() {
                return Ok(found);
            }
            bytes = 0;
            let next = self.next;
            let end = self.durable.wait_for(|end| *end > next).await;
            let end = *end.map_err(|_| LogError::Closed)?;
            if self.in_memory().is_none() {
                self.read(end).await?;
            }
        }
    }

    fn passed(&self) -> Option<u64> {
        Some(self.next)
    }
}

/// Reads about [`READ_BYTES`] of whole batches from their file, at least one.
fn read_batches(segment: &Segment, base: u64, durable_end: u64) -> Result<Arc<[u8]>, LogError> {
    let in_file = segment.file.length().map_err(LogError::io("cannot read", &segment.path))?;
    let end = durable_end.min(segment.base.saturating_add(in_file));
    let most = usize::try_from(end.saturating_sub(base)).unwrap_or(usize::MAX);
    let read = |length: usize| {
        let mut bytes = vec![0; length];
        let at = base.saturating_sub(segment.base);
        let read = segment.file.read_at(&mut bytes, at);
        read.map_err(LogError::io("cannot read", &segment.path)).map(|()| bytes)
    };
    let mut bytes = read(most.min(READ_BYTES))?;
    let first = batch::body_length(&bytes, base).map(|length| HEADER_BYTES.saturating_add(length));
    let first = first.ok_or_else(|| damaged(segment, base, "no batch begins here"))?;
    if first > most {
        return Err(damaged(segment, base, "a batch is longer than its file"));
    }
    if first > bytes.len() {
        bytes = read(first)?;
    }
    bytes.truncate(whole_batches(&bytes, base));
    Ok(bytes.into())
}

/// How many bytes are whole batches; what is in them is checked when they are handed out.
fn whole_batches(bytes: &[u8], base: u64) -> usize {
    let mut whole = 0;
    while let Some(rest) = bytes.get(whole..).filter(|rest| !rest.is_empty()) {
        let offset = base.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX));
        let length = batch::body_length(rest, offset).map(|body| HEADER_BYTES.saturating_add(body));
        match length.filter(|length| *length <= rest.len()) {
            Some(length) => whole += length,
            None => break,
        }
    }
    whole
}

fn damaged(segment: &Segment, offset: u64, problem: &'static str) -> LogError {
    let at = offset.saturating_sub(segment.base);
    LogError::Damaged { path: segment.path.clone(), at, problem }
}
