use fleetward_domain::Thing;
use fleetward_store::Tx;
use fleetward_wire::types::{UpdateThingRequest, UpdateThingResponse};

use super::{check_attributes, check_version, tell_of_thing};
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Without `merge` the attributes given are all that there will be; with it, they are set, and
/// those given without a value go. Source: the service model on `AttributePayload`.
pub(crate) async fn update(
    control: &Control,
    input: UpdateThingRequest,
) -> Result<Prepared<UpdateThingResponse>, Refusal> {
    let removes_type = input.remove_thing_type.unwrap_or_default();
    if removes_type && input.thing_type_name.is_some() {
        return Err(Refusal::Invalid(
            "thingTypeName and removeThingType exclude each other. Give one of them.".to_owned(),
        ));
    }
    let thing = control.existing::<Thing>(&input.thing_name).await?;
    let mut changed = thing.value;
    check_version(&format!("thing {}", changed.name), changed.version, input.expected_version)?;
    // Types are not kept yet, so none of them exists, and no thing has one to be removed.
    if let Some(name) = input.thing_type_name {
        return Err(Refusal::not_found("Thing type", name));
    }
    if let Some(payload) = input.attribute_payload {
        if !payload.merge.unwrap_or_default() {
            changed.attributes.clear();
        }
        changed.attributes.extend(payload.attributes.unwrap_or_default());
        changed.attributes.retain(|_, value| !value.is_empty());
        check_attributes(&changed.attributes)?;
    }
    changed.version = changed.version.saturating_add(1);
    let mut tx = Tx::default();
    tx.replace(&changed, thing.version, control.level())?;
    tell_of_thing(control, &mut tx, &changed).await?;
    Ok(Prepared::write(tx, UpdateThingResponse {}))
}
