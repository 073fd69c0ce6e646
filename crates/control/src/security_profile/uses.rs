//! What a profile uses, dimensions and custom metrics: it must exist, and cannot be deleted
//! meanwhile.

use std::collections::BTreeMap;

use fleetward_domain::{
    Behavior, CustomMetric, Dimension, MetricDimension, MetricToRetain, SecurityProfile,
};
use fleetward_store::Tx;
use fleetward_wire::convert::{BehaviorRules, custom_metrics_in};
use fleetward_wire::types;

use crate::control::Control;
use crate::refusal::Refusal;
use crate::relation::UsedByProfiles;

/// What the behaviors and the metrics to retain of a request are read by: with the custom metrics
/// that they name and that exist.
pub(super) async fn behavior_rules(
    control: &Control,
    behaviors: Option<&[types::Behavior]>,
    old_metrics: Option<&[String]>,
    new_metrics: Option<&[types::MetricToRetain]>,
) -> Result<BehaviorRules, Refusal> {
    let of_behaviors = behaviors.unwrap_or_default().iter().filter_map(|b| b.metric.as_deref());
    let old = old_metrics.unwrap_or_default().iter().map(String::as_str);
    let new = new_metrics.unwrap_or_default().iter().map(|metric| metric.metric.as_str());
    let mut custom_metrics = BTreeMap::new();
    for name in custom_metrics_in(of_behaviors.chain(old).chain(new)) {
        if let Some(found) = control.find::<CustomMetric>(name.as_str()).await? {
            custom_metrics.insert(name, found.value.metric_type);
        }
    }
    Ok(BehaviorRules { period_seconds: control.settings.period_seconds, custom_metrics })
}

/// Draws the edges from what the profile uses and removes those from what it no longer uses.
///
/// # Errors
/// [`Refusal::Invalid`] naming each behavior whose dimension does not exist.
pub(super) async fn draw(
    control: &Control,
    tx: &mut Tx,
    profile: &SecurityProfile,
    old: Option<&SecurityProfile>,
) -> Result<(), Refusal> {
    let missing =
        missing_dimensions(control, &profile.behaviors, &profile.metrics_to_retain).await?;
    if !missing.is_empty() {
        return Err(Refusal::problems(&missing));
    }
    draw_from::<Dimension>(control, tx, profile, old).await?;
    draw_from::<CustomMetric>(control, tx, profile, old).await
}

/// Removes all edges from what the profile uses.
pub(super) fn erase(tx: &mut Tx, profile: &SecurityProfile) {
    let name = profile.name.as_str();
    for dimension in Dimension::used_by(profile) {
        Dimension::USERS.erase(tx, dimension, name);
    }
    for metric in CustomMetric::used_by(profile) {
        CustomMetric::USERS.erase(tx, metric, name);
    }
}

/// The documents of what is new to the profile are written again, so that none of them can be
/// deleted at the same moment.
async fn draw_from<T: UsedByProfiles>(
    control: &Control,
    tx: &mut Tx,
    profile: &SecurityProfile,
    old: Option<&SecurityProfile>,
) -> Result<(), Refusal> {
    let (used, used_before) = (T::used_by(profile), old.map(T::used_by).unwrap_or_default());
    let profile = profile.name.as_str();
    for name in used.difference(&used_before) {
        match control.find::<T>(name).await? {
            Some(found) => tx.replace(&found.value, found.version, control.level())?,
            // It went since it was looked for: the commit fails and all is read again.
            None => tx.require::<T>(name),
        };
        T::USERS.draw(tx, name, profile);
    }
    for name in used_before.difference(&used) {
        T::USERS.erase(tx, name, profile);
    }
    Ok(())
}

/// A problem for each behavior and each metric to retain whose dimension does not exist.
pub(super) async fn missing_dimensions(
    control: &Control,
    behaviors: &[Behavior],
    metrics: &[MetricToRetain],
) -> Result<Vec<String>, Refusal> {
    let behaviors = behaviors
        .iter()
        .map(|behavior| (format!("Behavior '{}'", behavior.name), behavior.dimension.as_ref()));
    let metrics = metrics
        .iter()
        .map(|metric| (format!("Metric to retain '{}'", metric.metric), metric.dimension.as_ref()));
    let mut problems = Vec::new();
    for (part, dimension) in behaviors.chain(metrics) {
        let Some(MetricDimension { name, .. }) = dimension else { continue };
        if control.find::<Dimension>(name.as_str()).await?.is_none() {
            let field = "metricDimension.dimensionName";
            problems.push(format!("{part}: {field}: dimension {name} does not exist"));
        }
    }
    Ok(problems)
}
