//! Violations and their events: what may be asked of them, and an operator's word on them.

use fleetward_domain::{
    Behavior, CriteriaType, EpochMs, ProfileName, ThingName, VerificationState, Violation,
    ViolationEvent,
};
use tokio::sync::watch;

use crate::error::StoreError;

/// Open violations and events. Detection writes them: see [`crate::Partitions`].
#[async_trait::async_trait]
pub trait Violations: Send + Sync {
    /// Open violations by id, which is by when they opened, after the given id.
    async fn active_violations(
        &self,
        filter: &ViolationFilter,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Violation>, StoreError>;

    /// Events in the filter's time range, newest first, after the given cursor.
    async fn violation_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, ViolationEvent)>, StoreError>;

    /// Grows when violations or events were written; the console waits on it.
    fn newest_event(&self) -> watch::Receiver<u64>;

    /// Whether a violation of this id is open or has events.
    async fn knows_violation(&self, violation_id: &str) -> Result<bool, StoreError>;

    /// Removes events older than this, and alerts that are over; returns how many events.
    async fn expire_events(&self, before_ms: EpochMs) -> Result<u64, StoreError>;
}

/// Which open violations. Absent members do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViolationFilter {
    /// Only of this thing.
    pub thing: Option<ThingName>,
    /// Only of this profile.
    pub profile: Option<ProfileName>,
    /// Only of behaviors that suppress alerts, or only of others.
    pub suppressed: Option<bool>,
    /// Only with this verification state.
    pub verification: Option<VerificationState>,
    /// Only of behaviors with criteria of this kind.
    pub criteria: Option<CriteriaType>,
}

impl ViolationFilter {
    /// Whether what this behavior did is asked for, by the kind of its criteria.
    pub(crate) fn takes_criteria(&self, behavior: &Behavior) -> bool {
        self.criteria.is_none_or(|wanted| behavior.criteria_type() == Some(wanted))
    }
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Also restricts as for violations.
    pub violations: ViolationFilter,
    /// From this time, inclusive.
    pub from_ms: EpochMs,
    /// To this time, inclusive.
    pub to_ms: EpochMs,
}

/// A place in the list of events: its time and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCursor {
    /// The event's time.
    pub at_ms: EpochMs,
    /// The event's row.
    pub row: i64,
}
