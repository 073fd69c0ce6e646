//! Custom metrics: what their values are.

use fleetward_domain::CustomMetricType;

use crate::types;

/// Reads the type of a custom metric.
#[must_use]
pub fn read_custom_metric_type(given: types::CustomMetricType) -> CustomMetricType {
    match given {
        types::CustomMetricType::Number => CustomMetricType::Number,
        types::CustomMetricType::NumberList => CustomMetricType::NumberList,
        types::CustomMetricType::StringList => CustomMetricType::StringList,
        types::CustomMetricType::IpAddressList => CustomMetricType::IpAddressList,
    }
}

/// The type as AWS shows it.
#[must_use]
pub fn show_custom_metric_type(metric_type: CustomMetricType) -> types::CustomMetricType {
    match metric_type {
        CustomMetricType::Number => types::CustomMetricType::Number,
        CustomMetricType::NumberList => types::CustomMetricType::NumberList,
        CustomMetricType::StringList => types::CustomMetricType::StringList,
        CustomMetricType::IpAddressList => types::CustomMetricType::IpAddressList,
    }
}
