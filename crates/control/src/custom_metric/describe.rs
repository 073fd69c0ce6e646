use fleetward_domain::CustomMetric;
use fleetward_wire::types::{DescribeCustomMetricRequest, DescribeCustomMetricResponse};

use super::show;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

pub(crate) async fn describe(
    control: &Control,
    input: DescribeCustomMetricRequest,
) -> Result<Prepared<DescribeCustomMetricResponse>, Refusal> {
    let metric = control.existing::<CustomMetric>(&input.metric_name).await?;
    Ok(Prepared::read(show(control, metric.value)))
}
