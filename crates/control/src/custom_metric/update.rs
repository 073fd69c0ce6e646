use fleetward_domain::CustomMetric;
use fleetward_store::Tx;
use fleetward_wire::types::{UpdateCustomMetricRequest, UpdateCustomMetricResponse};

use super::show;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Only its display name can change: what its values are, behaviors rely on.
pub(crate) async fn update(
    control: &Control,
    input: UpdateCustomMetricRequest,
) -> Result<Prepared<UpdateCustomMetricResponse>, Refusal> {
    let old = control.existing::<CustomMetric>(&input.metric_name).await?;
    let changed = CustomMetric {
        display_name: Some(input.display_name),
        modified_ms: control.now_ms(),
        ..old.value
    };
    let mut tx = Tx::default();
    tx.replace(&changed, old.version, control.level())?;
    Ok(Prepared::write(tx, show(control, changed).into()))
}
