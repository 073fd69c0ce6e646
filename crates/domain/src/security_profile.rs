//! Security profiles: behaviors, who they apply to, and who hears of violations.

use serde::{Deserialize, Serialize};

use crate::EpochMs;
use crate::behavior::Behavior;
use crate::dimension::MetricDimension;
use crate::metric::Metric;
use crate::name::ProfileName;

/// A security profile as the control plane keeps it. Its targets are edges beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
pub struct SecurityProfile {
    /// Unique in the account.
    #[n(0)]
    pub name: ProfileName,
    /// As given.
    #[n(1)]
    pub description: Option<String>,
    /// What is normal.
    #[n(2)]
    pub behaviors: Vec<Behavior>,
    /// ARNs of SNS topics that hear of violations.
    #[n(3)]
    pub alert_targets: Vec<AlertTarget>,
    /// Metrics kept though no behavior judges them.
    #[n(4)]
    pub metrics_to_retain: Vec<MetricToRetain>,
    /// Where the marked metrics are published.
    #[n(5)]
    pub metrics_export: Option<MetricsExport>,
    /// Tags, as given.
    #[n(6)]
    pub tags: Vec<(String, String)>,
    /// Grows by one with each update; starts at 1.
    #[n(7)]
    pub version: i64,
    /// When it was made.
    #[n(8)]
    pub created_ms: EpochMs,
    /// When it last changed.
    #[n(9)]
    pub modified_ms: EpochMs,
}

/// Where alerts go, and AWS's role for it, which we keep and do not use.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
pub struct AlertTarget {
    /// Such as `arn:aws:sns:us-east-1:123456789012:alarms`.
    #[n(0)]
    pub arn: String,
    /// As given.
    #[n(1)]
    pub role_arn: String,
}

/// Where metrics are exported to.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
pub struct MetricsExport {
    /// The topic.
    #[n(0)]
    pub mqtt_topic: String,
    /// As given.
    #[n(1)]
    pub role_arn: String,
}

/// A metric that is kept though no behavior judges it.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
pub struct MetricToRetain {
    /// The metric.
    #[n(0)]
    pub metric: Metric,
    /// Narrows it.
    #[n(1)]
    pub dimension: Option<MetricDimension>,
    /// As given, where it was given.
    #[n(2)]
    pub export_metric: Option<bool>,
}
