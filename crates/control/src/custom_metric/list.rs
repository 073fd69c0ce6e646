use fleetward_store::Kind;
use fleetward_wire::types::{ListCustomMetricsRequest, ListCustomMetricsResponse};

use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By name.
pub(crate) async fn list(
    control: &Control,
    input: ListCustomMetricsRequest,
) -> Result<Prepared<ListCustomMetricsResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let (names, next_token) = page.keys(Kind::CustomMetric, "").await?;
    Ok(Prepared::read(ListCustomMetricsResponse { metric_names: Some(names), next_token }))
}
