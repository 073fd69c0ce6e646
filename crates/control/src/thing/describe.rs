use fleetward_domain::{Resource, Thing};
use fleetward_wire::types::{DescribeThingRequest, DescribeThingResponse};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

pub(crate) async fn describe(
    control: &Control,
    input: DescribeThingRequest,
) -> Result<Prepared<DescribeThingResponse>, Refusal> {
    let thing: Thing = control.existing(&input.thing_name).await?.value;
    let name = input.thing_name;
    Ok(Prepared::read(DescribeThingResponse {
        default_client_id: Some(name.clone()),
        thing_arn: Some(control.place().arn(Resource::Thing(&name))),
        thing_name: Some(name),
        thing_id: Some(thing.id),
        thing_type_name: None,
        attributes: Some(thing.attributes),
        version: Some(thing.version),
        billing_group_name: None,
    }))
}
