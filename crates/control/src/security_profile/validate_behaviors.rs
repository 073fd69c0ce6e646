use fleetward_wire::convert::read_behaviors;
use fleetward_wire::types::{
    ValidateSecurityProfileBehaviorsRequest, ValidateSecurityProfileBehaviorsResponse,
    ValidationError,
};

use super::uses::{behavior_rules, missing_dimensions};
use super::{over_quota, unheard_of};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The problems for which the behaviors would be refused, as a list.
pub(crate) async fn validate_behaviors(
    control: &Control,
    input: ValidateSecurityProfileBehaviorsRequest,
) -> Result<Prepared<ValidateSecurityProfileBehaviorsResponse>, Refusal> {
    let rules = behavior_rules(control, Some(&input.behaviors), None, None).await?;
    let problems = match read_behaviors(&input.behaviors, &rules) {
        Ok(behaviors) => {
            let mut problems = missing_dimensions(control, &behaviors, &[]).await?;
            problems.extend(unheard_of(&behaviors, control.level()));
            problems.extend(over_quota(&behaviors));
            problems
        }
        Err(problems) => problems,
    };
    let shown = |problem| ValidationError { error_message: Some(problem) };
    Ok(Prepared::read(ValidateSecurityProfileBehaviorsResponse {
        valid: Some(problems.is_empty()),
        validation_errors: Some(problems.into_iter().map(shown).collect()),
    }))
}
