//! What is counted by topic: the dimensions that security profiles use for what is measured here.

use std::collections::BTreeMap;

use fleetward_domain::{Dimension, DimensionName, Measured, Metric, SecurityProfile};
use fleetward_mqtt::topic;
use fleetward_store::{Documents, Kind, StoreError, find, readable};

use crate::limits::{PLAN_DIMENSIONS, STORE_PAGE};

/// The dimensions that topics are sorted into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MeterPlan {
    /// At most [`PLAN_DIMENSIONS`], by name.
    pub(super) dimensions: Vec<PlanDimension>,
    /// Those that are used for the sizes of messages.
    pub(super) sized: TopicSet,
    /// Those that are used for the addresses that messages come from.
    pub(super) sourced: TopicSet,
}

/// A dimension that some behavior uses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlanDimension {
    pub(crate) name: DimensionName,
    pub(crate) topic_filters: Vec<String>,
    /// The metrics that it is used for.
    pub(crate) metrics: Vec<Metric>,
}

/// The dimensions of a plan that a topic is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicSet(u128);

impl TopicSet {
    /// In none.
    pub(crate) const NONE: Self = Self(0);

    pub(super) fn contains(self, at: usize) -> bool {
        u32::try_from(at).ok().and_then(|at| self.0.checked_shr(at)).is_some_and(|set| set & 1 == 1)
    }

    /// Places in [`MeterPlan::dimensions`].
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let at = rest.trailing_zeros();
            let bit = 1u128.checked_shl(at)?;
            rest &= !bit;
            usize::try_from(at).ok()
        })
    }
}

impl MeterPlan {
    pub(super) fn of(mut dimensions: Vec<PlanDimension>) -> Self {
        dimensions.truncate(PLAN_DIMENSIONS);
        let used_for = |metric: &Metric| {
            let bit = |(at, dimension): (usize, &PlanDimension)| {
                if dimension.metrics.contains(metric) { 1u128 << at } else { 0 }
            };
            TopicSet(dimensions.iter().enumerate().map(bit).fold(0, |set, bit| set | bit))
        };
        let sized = used_for(&Metric::MessageByteSize);
        let sourced = used_for(&Metric::SourceIpAddress);
        Self { dimensions, sized, sourced }
    }

    /// The dimensions that the topic is in.
    pub(crate) fn set_of(&self, name: &str) -> TopicSet {
        let mut set = 0u128;
        for (at, dimension) in self.dimensions.iter().take(PLAN_DIMENSIONS).enumerate() {
            if topic::matches_any(dimension.topic_filters.iter().map(String::as_str), name) {
                set |= 1 << at;
            }
        }
        TopicSet(set)
    }

    /// Reads all profiles and the dimensions they use.
    pub(crate) async fn load(store: &dyn Documents) -> Result<Self, StoreError> {
        let mut used: BTreeMap<DimensionName, Vec<Metric>> = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = store.list(Kind::SecurityProfile, "", after.as_deref(), STORE_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for profile in page.iter().filter_map(|document| readable(store, document)) {
                note_dimensions(&profile.value, &mut used);
            }
        }
        if used.len() > PLAN_DIMENSIONS {
            tracing::error!(
                used = used.len(),
                limit = PLAN_DIMENSIONS,
                "too many dimensions are in use: those last by name are not counted"
            );
        }
        let mut dimensions = Vec::new();
        for (name, metrics) in used.into_iter().take(PLAN_DIMENSIONS) {
            let found = find::<Dimension>(store, name.as_str()).await;
            if let Some(found) = store.unreadable().skip(found)?.flatten() {
                let topic_filters = found.value.topic_filters;
                dimensions.push(PlanDimension { name, topic_filters, metrics });
            }
        }
        Ok(Self::of(dimensions))
    }
}

/// Notes the dimensions that the profile uses for what is measured here.
pub(super) fn note_dimensions(
    profile: &SecurityProfile,
    used: &mut BTreeMap<DimensionName, Vec<Metric>>,
) {
    let behaviors = profile
        .behaviors
        .iter()
        .filter_map(|behavior| Some((behavior.metric.as_ref()?, behavior.dimension.as_ref()?)));
    let retained = profile
        .metrics_to_retain
        .iter()
        .filter_map(|retained| Some((&retained.metric, retained.dimension.as_ref()?)));
    for (metric, dimension) in behaviors.chain(retained) {
        // A dimension of what others measure is their matter.
        let is_counted = metric.takes_dimension()
            && matches!(
                metric.facts().measured,
                Measured::Counted | Measured::MessageSize | Measured::Source
            );
        let metrics = used.entry(dimension.name.clone()).or_default();
        if is_counted && !metrics.contains(metric) {
            metrics.push(metric.clone());
            metrics.sort();
        }
    }
    used.retain(|_, metrics| !metrics.is_empty());
}
