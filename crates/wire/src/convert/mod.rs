//! Between AWS's shapes and the domain's values, with the rules that need both.
//!
//! The model's own constraints (lengths, patterns, required members) are [checked](crate::check)
//! before. What is read here is what they cannot say: which operator and which value fit a
//! metric, where a window's length is needed, what the detector can judge. Every problem of a
//! request is told at once, each naming the behavior and the field.

mod behavior;
mod criteria;
mod custom_metric;
mod mute;
mod profile;
mod tags;
mod value;
mod violation;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fleetward_domain::{CustomMetricName, CustomMetricType};

pub use behavior::{custom_metrics_in, read_behaviors, show_behavior};
pub use custom_metric::{read_custom_metric_type, show_custom_metric_type};
pub use mute::show_mute;
pub use profile::{read_alert_targets, read_metrics_export, read_metrics_to_retain, show_profile};
pub use tags::{read_added_tags, read_tags};
pub use value::{read_value, show_value};
pub use violation::{read_verification, show_event, show_violation};

/// What behaviors are read by, beside AWS's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BehaviorRules {
    /// The period of cloud-side counters. Below 300 s, windows from one period up are accepted.
    pub period_seconds: u32,
    /// The custom metrics that exist, of those that the behaviors name.
    pub custom_metrics: BTreeMap<CustomMetricName, CustomMetricType>,
}

/// The problems of one part of a request, each with the part's name in front.
struct Problems<'a> {
    /// Such as `Behavior 'cpu'`.
    part: &'a str,
    found: Vec<String>,
}

impl<'a> Problems<'a> {
    fn new(part: &'a str) -> Self {
        Self { part, found: Vec::new() }
    }

    /// Adds `part: field problem`.
    fn add(&mut self, field: &str, problem: impl std::fmt::Display) {
        self.found.push(format!("{}: {field} {problem}", self.part));
    }
}
