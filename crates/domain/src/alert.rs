//! Alerts on their way out.

use crate::notification::Notification;

/// One message for one target: a row of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The SNS topic's ARN, as the profile's alert targets name it.
    pub target_arn: String,
    /// What it says.
    pub notification: Notification,
}

impl Alert {
    /// Tells a repeated delivery from a new one: notification and target.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.notification.key(), self.target_arn)
    }
}
