use fleetward_domain::limits::DIMENSIONS;
use fleetward_domain::{Change, Dimension, DimensionName, Resource};
use fleetward_store::{Gate, Kind, Tx};
use fleetward_wire::convert::read_tags;
use fleetward_wire::types::{CreateDimensionRequest, CreateDimensionResponse, DimensionType};

use super::read_values;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The same request with the same token succeeds again. Source: the service model on
/// `clientRequestToken`: a token is good for one dimension.
pub(crate) async fn create(
    control: &Control,
    input: CreateDimensionRequest,
) -> Result<Prepared<CreateDimensionResponse>, Refusal> {
    let dimension = read(control, input)?;
    let name = dimension.name.as_str();
    let arn = |name| control.place().arn(Resource::Dimension(name));
    let created = CreateDimensionResponse { name: Some(name.to_owned()), arn: Some(arn(name)) };
    // Of all creations, since the account's count and the tokens are shared by all dimensions.
    let gate = Gate::named("dimensions");
    let gate_version = control.read_gate(&gate).await?;
    let existing = all(control).await?;
    for other in &existing {
        let is_same_token = other.client_request_token == dimension.client_request_token;
        if is_same_token && is_same_request(other, &dimension) {
            return Ok(Prepared::read(created));
        }
        let problem = if other.name == dimension.name {
            format!("Dimension {name} already exists.")
        } else if is_same_token {
            format!("Dimension {} was created with this clientRequestToken.", other.name)
        } else {
            continue;
        };
        let id = other.name.as_str();
        return Err(Refusal::Exists { problem, id: id.to_owned(), arn: arn(id) });
    }
    if existing.len() >= DIMENSIONS {
        return Err(Refusal::Limit(format!(
            "There are {DIMENSIONS} dimensions in this account, which is the limit."
        )));
    }
    let mut tx = Tx::default();
    control.pass_gate(&mut tx, &gate, gate_version)?;
    tx.create(&dimension, control.level())?;
    tx.changes.push(Change::Dimension(dimension.name.clone()));
    Ok(Prepared::write(tx, created))
}

fn read(control: &Control, input: CreateDimensionRequest) -> Result<Dimension, Refusal> {
    let DimensionType::TopicFilter = input.r#type;
    let now_ms = control.now_ms();
    Ok(Dimension {
        topic_filters: read_values(input.string_values)?,
        name: DimensionName::parse(input.name)?,
        tags: read_tags(input.tags),
        client_request_token: input.client_request_token,
        created_ms: now_ms,
        modified_ms: now_ms,
    })
}

async fn all(control: &Control) -> Result<Vec<Dimension>, Refusal> {
    let documents = control.store().list(Kind::Dimension, "", None, DIMENSIONS).await?;
    documents.iter().map(|document| Ok(document.read()?.value)).collect()
}

fn is_same_request(one: &Dimension, other: &Dimension) -> bool {
    (&one.name, &one.topic_filters, &one.tags) == (&other.name, &other.topic_filters, &other.tags)
}
