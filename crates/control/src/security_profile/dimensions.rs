//! The dimensions that a profile uses: they must exist, and cannot be deleted meanwhile.

use std::collections::BTreeSet;

use fleetward_domain::{
    Behavior, Dimension, DimensionName, MetricDimension, MetricToRetain, SecurityProfile,
};
use fleetward_store::{Kind, Tx};

use crate::control::Control;
use crate::refusal::Refusal;

/// Draws the edges from the dimensions of the profile and removes those that it no longer uses.
/// The documents of dimensions that are new to the profile are written again, so that none of
/// them can be deleted at the same moment.
///
/// # Errors
/// [`Refusal::Invalid`] naming each behavior whose dimension does not exist.
pub(super) async fn use_dimensions(
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
    let (used, used_before) = (dimensions_of(profile), old.map(dimensions_of));
    let used_before = used_before.unwrap_or_default();
    let name = profile.name.as_str();
    for dimension in used.difference(&used_before) {
        let dimension = dimension.as_str();
        match control.find::<Dimension>(dimension).await? {
            Some(found) => tx.replace(&found.value, found.version, control.level())?,
            // It went since it was looked for: the commit fails and all is read again.
            None => tx.require::<Dimension>(dimension),
        };
        tx.draw_edge(Kind::ProfileOfDimension, dimension, name);
    }
    for dimension in used_before.difference(&used) {
        tx.remove_edge(Kind::ProfileOfDimension, dimension.as_str(), name);
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

/// All dimensions that the profile refers to.
pub(super) fn dimensions_of(profile: &SecurityProfile) -> BTreeSet<DimensionName> {
    let of_behaviors = profile.behaviors.iter().filter_map(|b| b.dimension.as_ref());
    let of_metrics = profile.metrics_to_retain.iter().filter_map(|m| m.dimension.as_ref());
    of_behaviors.chain(of_metrics).map(|dimension| dimension.name.clone()).collect()
}
