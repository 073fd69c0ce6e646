//! Violations that are open.

use fleetward_domain::{
    Behavior, EpochMs, FormatLevel, ProfileName, Severity, ThingName, Unsayable, VerificationState,
    Violation,
};
use serde::{Deserialize, Serialize};

use super::behavior::BehaviorV1;
use super::json::{self, Reader};
use super::metric::MetricValueV1;
use crate::error::StoreError;

const WHAT: &str = "violation";
const READERS: &[Reader<Violation>] = &[json::reader::<V1, Violation>];

/// A row's body, in the version that the level names.
pub(crate) fn to_bytes(violation: &Violation, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
    json::write(WHAT, &violation.id, &V1::at(level, violation)?)
}

/// Reads a row's body.
pub(crate) fn from_bytes(id: &str, bytes: &[u8]) -> Result<Violation, StoreError> {
    json::read(WHAT, id, bytes, READERS)
}

#[derive(Serialize, Deserialize)]
struct V1 {
    id: String,
    thing: ThingName,
    profile: ProfileName,
    behavior: BehaviorV1,
    last_value: MetricValueV1,
    last_violation_ms: EpochMs,
    started_ms: EpochMs,
    verification: VerificationV1,
    verification_description: Option<String>,
}

/// An operator's verdict, also in events.
#[derive(Serialize, Deserialize)]
pub(super) enum VerificationV1 {
    FalsePositive,
    BenignPositive,
    TruePositive,
    Unknown,
}

impl V1 {
    fn at(level: FormatLevel, violation: &Violation) -> Result<Self, Unsayable> {
        Ok(Self {
            id: violation.id.clone(),
            thing: violation.thing.clone(),
            profile: violation.profile.clone(),
            behavior: BehaviorV1::at(level, &violation.behavior)?,
            last_value: MetricValueV1::at(level, &violation.last_value)?,
            last_violation_ms: violation.last_violation_ms,
            started_ms: violation.started_ms,
            verification: violation.verification.into(),
            verification_description: violation.verification_description.clone(),
        })
    }
}

impl TryFrom<V1> for Violation {
    type Error = String;

    fn try_from(stored: V1) -> Result<Self, String> {
        let behavior: Behavior = stored.behavior.try_into()?;
        Ok(Self {
            // What this version does not keep is as it is without tags.
            severity: Severity::of_metric(behavior.metric.as_ref()),
            id: stored.id,
            thing: stored.thing,
            profile: stored.profile,
            behavior,
            last_value: stored.last_value.try_into()?,
            last_violation_ms: stored.last_violation_ms,
            started_ms: stored.started_ms,
            verification: stored.verification.into(),
            verification_description: stored.verification_description,
        })
    }
}

impl From<VerificationState> for VerificationV1 {
    fn from(state: VerificationState) -> Self {
        match state {
            VerificationState::FalsePositive => Self::FalsePositive,
            VerificationState::BenignPositive => Self::BenignPositive,
            VerificationState::TruePositive => Self::TruePositive,
            VerificationState::Unknown => Self::Unknown,
        }
    }
}

impl From<VerificationV1> for VerificationState {
    fn from(stored: VerificationV1) -> Self {
        match stored {
            VerificationV1::FalsePositive => Self::FalsePositive,
            VerificationV1::BenignPositive => Self::BenignPositive,
            VerificationV1::TruePositive => Self::TruePositive,
            VerificationV1::Unknown => Self::Unknown,
        }
    }
}
