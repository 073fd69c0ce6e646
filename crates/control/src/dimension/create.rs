use fleetward_domain::{Change, Dimension, DimensionName, Resource};
use fleetward_wire::convert::read_tags;
use fleetward_wire::types::{CreateDimensionRequest, CreateDimensionResponse, DimensionType};

use super::read_values;
use crate::control::Control;
use crate::creation::create_once;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The same request with the same token succeeds again.
pub(crate) async fn create(
    control: &Control,
    input: CreateDimensionRequest,
) -> Result<Prepared<CreateDimensionResponse>, Refusal> {
    let dimension = read(control, input)?;
    let name = dimension.name.as_str();
    let arn = control.place().arn(Resource::Dimension(name));
    let created = CreateDimensionResponse { name: Some(name.to_owned()), arn: Some(arn) };
    let Some(mut tx) = create_once(control, &dimension).await? else {
        return Ok(Prepared::read(created));
    };
    tx.changes.push(Change::Dimension(dimension.name));
    Ok(Prepared::write(tx, created))
}

fn read(control: &Control, input: CreateDimensionRequest) -> Result<Dimension, Refusal> {
    let DimensionType::TopicFilter = input.r#type;
    let now_ms = control.now_ms();
    Ok(Dimension {
        topic_filters: read_values(input.string_values)?,
        name: DimensionName::parse(input.name)?,
        tags: read_tags(input.tags).map_err(|problem| Refusal::field("tags", problem))?,
        client_request_token: input.client_request_token,
        created_ms: now_ms,
        modified_ms: now_ms,
    })
}
