//! Targets: which there can be, and which a profile has.

use fleetward_domain::{Target, ThingGroup};
use fleetward_store::{Kind, edge_ends, edges_from};

use crate::control::Control;
use crate::error::ControlError;
use crate::limits::TARGETS_PER_PROFILE;
use crate::refusal::Refusal;

/// Reads a target's ARN.
///
/// # Errors
/// [`Refusal::InvalidField`] where it names nothing that can be a target here.
pub(super) fn read_target(control: &Control, arn: &str) -> Result<Target, Refusal> {
    Target::from_arn(control.place(), arn)
        .map_err(|error| Refusal::field("securityProfileTargetArn", error))
}

/// # Errors
/// [`Refusal::NotFound`] where the target is a group that does not exist.
pub(super) async fn require_target(control: &Control, target: &Target) -> Result<(), Refusal> {
    if let Target::Group(name) = target {
        control.existing::<ThingGroup>(name.as_str()).await?;
    }
    Ok(())
}

/// All targets of a profile, by ARN.
pub(crate) async fn targets_of(control: &Control, profile: &str) -> Result<Vec<Target>, Refusal> {
    let limit = TARGETS_PER_PROFILE.saturating_add(1);
    let prefix = edges_from(profile);
    let edges = control.store().list(Kind::TargetOfProfile, &prefix, None, limit).await?;
    let read = |key: &str| {
        let (_, arn) = edge_ends(key);
        Target::from_arn(control.place(), arn).map_err(|error| ControlError::Corrupt {
            what: format!("a target of security profile {profile}"),
            problem: error.to_string(),
        })
    };
    let targets: Result<Vec<Target>, _> = edges.iter().map(|edge| read(&edge.key)).collect();
    Ok(targets?)
}
