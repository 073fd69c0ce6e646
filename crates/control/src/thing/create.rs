use fleetward_domain::{Resource, Thing, ThingName};
use fleetward_store::Tx;
use fleetward_wire::types::{CreateThingRequest, CreateThingResponse};

use super::{read_attributes, tell_of_thing};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Creating an equal thing again succeeds. Source: the service model on `CreateThing`.
pub(crate) async fn create(
    control: &Control,
    input: CreateThingRequest,
) -> Result<Prepared<CreateThingResponse>, Refusal> {
    // Neither kind is kept yet, so none of them exists.
    if let Some(name) = input.thing_type_name {
        return Err(Refusal::not_found("Thing type", name));
    }
    if let Some(name) = input.billing_group_name {
        return Err(Refusal::not_found("Billing group", name));
    }
    let thing = Thing {
        name: ThingName::parse(input.thing_name)?,
        id: control.chance().uuid()?,
        attributes: read_attributes(input.attribute_payload)?,
        groups: Vec::new(),
        version: 1,
        created_ms: control.now_ms(),
    };
    let name = thing.name.as_str();
    let arn = control.place().arn(Resource::Thing(name));
    let created = |thing: &Thing| CreateThingResponse {
        thing_name: Some(name.to_owned()),
        thing_arn: Some(arn.clone()),
        thing_id: Some(thing.id.clone()),
    };
    match control.find::<Thing>(name).await? {
        Some(existing) if existing.value.attributes == thing.attributes => {
            Ok(Prepared::read(created(&existing.value)))
        }
        Some(existing) => {
            let but = " in account with different attributes";
            Err(Refusal::exists::<Thing>(name, but, existing.value.id, arn))
        }
        None => {
            let mut tx = Tx::default();
            tx.create(&thing, control.level())?;
            tell_of_thing(control, &mut tx, &thing).await?;
            Ok(Prepared::write(tx, created(&thing)))
        }
    }
}
