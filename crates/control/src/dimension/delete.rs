use fleetward_domain::{Change, Dimension};
use fleetward_store::Tx;
use fleetward_wire::types::{DeleteDimensionRequest, DeleteDimensionResponse};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A dimension that is not there counts as deleted: the model has no error for it.
pub(crate) async fn delete(
    control: &Control,
    input: DeleteDimensionRequest,
) -> Result<Prepared<DeleteDimensionResponse>, Refusal> {
    let (name, deleted) = (input.name.as_str(), DeleteDimensionResponse {});
    let Some(dimension) = control.find::<Dimension>(name).await? else {
        return Ok(Prepared::read(deleted));
    };
    control.require_unused::<Dimension>(name).await?;
    let mut tx = Tx::default();
    tx.remove::<Dimension>(name, dimension.version);
    tx.changes.push(Change::Dimension(dimension.value.name));
    Ok(Prepared::write(tx, deleted))
}
