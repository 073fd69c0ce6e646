//! The newest batches, in memory: a consumer at the tail reads no file.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::limits::RECENT_BYTES;

/// Whole batches in order, with no gap between them.
#[derive(Default)]
pub(super) struct Recent {
    batches: VecDeque<(u64, Arc<[u8]>)>,
    bytes: usize,
}

impl Recent {
    /// Adds the newest batch.
    pub(super) fn push(&mut self, base: u64, batch: Arc<[u8]>) {
        self.bytes += batch.len();
        self.batches.push_back((base, batch));
        while self.bytes > RECENT_BYTES && self.batches.len() > 1 {
            if let Some((_, oldest)) = self.batches.pop_front() {
                self.bytes -= oldest.len();
            }
        }
    }

    /// The batch that begins at this offset.
    pub(super) fn at(&self, base: u64) -> Option<Arc<[u8]>> {
        let place = self.batches.binary_search_by_key(&base, |(base, _)| *base).ok()?;
        self.batches.get(place).map(|(_, batch)| batch.clone())
    }
}
