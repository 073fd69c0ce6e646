use fleetward_domain::{Change, SecurityProfile};
use fleetward_store::{Kind, Tx};
use fleetward_wire::types::{DeleteSecurityProfileRequest, DeleteSecurityProfileResponse};

use super::targets::targets_of;
use super::update::check_version;
use super::uses;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

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
    let mut tx = Tx::default();
    tx.remove::<SecurityProfile>(name, profile.version);
    for target in targets_of(control, name).await? {
        let arn = target.arn(control.place());
        tx.remove_edge(Kind::TargetOfProfile, name, &arn);
        tx.remove_edge(Kind::ProfileOfTarget, &arn, name);
    }
    uses::erase(&mut tx, &profile.value);
    tx.changes.push(Change::ProfileDeleted(profile.value.name));
    Ok(Prepared::write(tx, deleted))
}
