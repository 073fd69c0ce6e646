//! Attaching profiles to targets and detaching them.

use fleetward_domain::Change;
use fleetward_domain::limits::PROFILES_PER_TARGET;
use fleetward_store::Kind;
use fleetward_wire::ApiError;
use fleetward_wire::types::{
    AttachSecurityProfileRequest, AttachSecurityProfileResponse, DetachSecurityProfileRequest,
    DetachSecurityProfileResponse,
};

use crate::control::Control;
use crate::documents::{Draft, Race, edges_from, read_gate};
use crate::error::ControlError;
use crate::limits::TARGETS_PER_PROFILE;

impl Control {
    /// Attaching again what is attached succeeds and changes nothing.
    pub(crate) async fn attach_security_profile(
        &self,
        input: AttachSecurityProfileRequest,
    ) -> Result<AttachSecurityProfileResponse, ApiError> {
        let target = self.read_target(&input.security_profile_target_arn)?;
        let (name, arn) = (input.security_profile_name.as_str(), target.arn(self.place()));
        let mut race = Race::default();
        loop {
            let profile = self.security_profile(name).await?;
            self.require_target(&target).await?;
            let mut targets = self.targets_of(name).await?;
            if targets.contains(&target) {
                return Ok(AttachSecurityProfileResponse {});
            }
            if targets.len() >= TARGETS_PER_PROFILE {
                return Err(ApiError::limit_exceeded(format!(
                    "Security profile {name} has {TARGETS_PER_PROFILE} targets, the limit."
                )));
            }
            // The gate is read before the count: who attaches in between makes the commit fail.
            let gate = format!("profiles of {arn}");
            let gate_version = read_gate(self.store(), &gate).await?;
            self.require_room(&arn).await?;
            let mut draft = Draft::default();
            draft.pass_gate(&gate, gate_version);
            draft.replace(Kind::SecurityProfile, name, profile.version, &profile.value);
            if let fleetward_domain::Target::Group(group) = &target {
                draft.require(Kind::ThingGroup, group.as_str());
            }
            draft.draw_edge(Kind::TargetOfProfile, name, &arn);
            draft.draw_edge(Kind::ProfileOfTarget, &arn, name);
            targets.push(target.clone());
            draft.change(Change::Profile(profile.value, targets));
            if race.won(self.store(), draft).await? {
                return Ok(AttachSecurityProfileResponse {});
            }
        }
    }

    /// Detaching what is not attached succeeds and changes nothing.
    pub(crate) async fn detach_security_profile(
        &self,
        input: DetachSecurityProfileRequest,
    ) -> Result<DetachSecurityProfileResponse, ApiError> {
        let target = self.read_target(&input.security_profile_target_arn)?;
        let (name, arn) = (input.security_profile_name.as_str(), target.arn(self.place()));
        let mut race = Race::default();
        loop {
            let profile = self.security_profile(name).await?;
            let mut targets = self.targets_of(name).await?;
            if !targets.contains(&target) {
                return Ok(DetachSecurityProfileResponse {});
            }
            targets.retain(|other| *other != target);
            let mut draft = Draft::default();
            draft.replace(Kind::SecurityProfile, name, profile.version, &profile.value);
            draft.remove_edge(Kind::TargetOfProfile, name, &arn);
            draft.remove_edge(Kind::ProfileOfTarget, &arn, name);
            draft.change(Change::Profile(profile.value, targets));
            if race.won(self.store(), draft).await? {
                return Ok(DetachSecurityProfileResponse {});
            }
        }
    }

    /// Source: AWS IoT Device Defender's quotas; the service model on `AttachSecurityProfile`.
    async fn require_room(&self, target_arn: &str) -> Result<(), ApiError> {
        let attached = self.store().count(Kind::ProfileOfTarget, &edges_from(target_arn)).await;
        let attached = attached.map_err(ControlError::from)?;
        if usize::try_from(attached).unwrap_or(usize::MAX) < PROFILES_PER_TARGET {
            return Ok(());
        }
        Err(ApiError::limit_exceeded(format!(
            "{attached} security profiles are attached to {target_arn}; the limit is \
             {PROFILES_PER_TARGET}."
        )))
    }
}
