//! Dimensions: they narrow a metric to some topics.

use crate::EpochMs;
use crate::name::DimensionName;

/// A dimension of type `TOPIC_FILTER`, the only type there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Unique in the account.
    pub name: DimensionName,
    /// MQTT topic filters; a topic is in the dimension if one of them matches.
    pub topic_filters: Vec<String>,
    /// Tags, as given.
    pub tags: Vec<(String, String)>,
    /// The idempotency token it was made with.
    pub client_request_token: String,
    /// When it was made.
    pub created_ms: EpochMs,
    /// When it last changed.
    pub modified_ms: EpochMs,
}

/// Whether the topics in a dimension count, or all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DimensionOperator {
    /// Topics in the dimension.
    In,
    /// Topics outside it.
    NotIn,
}

/// A behavior's reference to a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricDimension {
    /// The dimension.
    pub name: DimensionName,
    /// Inside it or outside it.
    pub operator: DimensionOperator,
}
