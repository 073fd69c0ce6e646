//! Violations: the open ones, and what happened to all of them.

pub(crate) mod list_active;
pub(crate) mod list_events;
pub(crate) mod put_verification_state;
#[cfg(test)]
mod tests;

use fleetward_domain::{CriteriaType, ProfileName, ThingName};
use fleetward_store::ViolationFilter;
use fleetward_wire::convert::read_verification;
use fleetward_wire::types::{BehaviorCriteriaType, VerificationState};

use crate::refusal::Refusal;

fn read_filter(
    thing: Option<String>,
    profile: Option<String>,
    suppressed: Option<bool>,
    verification: Option<VerificationState>,
    criteria: Option<BehaviorCriteriaType>,
) -> Result<ViolationFilter, Refusal> {
    Ok(ViolationFilter {
        thing: thing.map(ThingName::parse).transpose()?,
        profile: profile.map(ProfileName::parse).transpose()?,
        suppressed,
        verification: verification.map(read_verification),
        criteria: criteria.map(|criteria| match criteria {
            BehaviorCriteriaType::Static => CriteriaType::Static,
            BehaviorCriteriaType::Statistical => CriteriaType::Statistical,
            BehaviorCriteriaType::MachineLearning => CriteriaType::MachineLearning,
        }),
    })
}
