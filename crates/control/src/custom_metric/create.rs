use fleetward_domain::{CustomMetric, CustomMetricName, Resource};
use fleetward_wire::convert::{read_custom_metric_type, read_tags};
use fleetward_wire::types::{CreateCustomMetricRequest, CreateCustomMetricResponse};

use crate::control::Control;
use crate::creation::create_once;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// What metrics that are not the operator's own begin with: AWS's, and ours.
const RESERVED: [&str; 2] = ["aws:", "fleetward:"];

/// The same request with the same token succeeds again.
pub(crate) async fn create(
    control: &Control,
    input: CreateCustomMetricRequest,
) -> Result<Prepared<CreateCustomMetricResponse>, Refusal> {
    if let Some(prefix) = RESERVED.iter().find(|prefix| input.metric_name.starts_with(**prefix)) {
        return Err(Refusal::field("metricName", format!("it must not begin with {prefix}")));
    }
    let now_ms = control.now_ms();
    let metric = CustomMetric {
        name: CustomMetricName::parse(input.metric_name)?,
        metric_type: read_custom_metric_type(input.metric_type),
        display_name: input.display_name,
        tags: read_tags(input.tags).map_err(|problem| Refusal::field("tags", problem))?,
        client_request_token: input.client_request_token,
        created_ms: now_ms,
        modified_ms: now_ms,
    };
    let name = metric.name.as_str();
    let created = CreateCustomMetricResponse {
        metric_name: Some(name.to_owned()),
        metric_arn: Some(control.place().arn(Resource::CustomMetric(name))),
    };
    let tx = create_once(control, &metric).await?;
    Ok(Prepared { tx, answer: created })
}
