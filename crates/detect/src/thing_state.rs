//! What is remembered of a thing. Bounded by its behaviors, never by its traffic.

use fleetward_domain::{EpochMs, MetricValue, ThingName};

use crate::reports::RecentReports;
use crate::short_name::ShortName;

/// One thing's state: under 200 bytes, and 24 for each behavior that applies to it.
#[derive(Debug)]
pub(crate) struct ThingState {
    pub(crate) name: ShortName,
    /// Its place among the audiences: who it is to the profiles.
    pub(crate) audience: u32,
    /// How many violations it has opened: makes the ids of its violations differ.
    pub(crate) transitions: u32,
    /// One for each rule of its plan, in the plan's order.
    pub(crate) rules: Box<[RuleState]>,
    /// Violations that are open now, by rule.
    pub(crate) open: Vec<OpenViolation>,
    pub(crate) reports: RecentReports,
    /// The front doors through which it is connected, a bit each.
    pub(crate) doors: u64,
    /// The last time it was seen: by an activity, by a report, or as connected when a front door
    /// was lost. Its windows stand at this time or later.
    pub(crate) seen_ms: EpochMs,
    /// Its last datapoint: silence is measured from here.
    pub(crate) datapoint_ms: EpochMs,
}

/// What is remembered of one behavior of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleState {
    /// Sums: the growth in the current window.
    pub(crate) sum: u64,
    /// When the run of violating datapoints began; zero while there is none.
    pub(crate) run_started_ms: EpochMs,
    /// Sums: the current window's number since the epoch.
    pub(crate) window: u32,
    /// Violating datapoints in a row.
    pub(crate) violating: u8,
    /// Conforming datapoints in a row.
    pub(crate) conforming: u8,
    pub(crate) flags: Flags,
}

/// What is known of the current window, and whether a violation is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(pub(crate) u8);

impl Flags {
    /// The window violates already.
    pub(crate) const JUDGED: Self = Self(1);
    /// A report in the window carried the counter.
    pub(crate) const FED: Self = Self(2);
    /// Some of the window was not counted: only its growth past an upper bound can be judged.
    pub(crate) const PARTIAL: Self = Self(4);
    /// A violation is open.
    pub(crate) const OPEN: Self = Self(8);

    pub(crate) const OF_THE_WINDOW: Self = Self(1 | 2 | 4);

    pub(crate) fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub(crate) fn set(&mut self, flag: Self) {
        self.0 |= flag.0;
    }

    pub(crate) fn unset(&mut self, flag: Self) {
        self.0 &= !flag.0;
    }

    /// Forgets what was known of the window.
    pub(crate) fn next_window(&mut self) {
        self.unset(Self::OF_THE_WINDOW);
    }
}

/// A violation that is open now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenViolation {
    /// The rule's place in the thing's plan.
    pub(crate) rule: u32,
    pub(crate) id: String,
    pub(crate) started_ms: EpochMs,
    pub(crate) last_ms: EpochMs,
    pub(crate) last_value: MetricValue,
}

/// Before all times.
const NEVER_MS: EpochMs = EpochMs::MIN;

impl ThingState {
    /// A thing that was never seen.
    pub(crate) fn new(name: &ThingName, audience: u32, rules: Box<[RuleState]>) -> Self {
        Self {
            name: ShortName::new(name),
            audience,
            transitions: 0,
            rules,
            open: Vec::new(),
            reports: RecentReports::default(),
            doors: 0,
            seen_ms: NEVER_MS,
            datapoint_ms: NEVER_MS,
        }
    }

    /// Whether a front door says that it is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.doors != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_takes_under_200_bytes_and_24_a_behavior() {
        assert!(size_of::<Option<ThingState>>() <= 160, "{}", size_of::<Option<ThingState>>());
        assert_eq!(size_of::<RuleState>(), 24);
    }
}
