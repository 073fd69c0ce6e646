use fleetward_domain::{Change, Thing};
use fleetward_store::{Kind, Tx};
use fleetward_wire::types::{DeleteThingRequest, DeleteThingResponse};

use super::check_version;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::GROUP_TO_THING;

/// A thing that is not there counts as deleted (service model). Its groups lose it; to detectors
/// it is an unregistered thing from then on.
pub(crate) async fn delete(
    control: &Control,
    input: DeleteThingRequest,
) -> Result<Prepared<DeleteThingResponse>, Refusal> {
    let (name, deleted) = (input.thing_name.as_str(), DeleteThingResponse {});
    let Some(thing) = control.find::<Thing>(name).await? else {
        return Ok(Prepared::read(deleted));
    };
    check_version(&format!("thing {name}"), thing.value.version, input.expected_version)?;
    // Who attaches one at this moment writes the thing's document, so that one of us tries again.
    if control.count_edges(Kind::CertificateOfThing, name).await? > 0 {
        return Err(Refusal::Invalid(format!(
            "Cannot delete. Thing {name} is still attached to one or more principals."
        )));
    }
    let mut tx = Tx::default();
    tx.remove::<Thing>(name, thing.version);
    for group in &thing.value.groups {
        GROUP_TO_THING.erase(&mut tx, group.as_str(), name);
    }
    let (name, groups) = (thing.value.name, Vec::new());
    tx.changes.push(Change::Thing { name, registered: false, groups });
    Ok(Prepared::write(tx, deleted))
}
