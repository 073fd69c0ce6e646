use fleetward_domain::{ProfileName, SecurityProfile, Severities};
use fleetward_wire::convert::{read_alert_targets, read_metrics_to_retain, read_tags};
use fleetward_wire::types::{CreateSecurityProfileRequest, CreateSecurityProfileResponse};

use super::{arn_of, read_export, uses, whole};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A name is used once: the model gives this operation no token and promises no success where an
/// equal profile exists.
pub(crate) async fn create(
    control: &Control,
    input: CreateSecurityProfileRequest,
) -> Result<Prepared<CreateSecurityProfileResponse>, Refusal> {
    let profile = read(control, input).await?;
    let name = profile.name.as_str();
    let arn = arn_of(control, &profile.name);
    control.require_new::<SecurityProfile>(name, &arn).await?;
    let created = CreateSecurityProfileResponse {
        security_profile_name: Some(name.to_owned()),
        security_profile_arn: Some(arn),
    };
    let mut tx = whole::create(control, &profile)?;
    uses::draw(control, &mut tx, &profile, None).await?;
    Ok(Prepared::write(tx, created))
}

async fn read(
    control: &Control,
    input: CreateSecurityProfileRequest,
) -> Result<SecurityProfile, Refusal> {
    let refused = |problems: Vec<String>| Refusal::problems(&problems);
    let now_ms = control.now_ms();
    let old_metrics = input.additional_metrics_to_retain.as_deref();
    let new_metrics = input.additional_metrics_to_retain_v2.as_deref();
    let behaviors = input.behaviors.as_deref();
    let rules = uses::behavior_rules(control, behaviors, old_metrics, new_metrics).await?;
    Ok(SecurityProfile {
        name: ProfileName::parse(input.security_profile_name)?,
        description: input.security_profile_description,
        behaviors: super::read(behaviors.unwrap_or_default(), &rules, control.level())?,
        alert_targets: read_alert_targets(&input.alert_targets.unwrap_or_default())
            .map_err(refused)?,
        metrics_to_retain: read_metrics_to_retain(old_metrics, new_metrics, &rules)
            .map_err(refused)?,
        metrics_export: input.metrics_export_config.as_ref().map(read_export).transpose()?,
        tags: read_tags(input.tags).and_then(sound_tags).map_err(|p| Refusal::field("tags", p))?,
        version: 1,
        created_ms: now_ms,
        modified_ms: now_ms,
    })
}

/// Tags of ours that say nothing would go unnoticed until an alarm is less severe than was meant.
fn sound_tags(tags: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    match Severities::problem_of_tags(&tags) {
        Some(problem) => Err(problem),
        None => Ok(tags),
    }
}
