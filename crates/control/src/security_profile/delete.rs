use fleetward_domain::SecurityProfile;
use fleetward_wire::types::{DeleteSecurityProfileRequest, DeleteSecurityProfileResponse};

use super::targets::targets_of;
use super::update::check_version;
use super::{uses, whole};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::PROFILE_TO_TARGET;

/// A profile that is not there counts as deleted: the model has no error for it. Its attachments
/// go with it.
pub(crate) async fn delete(
    control: &Control,
    input: DeleteSecurityProfileRequest,
) -> Result<Prepared<DeleteSecurityProfileResponse>, Refusal> {
    let (name, deleted) = (input.security_profile_name.as_str(), DeleteSecurityProfileResponse {});
    let Some(profile) = control.find::<SecurityProfile>(name).await? else {
        return Ok(Prepared::read(deleted));
    };
    check_version(&profile.value, input.expected_version)?;
    let mut tx = whole::delete(&profile);
    for target in targets_of(control, name).await? {
        PROFILE_TO_TARGET.erase(&mut tx, name, &target.arn(control.place()));
    }
    uses::erase(&mut tx, &profile.value);
    Ok(Prepared::write(tx, deleted))
}
