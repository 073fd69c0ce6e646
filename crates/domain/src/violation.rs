//! Violations and their events.

use uuid::Uuid;

use crate::EpochMs;
use crate::behavior::Behavior;
use crate::name::{ProfileName, ThingName};
use crate::value::MetricValue;

/// A violation that is open now.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Derived by [`violation_id`].
    pub id: String,
    /// The thing.
    pub thing: ThingName,
    /// The profile.
    pub profile: ProfileName,
    /// The behavior as it was when the violation opened.
    pub behavior: Behavior,
    /// The last violating value.
    pub last_value: MetricValue,
    /// When the last violating datapoint came.
    pub last_violation_ms: EpochMs,
    /// The first datapoint of the run that led to the alarm.
    pub started_ms: EpochMs,
    /// What an operator says of it.
    pub verification: VerificationState,
    /// Why, in the operator's words.
    pub verification_description: Option<String>,
}

/// Something that happened to a violation.
#[derive(Clone, Debug, PartialEq)]
pub struct ViolationEvent {
    /// The violation's id.
    pub violation_id: String,
    /// The thing.
    pub thing: ThingName,
    /// The profile.
    pub profile: ProfileName,
    /// The behavior as it was.
    pub behavior: Behavior,
    /// The value that decided; none if none did (invalidated).
    pub value: Option<MetricValue>,
    /// What happened.
    pub event_type: EventType,
    /// When.
    pub at_ms: EpochMs,
    /// What an operator says of the violation.
    pub verification: VerificationState,
    /// Why, in the operator's words.
    pub verification_description: Option<String>,
}

/// What can happen to a violation (service model, `ViolationEventType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// It opened.
    InAlarm,
    /// Enough datapoints conformed.
    AlarmCleared,
    /// Nobody can tell any more: the behavior changed, or the thing fell silent for too long.
    AlarmInvalidated,
}

impl EventType {
    /// As AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InAlarm => "in-alarm",
            Self::AlarmCleared => "alarm-cleared",
            Self::AlarmInvalidated => "alarm-invalidated",
        }
    }
}

/// An operator's verdict (service model, `VerificationState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is AWS's state of the same name")]
pub enum VerificationState {
    FalsePositive,
    BenignPositive,
    TruePositive,
    #[default]
    Unknown,
}

/// The id of the violation that a thing's behavior opened at this time by this transition: the
/// same history always gives the same id, so what is written twice is written once.
#[must_use]
pub fn violation_id(
    thing: &ThingName,
    profile: &ProfileName,
    behavior: &str,
    opened_ms: EpochMs,
    transition: u64,
) -> String {
    let text = format!("{thing}\0{profile}\0{behavior}\0{opened_ms}\0{transition}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
}
