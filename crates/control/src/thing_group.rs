//! Thing groups: static ones, nested.

use fleetward_domain::limits::{GROUP_DEPTH, GROUPS_OF_A_THING};
use fleetward_domain::{GroupName, Resource, Thing, ThingGroup};
use fleetward_environment::Chance;
use fleetward_store::Kind;
use fleetward_wire::ApiError;
use fleetward_wire::convert::read_tags;
use fleetward_wire::types::{
    AddThingToThingGroupRequest, AddThingToThingGroupResponse, CreateThingGroupRequest,
    CreateThingGroupResponse,
};

use crate::control::Control;
use crate::documents::{Draft, Race, Versioned, find};
use crate::error::ControlError;
use crate::thing::{read_attributes, thing_change};

#[cfg(test)]
mod tests;

impl Control {
    /// Creating an equal group again succeeds. Source: the service model on `CreateThingGroup`.
    pub(crate) async fn create_thing_group(
        &self,
        input: CreateThingGroupRequest,
    ) -> Result<CreateThingGroupResponse, ApiError> {
        let parent = input.parent_group_name.clone();
        let mut group = self.new_thing_group(input)?;
        let mut race = Race::default();
        loop {
            group.ancestors = self.ancestors_below(parent.as_deref()).await?;
            let name = group.name.as_str();
            let existing = find::<ThingGroup>(self.store(), Kind::ThingGroup, name).await?;
            if let Some(existing) = existing {
                return self.created_group_before(&existing.value, &group);
            }
            let mut draft = Draft::default();
            draft.create(Kind::ThingGroup, name, &group);
            if let Some(parent) = &parent {
                draft.require(Kind::ThingGroup, parent);
            }
            if race.won(self.store(), draft).await? {
                return Ok(self.created_group(&group));
            }
        }
    }

    /// Adding again what is in the group succeeds and changes nothing.
    pub(crate) async fn add_thing_to_thing_group(
        &self,
        input: AddThingToThingGroupRequest,
    ) -> Result<AddThingToThingGroupResponse, ApiError> {
        let thing_name =
            self.named("thing", input.thing_name.as_deref(), input.thing_arn.as_deref())?;
        let group_name = self.named(
            "thingGroup",
            input.thing_group_name.as_deref(),
            input.thing_group_arn.as_deref(),
        )?;
        let mut race = Race::default();
        loop {
            let thing = self.thing(&thing_name).await?;
            let group = self.thing_group(&group_name).await?.value;
            if thing.value.groups.contains(&group.name) {
                return Ok(AddThingToThingGroupResponse {});
            }
            self.require_place_in(&thing.value, &group).await?;
            let mut changed = thing.value.clone();
            changed.groups.push(group.name.clone());
            let groups = self.groups_with_ancestors(&changed.groups).await?;
            let mut draft = Draft::default();
            draft.replace(Kind::Thing, &thing_name, thing.version, &changed);
            draft.require(Kind::ThingGroup, &group_name);
            draft.draw_edge(Kind::ThingOfGroup, &group_name, &thing_name);
            draft.change(thing_change(&changed, groups));
            if race.won(self.store(), draft).await? {
                return Ok(AddThingToThingGroupResponse {});
            }
        }
    }

    /// # Errors
    /// `ResourceNotFoundException`.
    async fn thing_group(&self, name: &str) -> Result<Versioned<ThingGroup>, ApiError> {
        find(self.store(), Kind::ThingGroup, name)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Thing group {name} does not exist.")))
    }

    fn new_thing_group(&self, input: CreateThingGroupRequest) -> Result<ThingGroup, ApiError> {
        let properties = input.thing_group_properties.unwrap_or_default();
        Ok(ThingGroup {
            name: GroupName::parse(input.thing_group_name)
                .map_err(|error| ApiError::invalid_request(error.to_string()))?,
            id: Chance::system().uuid().map_err(ControlError::from)?,
            ancestors: Vec::new(),
            description: properties.thing_group_description,
            attributes: read_attributes(properties.attribute_payload)?,
            tags: read_tags(input.tags),
            created_ms: self.now_ms(),
        })
    }

    /// The parent and all above it, nearest first.
    async fn ancestors_below(&self, parent: Option<&str>) -> Result<Vec<GroupName>, ApiError> {
        let Some(parent) = parent else { return Ok(Vec::new()) };
        // The model gives this operation no error for what is not found.
        let found = find::<ThingGroup>(self.store(), Kind::ThingGroup, parent).await?;
        let found = found.ok_or_else(|| {
            ApiError::invalid_request(format!("parentGroupName: group {parent} does not exist."))
        })?;
        let mut ancestors = vec![found.value.name];
        ancestors.extend(found.value.ancestors);
        if ancestors.len() >= GROUP_DEPTH {
            return Err(ApiError::limit_exceeded(format!(
                "Groups below {parent} would be nested deeper than {GROUP_DEPTH} levels, the limit."
            )));
        }
        Ok(ancestors)
    }

    /// Source: AWS IoT's guide, "Static thing groups": at most ten groups, and only one of a
    /// hierarchy.
    async fn require_place_in(&self, thing: &Thing, group: &ThingGroup) -> Result<(), ApiError> {
        if thing.groups.len() >= GROUPS_OF_A_THING {
            return Err(ApiError::limit_exceeded(format!(
                "Thing {} is in {GROUPS_OF_A_THING} groups, which is the limit.",
                thing.name
            )));
        }
        let root = group.ancestors.last().unwrap_or(&group.name);
        for other in &thing.groups {
            let found = find::<ThingGroup>(self.store(), Kind::ThingGroup, other.as_str()).await?;
            let other_root = found.and_then(|found| found.value.ancestors.last().cloned());
            if other_root.as_ref().unwrap_or(other) == root {
                return Err(ApiError::invalid_request(format!(
                    "Thing {} is in group {other}, which is in the same hierarchy as group {}.",
                    thing.name, group.name
                )));
            }
        }
        Ok(())
    }

    /// The name of a thing or a group that is given by name, by ARN, or by both.
    fn named(&self, kind: &str, name: Option<&str>, arn: Option<&str>) -> Result<String, ApiError> {
        let of_arn = arn.map(|arn| {
            let resource = self
                .place()
                .resource_of(arn)
                .map_err(|error| ApiError::invalid_request(format!("{kind}Arn: {error}.")))?;
            let prefix = format!("{}/", kind.to_ascii_lowercase());
            // Names of things that are registered keep to the same rules as those of groups.
            let name = resource.strip_prefix(&prefix);
            name.filter(|name| GroupName::parse(*name).is_ok()).ok_or_else(|| {
                ApiError::invalid_request(format!("{kind}Arn: {arn} names something else."))
            })
        });
        match (name, of_arn.transpose()?) {
            (None, None) => {
                Err(ApiError::invalid_request(format!("{kind}Name or {kind}Arn must be given.")))
            }
            (Some(name), Some(of_arn)) if name != of_arn => Err(ApiError::invalid_request(
                format!("{kind}Name and {kind}Arn name different resources."),
            )),
            (Some(name), _) | (None, Some(name)) => Ok(name.to_owned()),
        }
    }

    fn created_group_before(
        &self,
        existing: &ThingGroup,
        asked: &ThingGroup,
    ) -> Result<CreateThingGroupResponse, ApiError> {
        let same = |group: &ThingGroup| {
            let ThingGroup { ancestors, description, attributes, tags, .. } = group.clone();
            (ancestors, description, attributes, tags)
        };
        if same(existing) == same(asked) {
            return Ok(self.created_group(existing));
        }
        let name = existing.name.as_str();
        let arn = self.place().arn(Resource::ThingGroup(name));
        let message = format!("Thing group {name} already exists with different properties.");
        Err(ApiError::already_exists(message, &existing.id, arn))
    }

    fn created_group(&self, group: &ThingGroup) -> CreateThingGroupResponse {
        let name = group.name.as_str();
        CreateThingGroupResponse {
            thing_group_name: Some(name.to_owned()),
            thing_group_arn: Some(self.place().arn(Resource::ThingGroup(name))),
            thing_group_id: Some(group.id.clone()),
        }
    }
}
