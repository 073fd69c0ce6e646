//! What the windows of partitions say of the fleet, until a threshold came of it. Detection writes
//! them: see [`crate::Partitions`].

use std::ops::RangeInclusive;

use fleetward_domain::{BehaviorName, EpochMs, ProfileName};

use crate::error::StoreError;

/// Summaries that wait for those of other partitions.
#[async_trait::async_trait]
pub trait Summaries: Send + Sync {
    /// All that wait, by series, then by window's end, then by partition. There are few: whoever
    /// asks forgets those that are over.
    async fn waiting_summaries(&self) -> Result<Vec<WaitingSummary>, StoreError>;

    /// What each partition said of one window, by partition.
    async fn summaries_of(
        &self,
        series: &SummarySeries,
        window_end_ms: EpochMs,
    ) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Forgets those of windows that ended in this time, both ends included.
    async fn forget_summaries(
        &self,
        series: &SummarySeries,
        ended_ms: RangeInclusive<EpochMs>,
    ) -> Result<(), StoreError>;
}

/// Of what windows are summed up: one statistical behavior, as it is in one generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SummarySeries {
    /// The profile.
    pub profile: ProfileName,
    /// The behavior in it.
    pub behavior: BehaviorName,
    /// Which of its metrics, dimensions and criteria over time.
    pub generation: u64,
}

/// A summary that waits, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitingSummary {
    /// Of what.
    pub series: SummarySeries,
    /// When the window ended, exclusive.
    pub window_end_ms: EpochMs,
    /// Which partition says it.
    pub partition: u32,
}
