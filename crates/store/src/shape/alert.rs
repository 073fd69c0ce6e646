//! Alerts in the outbox.

use fleetward_domain::format_level::FormatLevel;
use fleetward_domain::{Alert, Notification};
use serde::{Deserialize, Serialize};

use super::event::EventV1;
use super::json::{self, Reader};
use crate::error::StoreError;

const WHAT: &str = "alert";
const READERS: &[Reader<Alert>] = &[json::reader::<V1, Alert>];

/// A row's body, in the version that the level names.
pub(crate) fn to_bytes(alert: &Alert, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
    json::write(WHAT, &alert.key(), &V1::from(alert))
}

/// Reads a row's body.
pub(crate) fn from_bytes(key: &str, bytes: &[u8]) -> Result<Alert, StoreError> {
    json::read(WHAT, key, bytes, READERS)
}

#[derive(Serialize, Deserialize)]
struct V1 {
    target_arn: String,
    event: EventV1,
}

impl From<&Alert> for V1 {
    fn from(alert: &Alert) -> Self {
        // What is no violation has its own version of the shape.
        let Notification::Violation(event) = &alert.notification;
        Self { target_arn: alert.target_arn.clone(), event: EventV1::from(event) }
    }
}

impl TryFrom<V1> for Alert {
    type Error = String;

    fn try_from(V1 { target_arn, event }: V1) -> Result<Self, String> {
        Ok(Self { target_arn, notification: Notification::Violation(event.try_into()?) })
    }
}
