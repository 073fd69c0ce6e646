//! The message of an alert: what is the same for all targets. The body of each kind of
//! notification is a file in `payload/`.

mod violation;

use bytes::Bytes;
use fleetward_domain::{Alert, Notification};
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

impl Message {
    /// Writes the message of an alert.
    ///
    /// # Errors
    /// [`AlertsError::Body`] if a value has no JSON.
    pub fn of(alert: &Alert) -> Result<Self, AlertsError> {
        let body = match &alert.notification {
            Notification::Violation(event) => violation::body(event),
        };
        Ok(Self {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, alert.key().as_bytes()).to_string(),
            topic_arn: alert.target_arn.clone(),
            body: body.map_err(AlertsError::Body)?.into(),
        })
    }
}

#[cfg(test)]
mod tests;
