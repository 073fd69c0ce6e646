//! What happened to violations.

use fleetward_domain::{
    Behavior, EpochMs, EventType, FormatLevel, ProfileName, Severity, ThingName, Unsayable,
    ViolationEvent,
};
use serde::{Deserialize, Serialize};

use super::behavior::BehaviorV1;
use super::json::{self, Reader};
use super::metric::MetricValueV1;
use super::violation::VerificationV1;
use crate::error::StoreError;

const WHAT: &str = "event";
const READERS: &[Reader<ViolationEvent>] = &[json::reader::<EventV1, ViolationEvent>];

/// A row's body, in the version that the level names.
pub(crate) fn to_bytes(event: &ViolationEvent, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
    json::write(WHAT, &event.violation_id, &EventV1::at(level, event)?)
}

/// Reads a row's body.
pub(crate) fn from_bytes(row: &str, bytes: &[u8]) -> Result<ViolationEvent, StoreError> {
    json::read(WHAT, row, bytes, READERS)
}

/// An event, also in the alert that tells of it.
#[derive(Serialize, Deserialize)]
pub(super) struct EventV1 {
    violation_id: String,
    thing: ThingName,
    profile: ProfileName,
    behavior: BehaviorV1,
    value: Option<MetricValueV1>,
    event_type: EventTypeV1,
    at_ms: EpochMs,
    verification: VerificationV1,
    verification_description: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum EventTypeV1 {
    InAlarm,
    AlarmCleared,
    AlarmInvalidated,
}

impl EventV1 {
    pub(super) fn at(level: FormatLevel, event: &ViolationEvent) -> Result<Self, Unsayable> {
        let value = event.value.as_ref();
        Ok(Self {
            violation_id: event.violation_id.clone(),
            thing: event.thing.clone(),
            profile: event.profile.clone(),
            behavior: BehaviorV1::at(level, &event.behavior)?,
            value: value.map(|value| MetricValueV1::at(level, value)).transpose()?,
            event_type: match event.event_type {
                EventType::InAlarm => EventTypeV1::InAlarm,
                EventType::AlarmCleared => EventTypeV1::AlarmCleared,
                EventType::AlarmInvalidated => EventTypeV1::AlarmInvalidated,
            },
            at_ms: event.at_ms,
            verification: event.verification.into(),
            verification_description: event.verification_description.clone(),
        })
    }
}

impl TryFrom<EventV1> for ViolationEvent {
    type Error = String;

    fn try_from(stored: EventV1) -> Result<Self, String> {
        let behavior: Behavior = stored.behavior.try_into()?;
        Ok(Self {
            // What this version does not keep is as it is without tags.
            severity: Severity::of_metric(behavior.metric.as_ref()),
            violation_id: stored.violation_id,
            thing: stored.thing,
            profile: stored.profile,
            behavior,
            value: stored.value.map(TryInto::try_into).transpose()?,
            event_type: match stored.event_type {
                EventTypeV1::InAlarm => EventType::InAlarm,
                EventTypeV1::AlarmCleared => EventType::AlarmCleared,
                EventTypeV1::AlarmInvalidated => EventType::AlarmInvalidated,
            },
            at_ms: stored.at_ms,
            verification: stored.verification.into(),
            verification_description: stored.verification_description,
        })
    }
}
