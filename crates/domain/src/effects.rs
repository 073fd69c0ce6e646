//! What came of a record: made by detection, kept by the store.

use crate::alert::Alert;
use crate::violation::{Violation, ViolationEvent};

/// What came of records, in the order it happened. Collects until it is cleared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Violations that opened, or whose last value or time changed; the verification that an
    /// operator has set meanwhile is kept.
    pub violations: Vec<Violation>,
    /// Ids of violations that ended.
    pub closed: Vec<String>,
    /// Violations that opened, cleared or were invalidated; one with the same (violation id, event
    /// type) is stored once.
    pub events: Vec<ViolationEvent>,
    /// One for each event and alert target, but for behaviors whose alerts are suppressed. One with
    /// the same `Alert::key` is stored once, due at once.
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
    pub fn append(&mut self, later: &mut Self) {
        self.violations.append(&mut later.violations);
        self.closed.append(&mut later.closed);
        self.events.append(&mut later.events);
        self.alerts.append(&mut later.alerts);
    }

    /// Whether nothing came of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { violations, closed, events, alerts } = self;
        violations.is_empty() && closed.is_empty() && events.is_empty() && alerts.is_empty()
    }
}
