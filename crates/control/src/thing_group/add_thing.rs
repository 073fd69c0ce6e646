use fleetward_domain::limits::GROUPS_OF_A_THING;
use fleetward_domain::{GroupName, Thing, ThingGroup};
use fleetward_store::Tx;
use fleetward_wire::types::{AddThingToThingGroupRequest, AddThingToThingGroupResponse};

use super::named;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::GROUP_TO_THING;
use crate::thing::tell_of_thing;

/// Adding again what is in the group succeeds and changes nothing.
pub(crate) async fn add_thing(
    control: &Control,
    input: AddThingToThingGroupRequest,
) -> Result<Prepared<AddThingToThingGroupResponse>, Refusal> {
    let thing_name =
        named(control, "thing", input.thing_name.as_deref(), input.thing_arn.as_deref())?;
    let group_name = named(
        control,
        "thingGroup",
        input.thing_group_name.as_deref(),
        input.thing_group_arn.as_deref(),
    )?;
    let thing = control.existing::<Thing>(&thing_name).await?;
    let group: ThingGroup = control.existing(&group_name).await?.value;
    if thing.value.groups.contains(&group.name) {
        return Ok(Prepared::read(AddThingToThingGroupResponse {}));
    }
    let mut changed = thing.value;
    changed.groups = groups_beside(control, &changed, &group).await?;
    changed.groups.push(group.name);
    let mut tx = Tx::default();
    tx.replace(&changed, thing.version, control.level())?;
    GROUP_TO_THING.draw(&mut tx, &group_name, &thing_name);
    tell_of_thing(control, &mut tx, &changed).await?;
    Ok(Prepared::write(tx, AddThingToThingGroupResponse {}))
}

/// The groups that the thing is in beside this one. Those that were deleted, and that it is to
/// leave, are none of them. Source: AWS IoT's guide, "Static thing groups": at most ten groups, and
/// only one of a hierarchy.
async fn groups_beside(
    control: &Control,
    thing: &Thing,
    group: &ThingGroup,
) -> Result<Vec<GroupName>, Refusal> {
    let root = group.ancestors.last().unwrap_or(&group.name);
    let mut beside = Vec::new();
    for other in &thing.groups {
        let Some(found) = control.find::<ThingGroup>(other.as_str()).await? else { continue };
        if found.value.ancestors.last().unwrap_or(other) == root {
            return Err(Refusal::Invalid(format!(
                "Thing {} is in group {other}, which is in the same hierarchy as group {}.",
                thing.name, group.name
            )));
        }
        beside.push(found.value.name);
    }
    if beside.len() >= GROUPS_OF_A_THING {
        return Err(Refusal::Limit(format!(
            "Thing {} is in {GROUPS_OF_A_THING} groups, which is the limit.",
            thing.name
        )));
    }
    Ok(beside)
}
