//! Deleting a security profile, with its attachments.

use fleetward_domain::{Change, SecurityProfile};
use fleetward_store::Kind;
use fleetward_wire::ApiError;
use fleetward_wire::types::{DeleteSecurityProfileRequest, DeleteSecurityProfileResponse};

use super::dimensions::dimensions_of;
use super::update::check_version;
use crate::control::Control;
use crate::documents::{Draft, Race, find};

impl Control {
    /// A profile that is not there counts as deleted: the model has no error for it.
    pub(crate) async fn delete_security_profile(
        &self,
        input: DeleteSecurityProfileRequest,
    ) -> Result<DeleteSecurityProfileResponse, ApiError> {
        let name = input.security_profile_name.as_str();
        let mut race = Race::default();
        loop {
            let found = find::<SecurityProfile>(self.store(), Kind::SecurityProfile, name).await?;
            let Some(profile) = found else { return Ok(DeleteSecurityProfileResponse {}) };
            check_version(&profile.value, input.expected_version)?;
            let mut draft = Draft::default();
            draft.remove(Kind::SecurityProfile, name, profile.version);
            for target in self.targets_of(name).await? {
                let arn = target.arn(self.place());
                draft.remove_edge(Kind::TargetOfProfile, name, &arn);
                draft.remove_edge(Kind::ProfileOfTarget, &arn, name);
            }
            for dimension in dimensions_of(&profile.value) {
                draft.remove_edge(Kind::ProfileOfDimension, dimension.as_str(), name);
            }
            draft.change(Change::ProfileDeleted(profile.value.name));
            if race.won(self.store(), draft).await? {
                return Ok(DeleteSecurityProfileResponse {});
            }
        }
    }
}
