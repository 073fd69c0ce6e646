//! Metrics: what can be measured of a device, and what may be asked of each.
//!
//! What is known of a metric is one row of `facts`; words, criteria, the front door's meter and
//! the detector read it there.

mod facts;

use std::fmt;

use crate::name::CustomMetricName;

pub use facts::{Measured, Metric, MetricFacts, MetricKind, MetricSource, NetworkCounter};
pub use facts::{ReportList, Usable};

impl Metric {
    /// Reads a metric's name: `aws:…` for AWS's own, else a custom metric's name.
    ///
    /// # Errors
    /// A text that names the metric and the problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(metric) = Self::AWS.iter().find(|metric| metric.as_str() == text) {
            return Ok(metric.clone());
        }
        if text.starts_with("aws:") {
            return Err(format!("metric {text} is not a metric of AWS IoT Device Defender"));
        }
        CustomMetricName::parse(text)
            .map(Self::Custom)
            .map_err(|error| format!("metric {text}: {error}"))
    }

    /// The metric's name as AWS writes it; a custom metric's own name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Custom(name) => name.as_str(),
            metric => metric.facts().name,
        }
    }

    /// How its values become datapoints.
    #[must_use]
    pub fn kind(&self) -> MetricKind {
        self.facts().kind
    }

    /// Who measures it.
    #[must_use]
    pub fn source(&self) -> MetricSource {
        self.facts().source
    }

    /// Whether a `TOPIC_FILTER` dimension may narrow it.
    #[must_use]
    pub fn takes_dimension(&self) -> bool {
        self.facts().dimensions == Usable::Yes
    }

    /// Whether static criteria must carry `durationSeconds`.
    #[must_use]
    pub fn needs_duration(&self) -> bool {
        matches!(self.kind(), MetricKind::Sum | MetricKind::Duration)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_metric_reads_back_from_its_name() {
        for metric in Metric::AWS {
            assert_eq!(Metric::parse(metric.as_str()).unwrap(), metric);
            assert!(metric.as_str().starts_with("aws:"), "{metric:?}");
        }
        assert!(Metric::parse("aws:num-messages").is_err());
        assert_eq!(Metric::parse("cpu_temp").unwrap().as_str(), "cpu_temp");
    }

    #[test]
    fn no_two_metrics_share_a_name_or_a_noun() {
        let names: BTreeSet<_> = Metric::AWS.iter().map(|metric| metric.facts().name).collect();
        let nouns: BTreeSet<_> = Metric::AWS.iter().map(|metric| metric.facts().noun).collect();
        assert_eq!((names.len(), nouns.len()), (Metric::AWS.len(), Metric::AWS.len()));
    }

    /// The cells of a row that depend on each other.
    #[test]
    fn the_facts_of_a_metric_agree() {
        let custom = Metric::parse("cpu_temp").unwrap();
        for metric in Metric::AWS.iter().chain([&custom]) {
            let facts = metric.facts();
            let (source, kind) = match facts.measured {
                Measured::Counted => (MetricSource::Cloud, MetricKind::Sum),
                Measured::MessageSize => (MetricSource::Cloud, MetricKind::Extreme),
                Measured::Absence => (MetricSource::Cloud, MetricKind::Duration),
                Measured::Source => (MetricSource::Cloud, MetricKind::Addresses),
                Measured::Network(_) => (MetricSource::Device, MetricKind::Sum),
                Measured::Total(_) => (MetricSource::Device, MetricKind::Gauge),
                Measured::Ports(_) => (MetricSource::Device, MetricKind::Ports),
                Measured::Remotes => (MetricSource::Device, MetricKind::Addresses),
                Measured::Custom => (MetricSource::Device, MetricKind::Custom),
            };
            assert_eq!((facts.source, facts.kind), (source, kind), "{metric}");
            let by_topic = facts.dimensions == Usable::Yes;
            assert!(!by_topic || source == MetricSource::Cloud, "{metric} has no topic");
        }
    }
}
