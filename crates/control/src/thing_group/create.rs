use fleetward_domain::limits::GROUP_DEPTH;
use fleetward_domain::{GroupName, Resource, ThingGroup};
use fleetward_store::{DepartedGroup, Noun, Tx};
use fleetward_wire::ApiError;
use fleetward_wire::convert::read_tags;
use fleetward_wire::types::{CreateThingGroupRequest, CreateThingGroupResponse};

use super::leaving::leave_some;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::thing::read_attributes;

/// Creating an equal group again succeeds. Source: the service model on `CreateThingGroup`.
pub(crate) async fn create(
    control: &Control,
    input: CreateThingGroupRequest,
) -> Result<Prepared<CreateThingGroupResponse>, Refusal> {
    let parent = input.parent_group_name.clone();
    let mut group = read(control, input)?;
    group.ancestors = ancestors_below(control, parent.as_deref()).await?;
    let name = group.name.as_str();
    let arn = control.place().arn(Resource::ThingGroup(name));
    let created = |group: &ThingGroup| CreateThingGroupResponse {
        thing_group_name: Some(name.to_owned()),
        thing_group_arn: Some(arn.clone()),
        thing_group_id: Some(group.id.clone()),
    };
    match control.find::<ThingGroup>(name).await? {
        Some(existing) if is_same(&existing.value, &group) => {
            Ok(Prepared::read(created(&existing.value)))
        }
        Some(existing) => {
            let but = " with different properties";
            Err(Refusal::exists::<ThingGroup>(name, but, existing.value.id, arn))
        }
        None => {
            let mut tx = Tx::default();
            tx.create(&group, control.level())?;
            // The parent may be deleted at this moment: the group must not be left without it.
            if let Some(parent) = &parent {
                let parent = control.existing::<ThingGroup>(parent).await?;
                tx.replace(&parent.value, parent.version, control.level())?;
            }
            empty(control, &mut tx, name).await?;
            Ok(Prepared::write(tx, created(&group)))
        }
    }
}

/// Nothing that was in a group of this name is in the new one.
async fn empty(control: &Control, tx: &mut Tx, name: &str) -> Result<(), Refusal> {
    if leave_some(control.store(), tx, name).await?.more {
        return Err(Refusal::Told(ApiError::unavailable(format!(
            "Things are leaving the thing group {name} that was deleted. Try again."
        ))));
    }
    let departed = DepartedGroup::named(name);
    if let Some(departed) = control.find::<DepartedGroup>(departed.key()).await? {
        tx.remove::<DepartedGroup>(departed.value.key(), departed.version);
    }
    Ok(())
}

fn read(control: &Control, input: CreateThingGroupRequest) -> Result<ThingGroup, Refusal> {
    let properties = input.thing_group_properties.unwrap_or_default();
    Ok(ThingGroup {
        name: GroupName::parse(input.thing_group_name)?,
        id: control.chance().uuid()?,
        ancestors: Vec::new(),
        description: properties.thing_group_description,
        attributes: read_attributes(properties.attribute_payload)?,
        tags: read_tags(input.tags).map_err(|problem| Refusal::field("tags", problem))?,
        created_ms: control.now_ms(),
    })
}

/// The parent and all above it, nearest first.
async fn ancestors_below(
    control: &Control,
    parent: Option<&str>,
) -> Result<Vec<GroupName>, Refusal> {
    let Some(parent) = parent else { return Ok(Vec::new()) };
    let found = control.find::<ThingGroup>(parent).await?;
    let found = found.ok_or_else(|| {
        Refusal::field("parentGroupName", format!("group {parent} does not exist"))
    })?;
    let mut ancestors = vec![found.value.name];
    ancestors.extend(found.value.ancestors);
    if ancestors.len() >= GROUP_DEPTH {
        return Err(Refusal::Limit(format!(
            "Groups below {parent} would be nested deeper than {GROUP_DEPTH} levels, the limit."
        )));
    }
    Ok(ancestors)
}

/// Tags do not count: they may have been changed since.
fn is_same(one: &ThingGroup, other: &ThingGroup) -> bool {
    let content = |group: &ThingGroup| {
        let ThingGroup { ancestors, description, attributes, .. } = group.clone();
        (ancestors, description, attributes)
    };
    content(one) == content(other)
}
