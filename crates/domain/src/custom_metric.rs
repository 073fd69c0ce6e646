//! Custom metrics: their names and what their values are.
//!
//! A report may carry others ([`ReportedMetric`](crate::ReportedMetric)); nobody judges them.

use crate::EpochMs;
use crate::name::CustomMetricName;

/// A custom metric of an operator's own, as the control plane keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomMetric {
    /// Unique in the account.
    pub name: CustomMetricName,
    /// What its values are; it never changes.
    pub metric_type: CustomMetricType,
    /// For people; need not be unique.
    pub display_name: Option<String>,
    /// Tags, as given.
    pub tags: Vec<(String, String)>,
    /// The idempotency token it was made with.
    pub client_request_token: String,
    /// When it was made.
    pub created_ms: EpochMs,
    /// When it last changed.
    pub modified_ms: EpochMs,
}

/// What the values of a custom metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomMetricType {
    /// A number.
    Number,
    /// A list of numbers.
    NumberList,
    /// A list of texts.
    StringList,
    /// A list of IP addresses.
    IpAddressList,
}
