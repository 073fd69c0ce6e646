use fleetward_domain::CustomMetric;
use fleetward_store::Tx;
use fleetward_wire::types::{DeleteCustomMetricRequest, DeleteCustomMetricResponse};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A custom metric that is not there counts as deleted: the model has no error for it.
pub(crate) async fn delete(
    control: &Control,
    input: DeleteCustomMetricRequest,
) -> Result<Prepared<DeleteCustomMetricResponse>, Refusal> {
    let (name, deleted) = (input.metric_name.as_str(), DeleteCustomMetricResponse {});
    let Some(metric) = control.find::<CustomMetric>(name).await? else {
        return Ok(Prepared::read(deleted));
    };
    control.require_unused::<CustomMetric>(name).await?;
    let mut tx = Tx::default();
    tx.remove::<CustomMetric>(name, metric.version);
    Ok(Prepared::write(tx, deleted))
}
