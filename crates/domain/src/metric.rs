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
    /// The number of custom metrics in what is stored; their names tell them apart.
    pub const CUSTOM_NUMBER: u32 = 18;

    /// Reads a metric's name: `aws:…` for AWS's own, `fleetward:…` for ours, else a custom metric's
    /// name.
    ///
    /// # Errors
    /// A text that names the metric and the problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(metric) = Self::BUILT_IN.iter().find(|metric| metric.as_str() == text) {
            return Ok(metric.clone());
        }
        if text.starts_with("aws:") {
            return Err(format!("metric {text} is not a metric of AWS IoT Device Defender"));
        }
        if text.starts_with("fleetward:") {
            return Err(format!("metric {text} is not a metric of Fleetward"));
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
        self.facts().measured.kind()
    }

    /// Who measures it.
    #[must_use]
    pub fn source(&self) -> MetricSource {
        self.facts().measured.source()
    }

    /// Whether anything measures it yet: criteria on it are refused until then.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.facts().measured.is_measured()
    }

    /// Whether a `TOPIC_FILTER` dimension may narrow it.
    #[must_use]
    pub fn takes_dimension(&self) -> bool {
        self.facts().dimensions == Usable::Yes
    }

    /// Whether it grows with time alone, so that criteria bound how long.
    #[must_use]
    pub fn is_duration(&self) -> bool {
        self.kind() == MetricKind::Duration
    }

    /// Whether static criteria must carry `durationSeconds`.
    #[must_use]
    pub fn needs_duration(&self) -> bool {
        self.kind() == MetricKind::Sum
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
        for metric in Metric::BUILT_IN {
            assert_eq!(Metric::parse(metric.as_str()).unwrap(), metric);
            let is_ours = metric.as_str().starts_with("fleetward:");
            assert!(is_ours || metric.as_str().starts_with("aws:"), "{metric:?}");
        }
        assert!(Metric::parse("aws:num-messages").is_err());
        assert!(Metric::parse("fleetward:mine").is_err());
        assert_eq!(Metric::parse("cpu_temp").unwrap().as_str(), "cpu_temp");
    }

    #[test]
    fn no_two_metrics_share_a_name_or_a_noun() {
        let names: BTreeSet<_> =
            Metric::BUILT_IN.iter().map(|metric| metric.facts().name).collect();
        let nouns: BTreeSet<_> =
            Metric::BUILT_IN.iter().map(|metric| metric.facts().noun).collect();
        assert_eq!((names.len(), nouns.len()), (Metric::BUILT_IN.len(), Metric::BUILT_IN.len()));
    }

    #[test]
    fn every_metric_has_a_number_of_its_own_and_is_found_by_it() {
        for metric in Metric::BUILT_IN {
            assert_eq!(Metric::from_number(metric.facts().number).as_ref(), Some(&metric));
        }
        assert_eq!(Metric::from_number(Metric::CUSTOM_NUMBER), None, "it needs a name");
    }

    #[test]
    fn only_what_front_doors_measure_has_a_topic() {
        let custom = Metric::parse("cpu_temp").unwrap();
        for metric in Metric::BUILT_IN.iter().chain([&custom]) {
            let is_cloud = metric.source() == MetricSource::Cloud;
            assert!(is_cloud || !metric.takes_dimension(), "{metric}");
        }
    }
}
