//! Things: the registered devices.

use fleetward_domain::{Change, GroupName, Resource, Thing, ThingName};
use fleetward_environment::Chance;
use fleetward_store::{Document, Kind};
use fleetward_wire::ApiError;
use fleetward_wire::types::{
    AttributePayload, CreateThingRequest, CreateThingResponse, DescribeThingRequest,
    DescribeThingResponse, ListThingsRequest, ListThingsResponse, ThingAttribute,
};
use std::collections::BTreeMap;

use crate::control::Control;
use crate::documents::{Draft, Race, Versioned, find, read};
use crate::error::ControlError;
use crate::limits::ATTRIBUTES;
use crate::page::Page;

#[cfg(test)]
mod tests;

impl Control {
    /// Creating an equal thing again succeeds. Source: the service model on `CreateThing`.
    pub(crate) async fn create_thing(
        &self,
        input: CreateThingRequest,
    ) -> Result<CreateThingResponse, ApiError> {
        if let Some(name) = &input.thing_type_name {
            return Err(ApiError::not_found(format!("Thing type {name} does not exist.")));
        }
        if let Some(name) = &input.billing_group_name {
            return Err(ApiError::not_found(format!("Billing group {name} does not exist.")));
        }
        let thing = Thing {
            name: ThingName::parse(input.thing_name)
                .map_err(|error| ApiError::invalid_request(error.to_string()))?,
            id: Chance::system().uuid().map_err(ControlError::from)?,
            attributes: read_attributes(input.attribute_payload)?,
            groups: Vec::new(),
            version: 1,
            created_ms: self.now_ms(),
        };
        let mut race = Race::default();
        loop {
            let name = thing.name.as_str();
            let existing = find::<Thing>(self.store(), Kind::Thing, name).await?;
            if let Some(existing) = existing {
                return self.created_before(&existing.value, &thing);
            }
            let mut draft = Draft::default();
            draft.create(Kind::Thing, name, &thing);
            draft.change(thing_change(&thing, Vec::new()));
            if race.won(self.store(), draft).await? {
                return Ok(self.created_thing(&thing));
            }
        }
    }

    pub(crate) async fn describe_thing(
        &self,
        input: DescribeThingRequest,
    ) -> Result<DescribeThingResponse, ApiError> {
        let thing = self.thing(&input.thing_name).await?.value;
        let name = thing.name.as_str().to_owned();
        Ok(DescribeThingResponse {
            default_client_id: Some(name.clone()),
            thing_arn: Some(self.place().arn(Resource::Thing(&name))),
            thing_name: Some(name),
            thing_id: Some(thing.id),
            thing_type_name: None,
            attributes: Some(thing.attributes),
            version: Some(thing.version),
            billing_group_name: None,
        })
    }

    pub(crate) async fn list_things(
        &self,
        input: ListThingsRequest,
    ) -> Result<ListThingsResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        let is_by_value = input.attribute_value.is_some();
        if input.attribute_name.is_none() && is_by_value {
            return Err(ApiError::invalid_request(
                "attributeValue cannot be used without attributeName.",
            ));
        }
        let pick = |document: &Document| {
            let thing: Thing = read(Kind::Thing, document)?;
            Ok(is_asked_for(&thing, &input).then_some(thing))
        };
        let (things, next_token) = page.picked(self.store(), (Kind::Thing, ""), pick).await?;
        let things = things.into_iter().map(|thing| self.thing_attribute(thing)).collect();
        Ok(ListThingsResponse { things: Some(things), next_token })
    }

    /// # Errors
    /// `ResourceNotFoundException`.
    pub(crate) async fn thing(&self, name: &str) -> Result<Versioned<Thing>, ApiError> {
        find(self.store(), Kind::Thing, name)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Thing {name} does not exist.")))
    }

    fn created_before(
        &self,
        existing: &Thing,
        asked: &Thing,
    ) -> Result<CreateThingResponse, ApiError> {
        if existing.attributes == asked.attributes {
            return Ok(self.created_thing(existing));
        }
        let name = existing.name.as_str();
        let arn = self.place().arn(Resource::Thing(name));
        let message = format!("Thing {name} already exists in account with different attributes.");
        Err(ApiError::already_exists(message, &existing.id, arn))
    }

    fn created_thing(&self, thing: &Thing) -> CreateThingResponse {
        let name = thing.name.as_str();
        CreateThingResponse {
            thing_name: Some(name.to_owned()),
            thing_arn: Some(self.place().arn(Resource::Thing(name))),
            thing_id: Some(thing.id.clone()),
        }
    }

    fn thing_attribute(&self, thing: Thing) -> ThingAttribute {
        let name = thing.name.as_str();
        ThingAttribute {
            thing_name: Some(name.to_owned()),
            thing_type_name: None,
            thing_arn: Some(self.place().arn(Resource::Thing(name))),
            attributes: Some(thing.attributes),
            version: Some(thing.version),
        }
    }
}

/// What detectors learn of a registered thing. `groups` are its groups and all above them.
pub(crate) fn thing_change(thing: &Thing, groups: Vec<GroupName>) -> Change {
    Change::Thing { name: thing.name.clone(), registered: true, groups }
}

/// The attributes of a new thing or group.
///
/// # Errors
/// `LimitExceededException` where there are too many.
pub(crate) fn read_attributes(
    payload: Option<AttributePayload>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let attributes = payload.and_then(|payload| payload.attributes).unwrap_or_default();
    if attributes.len() > ATTRIBUTES {
        return Err(ApiError::limit_exceeded(format!(
            "attributePayload has {} attributes; the limit is {ATTRIBUTES}.",
            attributes.len()
        )));
    }
    Ok(attributes)
}

fn is_asked_for(thing: &Thing, input: &ListThingsRequest) -> bool {
    if input.thing_type_name.is_some() {
        // No thing has a type, since there are no thing types yet.
        return false;
    }
    let Some(name) = &input.attribute_name else { return true };
    let Some(value) = thing.attributes.get(name) else { return false };
    match &input.attribute_value {
        None => true,
        Some(asked) if input.use_prefix_attribute_value.unwrap_or_default() => {
            value.starts_with(asked.as_str())
        }
        Some(asked) => value == asked,
    }
}

impl Control {
    /// The groups of a thing and all above them, each once.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) async fn groups_with_ancestors(
        &self,
        groups: &[GroupName],
    ) -> Result<Vec<GroupName>, ControlError> {
        let mut all: Vec<GroupName> = groups.to_vec();
        for group in groups {
            let found = find::<fleetward_domain::ThingGroup>(
                self.store(),
                Kind::ThingGroup,
                group.as_str(),
            );
            all.extend(found.await?.map(|found| found.value.ancestors).unwrap_or_default());
        }
        all.sort();
        all.dedup();
        Ok(all)
    }
}
