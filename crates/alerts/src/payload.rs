//! The message: AWS's body, and the headers of a raw delivery of SNS.
//!
//! Sources: AWS IoT Device Defender's guide on alert messages; the SNS guide on raw message
//! delivery to HTTP endpoints.

use bytes::Bytes;
use fleetward_domain::{Alert, ViolationEvent};
use fleetward_wire::convert::{show_behavior, show_value};
use fleetward_wire::types::{Behavior, MetricValue};
use serde::Serialize;
use uuid::Uuid;

use crate::error::AlertsError;

/// One alert, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same for every delivery of the same alert, so that a receiver can drop repetitions.
    pub id: String,
    /// The SNS topic that the profile names.
    pub topic_arn: String,
    /// JSON.
    pub body: Bytes,
}

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

impl Message {
    /// Writes the message of an alert.
    ///
    /// # Errors
    /// [`AlertsError::Body`] if a value has no JSON.
    pub fn of(alert: &Alert) -> Result<Self, AlertsError> {
        Ok(Self {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, alert.key().as_bytes()).to_string(),
            topic_arn: alert.target_arn.clone(),
            body: body(&alert.event).map_err(AlertsError::Body)?.into(),
        })
    }
}

fn body(event: &ViolationEvent) -> Result<Vec<u8>, serde_json::Error> {
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

#[cfg(test)]
mod tests;
