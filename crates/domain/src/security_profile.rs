//! Security profiles: behaviors, who they apply to, and who hears of violations.

use crate::EpochMs;
use crate::behavior::Behavior;
use crate::dimension::MetricDimension;
use crate::metric::Metric;
use crate::name::ProfileName;

/// A security profile as the control plane keeps it. Its targets are edges beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityProfile {
    /// Unique in the account.
    pub name: ProfileName,
    /// As given.
    pub description: Option<String>,
    /// What is normal.
    pub behaviors: Vec<Behavior>,
    /// ARNs of SNS topics that hear of violations.
    pub alert_targets: Vec<AlertTarget>,
    /// Metrics kept though no behavior judges them.
    pub metrics_to_retain: Vec<MetricToRetain>,
    /// Where the marked metrics are published.
    pub metrics_export: Option<MetricsExport>,
    /// Tags, as given.
    pub tags: Vec<(String, String)>,
    /// Grows by one with each update; starts at 1.
    pub version: i64,
    /// When it was made.
    pub created_ms: EpochMs,
    /// When it last changed.
    pub modified_ms: EpochMs,
}

/// Where alerts go, and AWS's role for it, which we keep and do not use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertTarget {
    /// Such as `arn:aws:sns:us-east-1:123456789012:alarms`.
    pub arn: String,
    /// As given.
    pub role_arn: String,
}

/// Where metrics are exported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsExport {
    /// The topic.
    pub mqtt_topic: String,
    /// As given.
    pub role_arn: String,
}

/// A metric that is kept though no behavior judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricToRetain {
    /// The metric.
    pub metric: Metric,
    /// Narrows it.
    pub dimension: Option<MetricDimension>,
    /// As given, where it was given.
    pub export_metric: Option<bool>,
}
