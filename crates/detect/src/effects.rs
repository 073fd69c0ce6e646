//! What came of a record.

use fleetward_domain::{Alert, Violation, ViolationEvent};

/// What came of records, in the order it happened. Collects until it is cleared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Violations that opened, or whose last value or time changed.
    pub violations: Vec<Violation>,
    /// Ids of violations that ended.
    pub closed: Vec<String>,
    /// Violations that opened, cleared or were invalidated.
    pub events: Vec<ViolationEvent>,
    /// One for each event and alert target, but for behaviors whose alerts are suppressed.
    pub alerts: Vec<Alert>,
}

impl Effects {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.violations.clear();
        self.closed.clear();
        self.events.clear();
        self.alerts.clear();
    }

    /// Takes over what came of something else after this.
    pub(crate) fn append(&mut self, later: &mut Self) {
        self.violations.append(&mut later.violations);
        self.closed.append(&mut later.closed);
        self.events.append(&mut later.events);
        self.alerts.append(&mut later.alerts);
    }

    /// Whether nothing came of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty() && self.closed.is_empty() && self.events.is_empty()
    }
}
