use fleetward_domain::{Change, Dimension};
use fleetward_store::Tx;
use fleetward_wire::types::{UpdateDimensionRequest, UpdateDimensionResponse};

use super::{read_values, show};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The values are replaced, for all profiles that use the dimension: front doors count anew.
pub(crate) async fn update(
    control: &Control,
    input: UpdateDimensionRequest,
) -> Result<Prepared<UpdateDimensionResponse>, Refusal> {
    let topic_filters = read_values(input.string_values)?;
    let old = control.existing::<Dimension>(&input.name).await?;
    let changed = Dimension { topic_filters, modified_ms: control.now_ms(), ..old.value };
    let mut tx = Tx::default();
    tx.replace(&changed, old.version, control.level())?;
    tx.changes.push(Change::Dimension(changed.name.clone()));
    Ok(Prepared::write(tx, show(control, changed).into()))
}
