use fleetward_domain::limits::PROFILES_PER_TARGET;
use fleetward_domain::{SecurityProfile, Target, ThingGroup};
use fleetward_store::{Gate, Kind};
use fleetward_wire::types::{AttachSecurityProfileRequest, AttachSecurityProfileResponse};

use super::rewrite;
use super::targets::{read_target, require_target, targets_of};
use crate::control::Control;
use crate::limits::TARGETS_PER_PROFILE;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::PROFILE_TO_TARGET;

/// Attaching again what is attached succeeds and changes nothing.
pub(crate) async fn attach(
    control: &Control,
    input: AttachSecurityProfileRequest,
) -> Result<Prepared<AttachSecurityProfileResponse>, Refusal> {
    let target = read_target(control, &input.security_profile_target_arn)?;
    let (name, arn) = (input.security_profile_name.as_str(), target.arn(control.place()));
    let profile = control.existing::<SecurityProfile>(name).await?;
    require_target(control, &target).await?;
    let mut targets = targets_of(control, name).await?;
    if targets.contains(&target) {
        return Ok(Prepared::read(AttachSecurityProfileResponse {}));
    }
    if targets.len() >= TARGETS_PER_PROFILE {
        return Err(Refusal::Limit(format!(
            "Security profile {name} has {TARGETS_PER_PROFILE} targets, the limit."
        )));
    }
    // The gate is read before the count: who attaches in between makes the commit fail.
    let gate = Gate::named(&format!("profiles of {arn}"));
    let gate_version = control.read_gate(&gate).await?;
    require_room(control, &arn).await?;
    targets.push(target.clone());
    let mut tx = rewrite(control, &profile.value, profile.version, targets)?;
    control.pass_gate(&mut tx, &gate, gate_version)?;
    if let Target::Group(group) = &target {
        tx.require::<ThingGroup>(group.as_str());
    }
    PROFILE_TO_TARGET.draw(&mut tx, name, &arn);
    Ok(Prepared::write(tx, AttachSecurityProfileResponse {}))
}

/// Source: AWS IoT Device Defender's quotas; the service model on `AttachSecurityProfile`.
async fn require_room(control: &Control, target_arn: &str) -> Result<(), Refusal> {
    let attached = control.count_edges(Kind::ProfileOfTarget, target_arn).await?;
    if attached < PROFILES_PER_TARGET {
        return Ok(());
    }
    Err(Refusal::Limit(format!(
        "{attached} security profiles are attached to {target_arn}; the limit is \
         {PROFILES_PER_TARGET}."
    )))
}
