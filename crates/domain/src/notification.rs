//! What users are told.

use crate::EpochMs;
use crate::violation::ViolationEvent;

/// Something that users want to be told, whoever it goes to and however.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// A violation opened, was cleared or was invalidated.
    Violation(ViolationEvent),
}

impl Notification {
    /// Tells it from every other one: the same however often it is made.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Violation(event) => {
                format!("{}/{}", event.violation_id, event.event_type.as_str())
            }
        }
    }

    /// Notifications of one lane reach a target in the order in which they were made: those of a
    /// violation are in the lane of its thing.
    #[must_use]
    pub fn lane(&self) -> &str {
        match self {
            Self::Violation(event) => event.thing.as_str(),
        }
    }

    /// When it happened.
    #[must_use]
    pub fn at_ms(&self) -> EpochMs {
        match self {
            Self::Violation(event) => event.at_ms,
        }
    }
}
