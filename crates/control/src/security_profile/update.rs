use fleetward_domain::SecurityProfile;
use fleetward_wire::convert::{read_alert_targets, read_metrics_to_retain, show_profile};
use fleetward_wire::types::{UpdateSecurityProfileRequest, UpdateSecurityProfileResponse};

use super::targets::targets_of;
use super::{arn_of, read_export, rewrite, uses};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// What is given replaces that part, each `delete*` flag clears it.
pub(crate) async fn update(
    control: &Control,
    input: UpdateSecurityProfileRequest,
) -> Result<Prepared<UpdateSecurityProfileResponse>, Refusal> {
    refuse_contradictions(&input)?;
    let name = input.security_profile_name.as_str();
    let old = control.existing::<SecurityProfile>(name).await?;
    check_version(&old.value, input.expected_version)?;
    let profile = updated(control, &old.value, &input).await?;
    let mut tx = rewrite(control, &profile, old.version, targets_of(control, name).await?)?;
    uses::draw(control, &mut tx, &profile, Some(&old.value)).await?;
    let answer = show_profile(&profile, arn_of(control, &profile.name)).into();
    Ok(Prepared::write(tx, answer))
}

async fn updated(
    control: &Control,
    old: &SecurityProfile,
    input: &UpdateSecurityProfileRequest,
) -> Result<SecurityProfile, Refusal> {
    let refused = |problems: Vec<String>| Refusal::problems(&problems);
    let old_metrics = given(input.additional_metrics_to_retain.as_deref());
    let new_metrics = given(input.additional_metrics_to_retain_v2.as_deref());
    let behaviors = given(input.behaviors.as_deref());
    let rules = uses::behavior_rules(control, behaviors, old_metrics, new_metrics).await?;
    let mut profile = old.clone();
    if let Some(description) = &input.security_profile_description {
        profile.description = Some(description.clone());
    }
    // An empty list is not given, as with AWS: only the flag clears.
    if is_set(input.delete_behaviors) {
        profile.behaviors.clear();
    } else if let Some(behaviors) = behaviors {
        profile.behaviors = super::read(behaviors, &rules, control.level())?;
    }
    if is_set(input.delete_alert_targets) {
        profile.alert_targets.clear();
    } else if let Some(targets) = input.alert_targets.as_ref().filter(|t| !t.is_empty()) {
        profile.alert_targets = read_alert_targets(targets).map_err(refused)?;
    }
    if is_set(input.delete_additional_metrics_to_retain) {
        profile.metrics_to_retain.clear();
    } else if old_metrics.is_some() || new_metrics.is_some() {
        profile.metrics_to_retain =
            read_metrics_to_retain(old_metrics, new_metrics, &rules).map_err(refused)?;
    }
    if is_set(input.delete_metrics_export_config) {
        profile.metrics_export = None;
    } else if let Some(export) = &input.metrics_export_config {
        profile.metrics_export = Some(read_export(export)?);
    }
    profile.version = old.version.saturating_add(1);
    profile.modified_ms = control.now_ms();
    Ok(profile)
}

/// Whether the profile is still the one that the caller knows.
///
/// # Errors
/// [`Refusal::VersionConflict`].
pub(super) fn check_version(
    profile: &SecurityProfile,
    expected: Option<i64>,
) -> Result<(), Refusal> {
    let (name, version) = (&profile.name, profile.version);
    match expected {
        Some(expected) if expected != version => Err(Refusal::VersionConflict(format!(
            "The version of security profile {name} is {version}, not the expected {expected}."
        ))),
        _ => Ok(()),
    }
}

/// Source: the service model on each `delete*` member of `UpdateSecurityProfileRequest`.
fn refuse_contradictions(input: &UpdateSecurityProfileRequest) -> Result<(), Refusal> {
    let has_metrics = given(input.additional_metrics_to_retain.as_deref()).is_some()
        || given(input.additional_metrics_to_retain_v2.as_deref()).is_some();
    let has_behaviors = given(input.behaviors.as_deref()).is_some();
    let has_targets = input.alert_targets.as_ref().is_some_and(|targets| !targets.is_empty());
    let has_export = input.metrics_export_config.is_some();
    let parts = [
        (input.delete_behaviors, has_behaviors, "deleteBehaviors", "behaviors"),
        (input.delete_alert_targets, has_targets, "deleteAlertTargets", "alertTargets"),
        (
            input.delete_additional_metrics_to_retain,
            has_metrics,
            "deleteAdditionalMetricsToRetain",
            "additionalMetricsToRetain",
        ),
        (
            input.delete_metrics_export_config,
            has_export,
            "deleteMetricsExportConfig",
            "metricsExportConfig",
        ),
    ];
    // All at once, as elsewhere: who is told one by one has to ask again for each.
    let mut problems = Vec::new();
    for (flag, is_given, flag_name, part_name) in parts {
        if is_set(flag) && is_given {
            problems.push(format!("{flag_name} is true, but {part_name} is given"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal::problems(&problems)) }
}

fn is_set(flag: Option<bool>) -> bool {
    flag.unwrap_or_default()
}

/// AWS takes an empty list for one that is not given: only the flag clears.
fn given<T>(list: Option<&[T]>) -> Option<&[T]> {
    list.filter(|list| !list.is_empty())
}
