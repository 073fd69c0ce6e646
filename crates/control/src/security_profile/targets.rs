//! Targets: which there can be, and which a profile has.

use fleetward_domain::{Target, ThingGroup};
use fleetward_store::Kind;
use fleetward_wire::ApiError;

use crate::control::Control;
use crate::documents::{edge_ends, edges_from, find};
use crate::error::ControlError;
use crate::limits::TARGETS_PER_PROFILE;

impl Control {
    /// Reads a target's ARN.
    ///
    /// # Errors
    /// `InvalidRequestException` where it names nothing that can be a target here.
    pub(super) fn read_target(&self, arn: &str) -> Result<Target, ApiError> {
        Target::from_arn(self.place(), arn).map_err(|error| {
            ApiError::invalid_request(format!("securityProfileTargetArn: {error}."))
        })
    }

    /// # Errors
    /// `ResourceNotFoundException` where the target is a group that does not exist.
    pub(super) async fn require_target(&self, target: &Target) -> Result<(), ApiError> {
        let Target::Group(name) = target else { return Ok(()) };
        let found = find::<ThingGroup>(self.store(), Kind::ThingGroup, name.as_str()).await?;
        match found {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found(format!("Thing group {name} does not exist."))),
        }
    }

    /// All targets of a profile, by ARN.
    pub(super) async fn targets_of(&self, profile: &str) -> Result<Vec<Target>, ApiError> {
        let prefix = edges_from(profile);
        let limit = TARGETS_PER_PROFILE.saturating_add(1);
        let edges = self.store().list(Kind::TargetOfProfile, &prefix, None, limit).await;
        let edges = edges.map_err(ControlError::from)?;
        let read = |key: &str| {
            let (_, arn) = edge_ends(key);
            Target::from_arn(self.place(), arn).map_err(|error| ControlError::Corrupt {
                what: format!("a target of security profile {profile}"),
                problem: error.to_string(),
            })
        };
        let targets: Result<Vec<Target>, _> = edges.iter().map(|edge| read(&edge.key)).collect();
        Ok(targets?)
    }
}
