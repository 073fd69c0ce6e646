//! What comes out of a history: what the evaluator says and what the product did, in the same
//! words.

use std::collections::BTreeMap;

use fleetward_domain::{EventType, MetricValue};

/// Something that happened to a violation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) thing: String,
    pub(crate) behavior: String,
    pub(crate) event_type: EventType,
    pub(crate) at_ms: i64,
    pub(crate) value: Option<MetricValue>,
    pub(crate) is_suppressed: bool,
}

/// A violation that is open at the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Open {
    pub(crate) started_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) last_value: MetricValue,
}

/// All that should have come out, events in order.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) events: Vec<Event>,
    /// By thing and behavior.
    pub(crate) open: BTreeMap<(String, String), Open>,
}
