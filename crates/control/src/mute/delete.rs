use fleetward_domain::Mute;
use fleetward_store::Tx;
use fleetward_wire::types::{DeleteMuteRequest, DeleteMuteResponse};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A mute that is not there counts as deleted. What it held is sent if it is still so.
pub(crate) async fn delete(
    control: &Control,
    input: DeleteMuteRequest,
) -> Result<Prepared<DeleteMuteResponse>, Refusal> {
    let Some(mute) = control.find::<Mute>(&input.mute_id).await? else {
        return Ok(Prepared::read(DeleteMuteResponse {}));
    };
    let mut tx = Tx::default();
    tx.remove::<Mute>(&input.mute_id, mute.version);
    Ok(Prepared::write(tx, DeleteMuteResponse {}))
}
