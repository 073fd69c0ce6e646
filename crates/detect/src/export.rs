//! Export: which metrics profiles publish, and the batches that become messages.
//!
//! Who exports reads series of its own, beside the rules, and remembers nothing of its own: what
//! front doors counted of a period comes when its window closes, what reports say as it comes.
//! Both gather in one batch a profile until the period's end, which is sent sooner when it is
//! full. So no value waits in the state of its thing.

mod payload;

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{
    Datapoint, Effects, Export, Measure, Metric, MetricKind, ProfileName, SecurityProfile,
};

use crate::limits::EXPORT_BATCH_BYTES;
use crate::limits::EXPORTS_PER_PROFILE;
use crate::measure::{Fold, Series};
use payload::Batch;

/// A series that a profile exports.
#[derive(Clone, Debug)]
pub(crate) struct Exporter {
    outlet: Arc<Outlet>,
    pub(crate) series: Series,
    /// What the messages call it.
    name: String,
}

/// Where a profile's messages go.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outlet {
    profile: ProfileName,
    topic: String,
}

impl Exporter {
    /// What a profile exports, each series once; nothing if it does not say to which topic.
    pub(crate) fn of_profile(profile: &SecurityProfile, period_ms: i64) -> Vec<Self> {
        let Some(export) = &profile.metrics_export else { return Vec::new() };
        let topic = export.mqtt_topic.clone();
        let outlet = Arc::new(Outlet { profile: profile.name.clone(), topic });
        let behaviors = profile.behaviors.iter().map(|behavior| {
            (behavior.export_metric, behavior.metric.as_ref(), behavior.dimension.as_ref())
        });
        let retained = profile.metrics_to_retain.iter().map(|retained| {
            (retained.export_metric, Some(&retained.metric), retained.dimension.as_ref())
        });
        let mut wanted: Vec<Measure> = Vec::new();
        for (is_marked, metric, dimension) in behaviors.chain(retained) {
            // What grows with time alone has no values between its bounds to be told.
            let is_told = |metric: &&Metric| is_marked == Some(true) && !metric.is_duration();
            let Some(metric) = metric.filter(is_told) else { continue };
            let measure = Measure { metric: metric.clone(), dimension: dimension.cloned() };
            // Several behaviors may bound the same metric.
            if !wanted.contains(&measure) {
                wanted.push(measure);
            }
        }
        let exporters =
            wanted.into_iter().flat_map(|measure| Self::of(&outlet, measure, period_ms));
        exporters.take(EXPORTS_PER_PROFILE).collect()
    }

    /// One for each value of a measure: of the size of messages a period has three.
    fn of(outlet: &Arc<Outlet>, measure: Measure, period_ms: i64) -> Vec<Self> {
        let plain = measure.metric.as_str().to_owned();
        let named = |name: String, series: Option<Series>| {
            series.map(|series| Self { outlet: outlet.clone(), series, name })
        };
        if measure.metric.kind() != MetricKind::Extreme {
            return named(plain, Series::retained(measure, period_ms)).into_iter().collect();
        }
        // Whoever receives them keeps one value for each thing, name and time.
        let parts = [("min", Fold::Least), ("max", Fold::Most), ("total", Fold::Sum)];
        let part = |(part, fold)| {
            let series = Series::windowed(measure.clone(), period_ms, fold);
            named(format!("{plain}-{part}"), series)
        };
        parts.into_iter().filter_map(part).collect()
    }

    /// Whether this goes on with what the other counted.
    pub(crate) fn continues(&self, other: &Self) -> bool {
        self.outlet.profile == other.outlet.profile && self.series == other.series
    }
}

/// What is to be sent at the period's end.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    batches: BTreeMap<Arc<Outlet>, Batch>,
}

impl Exports {
    /// Takes a value into its profile's batch; one that is full is sent.
    pub(crate) fn add(
        &mut self,
        exporter: &Exporter,
        thing: &str,
        datapoint: &Datapoint<'_>,
        effects: &mut Effects,
    ) {
        let Some(entry) = payload::entry(&exporter.name, thing, datapoint) else { return };
        if !self.batches.contains_key(&exporter.outlet) {
            self.batches.insert(exporter.outlet.clone(), Batch::default());
        }
        let Some(batch) = self.batches.get_mut(&exporter.outlet) else { return };
        if batch.bytes_with(&entry) > EXPORT_BATCH_BYTES {
            let full = std::mem::take(batch);
            send(&exporter.outlet, full, effects);
        }
        batch.push(&entry);
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// The period is over: sends what there is.
    pub(crate) fn send_all(&mut self, effects: &mut Effects) {
        for (outlet, batch) in std::mem::take(&mut self.batches) {
            send(&outlet, batch, effects);
        }
    }
}

fn send(outlet: &Outlet, batch: Batch, effects: &mut Effects) {
    if let Some(payload) = batch.into_message() {
        effects.exports.push(Export { topic: outlet.topic.clone(), payload });
    }
}
