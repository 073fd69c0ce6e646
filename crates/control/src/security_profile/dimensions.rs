//! The dimensions that a profile uses: they must exist, and cannot be deleted meanwhile.

use std::collections::BTreeSet;

use fleetward_domain::{
    Behavior, Dimension, DimensionName, MetricDimension, MetricToRetain, SecurityProfile,
};
use fleetward_store::Kind;
use fleetward_wire::ApiError;

use super::refused;
use crate::control::Control;
use crate::documents::{Draft, find};

impl Control {
    /// Draws the edges from the dimensions of the profile and removes those that it no longer
    /// uses. The documents of dimensions that are new to the profile are written again, so that
    /// none of them can be deleted at the same moment.
    ///
    /// # Errors
    /// `InvalidRequestException` naming each behavior whose dimension does not exist.
    pub(super) async fn use_dimensions(
        &self,
        draft: &mut Draft,
        profile: &SecurityProfile,
        old: Option<&SecurityProfile>,
    ) -> Result<(), ApiError> {
        let missing =
            self.missing_dimensions(&profile.behaviors, &profile.metrics_to_retain).await?;
        if !missing.is_empty() {
            return Err(refused(missing));
        }
        let (used, used_before) = (dimensions_of(profile), old.map(dimensions_of));
        let used_before = used_before.unwrap_or_default();
        let name = profile.name.as_str();
        for dimension in used.difference(&used_before) {
            let dimension = dimension.as_str();
            let found = find::<Dimension>(self.store(), Kind::Dimension, dimension).await?;
            match found {
                Some(found) => {
                    draft.replace(Kind::Dimension, dimension, found.version, &found.value);
                }
                // It went since it was looked for: the commit fails and all is read again.
                None => draft.require(Kind::Dimension, dimension),
            }
            draft.draw_edge(Kind::ProfileOfDimension, dimension, name);
        }
        for dimension in used_before.difference(&used) {
            draft.remove_edge(Kind::ProfileOfDimension, dimension.as_str(), name);
        }
        Ok(())
    }

    /// A problem for each behavior and each metric to retain whose dimension does not exist.
    pub(super) async fn missing_dimensions(
        &self,
        behaviors: &[Behavior],
        metrics: &[MetricToRetain],
    ) -> Result<Vec<String>, ApiError> {
        let behaviors = behaviors
            .iter()
            .map(|behavior| (format!("Behavior '{}'", behavior.name), behavior.dimension.as_ref()));
        let metrics = metrics.iter().map(|metric| {
            (format!("Metric to retain '{}'", metric.metric), metric.dimension.as_ref())
        });
        let mut problems = Vec::new();
        for (part, dimension) in behaviors.chain(metrics) {
            let Some(MetricDimension { name, .. }) = dimension else { continue };
            let found = find::<Dimension>(self.store(), Kind::Dimension, name.as_str()).await?;
            if found.is_none() {
                let field = "metricDimension.dimensionName";
                problems.push(format!("{part}: {field}: dimension {name} does not exist"));
            }
        }
        Ok(problems)
    }
}

/// All dimensions that the profile refers to.
pub(super) fn dimensions_of(profile: &SecurityProfile) -> BTreeSet<DimensionName> {
    let of_behaviors = profile.behaviors.iter().filter_map(|b| b.dimension.as_ref());
    let of_metrics = profile.metrics_to_retain.iter().filter_map(|m| m.dimension.as_ref());
    of_behaviors.chain(of_metrics).map(|dimension| dimension.name.clone()).collect()
}
