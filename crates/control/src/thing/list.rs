use fleetward_domain::{Resource, Thing};
use fleetward_wire::types::{ListThingsRequest, ListThingsResponse, ThingAttribute};

use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By name.
pub(crate) async fn list(
    control: &Control,
    input: ListThingsRequest,
) -> Result<Prepared<ListThingsResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    if input.attribute_name.is_none() && input.attribute_value.is_some() {
        return Err(Refusal::Invalid(
            "attributeValue cannot be used without attributeName.".to_owned(),
        ));
    }
    let pick = |thing: Thing| is_asked_for(&thing, &input).then(|| show(control, thing));
    let (things, next_token) = page.picked(pick).await?;
    Ok(Prepared::read(ListThingsResponse { things: Some(things), next_token }))
}

fn show(control: &Control, thing: Thing) -> ThingAttribute {
    let name = thing.name.as_str();
    ThingAttribute {
        thing_name: Some(name.to_owned()),
        thing_type_name: None,
        thing_arn: Some(control.place().arn(Resource::Thing(name))),
        attributes: Some(thing.attributes),
        version: Some(thing.version),
    }
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
