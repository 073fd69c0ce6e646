//! What may be asked of violations and their events.

use fleetward_domain::{EpochMs, ProfileName, ThingName, VerificationState};

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
