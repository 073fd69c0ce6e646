//! Security profiles: what is normal for the devices of their targets.
//!
//! A profile is one document. Beside it stand edges: to its targets and back, and from the
//! dimensions that it uses. Whatever changes a profile, its targets or its use of dimensions
//! writes the profile's document again, so that of two writers one always tries again: each
//! [`Change::Profile`](fleetward_domain::Change::Profile) carries the whole truth.

mod attach;
mod create;
mod delete;
mod dimensions;
mod list;
mod targets;
#[cfg(test)]
mod tests;
mod update;

use fleetward_domain::limits::{BEHAVIORS_PER_PROFILE, VALUE_ELEMENTS_PER_PROFILE};
use fleetward_domain::{Behavior, Judgement, ProfileName, Resource, SecurityProfile};
use fleetward_store::Kind;
use fleetward_wire::convert::{read_behaviors, show_profile};
use fleetward_wire::types::{
    DescribeSecurityProfileRequest, DescribeSecurityProfileResponse,
    ValidateSecurityProfileBehaviorsRequest, ValidateSecurityProfileBehaviorsResponse,
    ValidationError,
};
use fleetward_wire::{ApiError, types};

use crate::control::Control;
use crate::documents::{Versioned, find};

impl Control {
    pub(crate) async fn describe_security_profile(
        &self,
        input: DescribeSecurityProfileRequest,
    ) -> Result<DescribeSecurityProfileResponse, ApiError> {
        let profile = self.security_profile(&input.security_profile_name).await?.value;
        let arn = self.security_profile_arn(&profile.name);
        Ok(show_profile(&profile, arn))
    }

    pub(crate) async fn validate_security_profile_behaviors(
        &self,
        input: ValidateSecurityProfileBehaviorsRequest,
    ) -> Result<ValidateSecurityProfileBehaviorsResponse, ApiError> {
        let problems = match read_behaviors(&input.behaviors, &self.behavior_rules()) {
            Ok(behaviors) => {
                let mut problems = self.missing_dimensions(&behaviors, &[]).await?;
                problems.extend(over_quota(&behaviors));
                problems
            }
            Err(problems) => problems,
        };
        let shown = |problem| ValidationError { error_message: Some(problem) };
        Ok(ValidateSecurityProfileBehaviorsResponse {
            valid: Some(problems.is_empty()),
            validation_errors: Some(problems.into_iter().map(shown).collect()),
        })
    }

    /// The profile of this name.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    async fn security_profile(&self, name: &str) -> Result<Versioned<SecurityProfile>, ApiError> {
        find(self.store(), Kind::SecurityProfile, name)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Security profile {name} does not exist.")))
    }

    fn security_profile_arn(&self, name: &ProfileName) -> String {
        self.place().arn(Resource::SecurityProfile(name.as_str()))
    }

    fn read_behaviors(&self, behaviors: &[types::Behavior]) -> Result<Vec<Behavior>, ApiError> {
        let behaviors = read_behaviors(behaviors, &self.behavior_rules()).map_err(refused)?;
        match over_quota(&behaviors) {
            Some(problem) => Err(ApiError::limit_exceeded(problem)),
            None => Ok(behaviors),
        }
    }
}

/// All problems of a request in one message.
fn refused(problems: Vec<String>) -> ApiError {
    ApiError::invalid_request(format!("{}.", problems.join("; ")))
}

/// Source: AWS IoT Device Defender's quotas.
fn over_quota(behaviors: &[Behavior]) -> Option<String> {
    let count = behaviors.len();
    if count > BEHAVIORS_PER_PROFILE {
        return Some(format!(
            "The profile has {count} behaviors; the limit is {BEHAVIORS_PER_PROFILE}."
        ));
    }
    let criteria = behaviors.iter().filter_map(|behavior| behavior.criteria.as_ref());
    let elements = criteria.map(|criteria| {
        let Judgement::Static(comparison) = &criteria.judgement;
        comparison.value().elements()
    });
    let elements = elements.fold(0_usize, usize::saturating_add);
    (elements > VALUE_ELEMENTS_PER_PROFILE).then(|| {
        format!(
            "The behaviors of the profile have {elements} value elements; the limit is \
             {VALUE_ELEMENTS_PER_PROFILE}."
        )
    })
}
