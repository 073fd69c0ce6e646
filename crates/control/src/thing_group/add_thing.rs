use fleetward_domain::limits::GROUPS_OF_A_THING;
use fleetward_domain::{Thing, ThingGroup};
use fleetward_store::Tx;
use fleetward_wire::types::{AddThingToThingGroupRequest, AddThingToThingGroupResponse};

use super::named;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::GROUP_TO_THING;
use crate::thing::{groups_with_ancestors, thing_change};

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
    require_place_in(control, &thing.value, &group).await?;
    let mut changed = thing.value;
    changed.groups.push(group.name);
    let groups = groups_with_ancestors(control, &changed.groups).await?;
    let mut tx = Tx::default();
    tx.replace(&changed, thing.version, control.level())?;
    tx.require::<ThingGroup>(&group_name);
    GROUP_TO_THING.draw(&mut tx, &group_name, &thing_name);
    tx.changes.push(thing_change(&changed, groups));
    Ok(Prepared::write(tx, AddThingToThingGroupResponse {}))
}

/// Source: AWS IoT's guide, "Static thing groups": at most ten groups, and only one of a
/// hierarchy.
async fn require_place_in(
    control: &Control,
    thing: &Thing,
    group: &ThingGroup,
) -> Result<(), Refusal> {
    if thing.groups.len() >= GROUPS_OF_A_THING {
        return Err(Refusal::Limit(format!(
            "Thing {} is in {GROUPS_OF_A_THING} groups, which is the limit.",
            thing.name
        )));
    }
    let root = group.ancestors.last().unwrap_or(&group.name);
    for other in &thing.groups {
        let found = control.find::<ThingGroup>(other.as_str()).await?;
        let other_root = found.and_then(|found| found.value.ancestors.last().cloned());
        if other_root.as_ref().unwrap_or(other) == root {
            return Err(Refusal::Invalid(format!(
                "Thing {} is in group {other}, which is in the same hierarchy as group {}.",
                thing.name, group.name
            )));
        }
    }
    Ok(())
}
