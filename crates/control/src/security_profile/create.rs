//! Creating a security profile.

use fleetward_domain::{Change, ProfileName, SecurityProfile};
use fleetward_store::Kind;
use fleetward_wire::ApiError;
use fleetward_wire::convert::{
    read_alert_targets, read_metrics_export, read_metrics_to_retain, read_tags,
};
use fleetward_wire::types::{CreateSecurityProfileRequest, CreateSecurityProfileResponse};

use super::refused;
use crate::control::Control;
use crate::documents::{Draft, Race, find};

impl Control {
    /// A name is used once: the model gives this operation no token and promises no success where
    /// an equal profile exists.
    pub(crate) async fn create_security_profile(
        &self,
        input: CreateSecurityProfileRequest,
    ) -> Result<CreateSecurityProfileResponse, ApiError> {
        let profile = self.new_security_profile(input)?;
        let name = profile.name.as_str();
        let arn = self.security_profile_arn(&profile.name);
        let mut race = Race::default();
        loop {
            if find::<SecurityProfile>(self.store(), Kind::SecurityProfile, name).await?.is_some() {
                let message = format!("Security profile {name} already exists.");
                return Err(ApiError::already_exists(message, name, arn));
            }
            let mut draft = Draft::default();
            draft.create(Kind::SecurityProfile, name, &profile);
            self.use_dimensions(&mut draft, &profile, None).await?;
            draft.change(Change::Profile(profile.clone(), Vec::new()));
            if race.won(self.store(), draft).await? {
                return Ok(CreateSecurityProfileResponse {
                    security_profile_name: Some(name.to_owned()),
                    security_profile_arn: Some(arn),
                });
            }
        }
    }

    fn new_security_profile(
        &self,
        input: CreateSecurityProfileRequest,
    ) -> Result<SecurityProfile, ApiError> {
        let now_ms = self.now_ms();
        let old_metrics = input.additional_metrics_to_retain.as_deref();
        let new_metrics = input.additional_metrics_to_retain_v2.as_deref();
        Ok(SecurityProfile {
            name: ProfileName::parse(input.security_profile_name)
                .map_err(|error| ApiError::invalid_request(error.to_string()))?,
            description: input.security_profile_description,
            behaviors: self.read_behaviors(&input.behaviors.unwrap_or_default())?,
            alert_targets: read_alert_targets(&input.alert_targets.unwrap_or_default())
                .map_err(refused)?,
            metrics_to_retain: read_metrics_to_retain(old_metrics, new_metrics).map_err(refused)?,
            metrics_export: input.metrics_export_config.as_ref().map(read_metrics_export),
            tags: read_tags(input.tags),
            version: 1,
            created_ms: now_ms,
            modified_ms: now_ms,
        })
    }
}
