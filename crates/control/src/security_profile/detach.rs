use fleetward_domain::SecurityProfile;
use fleetward_wire::types::{DetachSecurityProfileRequest, DetachSecurityProfileResponse};

use super::rewrite;
use super::targets::{read_target, targets_of};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::PROFILE_TO_TARGET;

/// Detaching what is not attached succeeds and changes nothing.
pub(crate) async fn detach(
    control: &Control,
    input: DetachSecurityProfileRequest,
) -> Result<Prepared<DetachSecurityProfileResponse>, Refusal> {
    let target = read_target(control, &input.security_profile_target_arn)?;
    let (name, arn) = (input.security_profile_name.as_str(), target.arn(control.place()));
    let profile = control.existing::<SecurityProfile>(name).await?;
    let mut targets = targets_of(control, name).await?;
    if !targets.contains(&target) {
        return Ok(Prepared::read(DetachSecurityProfileResponse {}));
    }
    targets.retain(|other| *other != target);
    let mut tx = rewrite(control, &profile.value, profile.version, targets)?;
    PROFILE_TO_TARGET.erase(&mut tx, name, &arn);
    Ok(Prepared::write(tx, DetachSecurityProfileResponse {}))
}
