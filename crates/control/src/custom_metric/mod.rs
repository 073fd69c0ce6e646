//! Custom metrics: what devices report under names of the operator's own.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod list;
#[cfg(test)]
mod tests;
pub(crate) mod update;

use fleetward_domain::{CustomMetric, Resource};
use fleetward_wire::Timestamp;
use fleetward_wire::convert::show_custom_metric_type;
use fleetward_wire::types::DescribeCustomMetricResponse;

use crate::control::Control;

fn show(control: &Control, metric: CustomMetric) -> DescribeCustomMetricResponse {
    let name = metric.name.as_str();
    DescribeCustomMetricResponse {
        metric_name: Some(name.to_owned()),
        metric_arn: Some(control.place().arn(Resource::CustomMetric(name))),
        metric_type: Some(show_custom_metric_type(metric.metric_type)),
        display_name: metric.display_name,
        creation_date: Some(Timestamp::from_epoch_ms(metric.created_ms)),
        last_modified_date: Some(Timestamp::from_epoch_ms(metric.modified_ms)),
    }
}
