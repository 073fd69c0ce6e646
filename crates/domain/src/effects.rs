//! What came of a record: made by detection, kept by the store.

use crate::EpochMs;
use crate::alert::Alert;
use crate::name::{BehaviorName, ProfileName};
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
    /// What windows that closed say of the fleet; one with the same key is stored once.
    pub summaries: Vec<WindowSummary>,
    /// What is to be published because a profile's `metricsExportConfig` says so.
    pub exports: Vec<Export>,
}

/// What the things of one partition did in a window that a statistical behavior judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowSummary {
    /// The profile.
    pub profile: ProfileName,
    /// The behavior in it.
    pub behavior: BehaviorName,
    /// Which of its metrics, dimensions and criteria over time (`Threshold::generation`).
    pub generation: u64,
    /// Which partition says it; set by whoever runs partitions, which do not know their number.
    pub partition: u32,
    /// When the window ended, exclusive.
    pub window_end_ms: EpochMs,
    /// What can be merged with those of other partitions; opaque but to detection.
    pub bytes: Vec<u8>,
}

/// A batch of metrics to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The MQTT topic.
    pub topic: String,
    /// The whole message.
    pub payload: Vec<u8>,
}

impl Effects {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.violations.clear();
        self.closed.clear();
        self.events.clear();
        self.alerts.clear();
        self.summaries.clear();
        self.exports.clear();
    }

    /// Takes over what came of something else after this.
    pub fn append(&mut self, later: &mut Self) {
        self.violations.append(&mut later.violations);
        self.closed.append(&mut later.closed);
        self.events.append(&mut later.events);
        self.alerts.append(&mut later.alerts);
        self.summaries.append(&mut later.summaries);
        self.exports.append(&mut later.exports);
    }

    /// Whether nothing came of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { violations, closed, events, alerts, summaries, exports } = self;
        violations.is_empty()
            && closed.is_empty()
            && events.is_empty()
            && alerts.is_empty()
            && summaries.is_empty()
            && exports.is_empty()
    }
}
