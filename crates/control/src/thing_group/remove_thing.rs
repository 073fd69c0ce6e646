use fleetward_domain::{Thing, ThingGroup};
use fleetward_store::Tx;
use fleetward_wire::types::{RemoveThingFromThingGroupRequest, RemoveThingFromThingGroupResponse};

use super::named;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::GROUP_TO_THING;
use crate::thing::tell_of_thing;

/// Removing what is not in the group succeeds and changes nothing.
pub(crate) async fn remove_thing(
    control: &Control,
    input: RemoveThingFromThingGroupRequest,
) -> Result<Prepared<RemoveThingFromThingGroupResponse>, Refusal> {
    let (name, arn) = (input.thing_name.as_deref(), input.thing_arn.as_deref());
    let thing_name = named(control, "thing", name, arn)?;
    let (name, arn) = (input.thing_group_name.as_deref(), input.thing_group_arn.as_deref());
    let group_name = named(control, "thingGroup", name, arn)?;
    let thing = control.existing::<Thing>(&thing_name).await?;
    let group: ThingGroup = control.existing(&group_name).await?.value;
    if !thing.value.groups.contains(&group.name) {
        return Ok(Prepared::read(RemoveThingFromThingGroupResponse {}));
    }
    let mut changed = thing.value;
    changed.groups.retain(|other| *other != group.name);
    let mut tx = Tx::default();
    tx.replace(&changed, thing.version, control.level())?;
    GROUP_TO_THING.erase(&mut tx, &group_name, &thing_name);
    tell_of_thing(control, &mut tx, &changed).await?;
    Ok(Prepared::write(tx, RemoveThingFromThingGroupResponse {}))
}
