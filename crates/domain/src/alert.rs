//! Alerts on their way out.

use serde::{Deserialize, Serialize};

use crate::violation::ViolationEvent;

/// One message for one target: a row of the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The SNS topic's ARN in the profile's alert targets.
    pub target_arn: String,
    /// What happened.
    pub event: ViolationEvent,
}

impl Alert {
    /// Tells a repeated delivery from a new one: violation, event type and target.
    #[must_use]
    pub fn key(&self) -> String {
        format!(
            "{}/{}/{}",
            self.event.violation_id,
            self.event.event_type.as_str(),
            self.target_arn
        )
    }
}
