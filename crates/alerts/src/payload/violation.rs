//! What a violation's event says, as AWS IoT Device Defender sends it to SNS.
//!
//! Source: AWS IoT Device Defender's guide on alert messages.

use fleetward_domain::ViolationEvent;
use fleetward_wire::convert::{show_behavior, show_value};
use fleetward_wire::types::{Behavior, MetricValue};
use serde::Serialize;

/// The body, with the member names that AWS gives them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    /// Milliseconds, here; the API has seconds.
    violation_event_time: i64,
    thing_name: &'a str,
    behavior: Behavior,
    violation_event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_value: Option<MetricValue>,
    violation_id: &'a str,
    security_profile_name: &'a str,
}

/// The body in JSON.
pub(super) fn body(event: &ViolationEvent) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body {
        violation_event_time: event.at_ms,
        thing_name: event.thing.as_str(),
        behavior: show_behavior(&event.behavior),
        violation_event_type: event.event_type.as_str(),
        metric_value: event.value.as_ref().map(show_value),
        violation_id: &event.violation_id,
        security_profile_name: event.profile.as_str(),
    })
}
