//! Violations and their events.

use fleetward_domain::{EventType, VerificationState, Violation, ViolationEvent};

use super::behavior::show_behavior;
use super::value::show_value;
use crate::Timestamp;
use crate::types;

/// An open violation, as `ListActiveViolations` answers it.
#[must_use]
pub fn show_violation(violation: &Violation) -> types::ActiveViolation {
    types::ActiveViolation {
        violation_id: Some(violation.id.clone()),
        thing_name: Some(violation.thing.as_str().to_owned()),
        security_profile_name: Some(violation.profile.as_str().to_owned()),
        behavior: Some(show_behavior(&violation.behavior)),
        last_violation_value: Some(show_value(&violation.last_value)),
        violation_event_additional_info: None,
        verification_state: Some(show_verification(violation.verification)),
        verification_state_description: violation.verification_description.clone(),
        last_violation_time: Some(Timestamp::from_epoch_ms(violation.last_violation_ms)),
        violation_start_time: Some(Timestamp::from_epoch_ms(violation.started_ms)),
    }
}

/// An event, as `ListViolationEvents` answers it.
#[must_use]
pub fn show_event(event: &ViolationEvent) -> types::ViolationEvent {
    types::ViolationEvent {
        violation_id: Some(event.violation_id.clone()),
        thing_name: Some(event.thing.as_str().to_owned()),
        security_profile_name: Some(event.profile.as_str().to_owned()),
        behavior: Some(show_behavior(&event.behavior)),
        metric_value: event.value.as_ref().map(show_value),
        violation_event_additional_info: None,
        violation_event_type: Some(match event.event_type {
            EventType::InAlarm => types::ViolationEventType::InAlarm,
            EventType::AlarmCleared => types::ViolationEventType::AlarmCleared,
            EventType::AlarmInvalidated => types::ViolationEventType::AlarmInvalidated,
        }),
        verification_state: Some(show_verification(event.verification)),
        verification_state_description: event.verification_description.clone(),
        violation_event_time: Some(Timestamp::from_epoch_ms(event.at_ms)),
    }
}

/// Reads a verification state.
#[must_use]
pub fn read_verification(state: types::VerificationState) -> VerificationState {
    match state {
        types::VerificationState::FalsePositive => VerificationState::FalsePositive,
        types::VerificationState::BenignPositive => VerificationState::BenignPositive,
        types::VerificationState::TruePositive => VerificationState::TruePositive,
        types::VerificationState::Unknown => VerificationState::Unknown,
    }
}

fn show_verification(state: VerificationState) -> types::VerificationState {
    match state {
        VerificationState::FalsePositive => types::VerificationState::FalsePositive,
        VerificationState::BenignPositive => types::VerificationState::BenignPositive,
        VerificationState::TruePositive => types::VerificationState::TruePositive,
        VerificationState::Unknown => types::VerificationState::Unknown,
    }
}
