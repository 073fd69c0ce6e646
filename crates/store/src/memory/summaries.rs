//! Summaries of windows.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use fleetward_domain::{EpochMs, WindowSummary};

use super::MemoryStore;
use crate::error::StoreError;
use crate::summaries::{Summaries, SummarySeries, WaitingSummary};

#[async_trait::async_trait]
impl Summaries for MemoryStore {
    async fn waiting_summaries(&self) -> Result<Vec<WaitingSummary>, StoreError> {
        Ok(self.state().summaries.waiting.keys().cloned().collect())
    }

    async fn summaries_of(
        &self,
        series: &SummarySeries,
        window_end_ms: EpochMs,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let state = self.state();
        let of_it = state.summaries.waiting.iter().filter(|(summary, _)| {
            summary.series == *series && summary.window_end_ms == window_end_ms
        });
        Ok(of_it.map(|(_, bytes)| bytes.clone()).collect())
    }

    async fn forget_summaries(
        &self,
        series: &SummarySeries,
        ended_ms: RangeInclusive<EpochMs>,
    ) -> Result<(), StoreError> {
        let is_over = |summary: &WaitingSummary| {
            summary.series == *series && ended_ms.contains(&summary.window_end_ms)
        };
        self.state().summaries.waiting.retain(|summary, _| !is_over(summary));
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct SummaryTable {
    waiting: BTreeMap<WaitingSummary, Vec<u8>>,
}

impl SummaryTable {
    /// One with the same key is stored once.
    pub(super) fn add(&mut self, summaries: Vec<WindowSummary>) {
        for summary in summaries {
            let WindowSummary { profile, behavior, generation, partition, window_end_ms, bytes } =
                summary;
            let series = SummarySeries { profile, behavior, generation };
            let key = WaitingSummary { series, window_end_ms, partition };
            self.waiting.entry(key).or_insert(bytes);
        }
    }
}
