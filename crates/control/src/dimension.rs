//! Dimensions: topic filters that narrow a metric.

use fleetward_domain::limits::{DIMENSION_VALUES, DIMENSIONS};
use fleetward_domain::{Change, Dimension, DimensionName, Resource};
use fleetward_store::Kind;
use fleetward_wire::convert::read_tags;
use fleetward_wire::types::{
    CreateDimensionRequest, CreateDimensionResponse, DeleteDimensionRequest,
    DeleteDimensionResponse, DescribeDimensionRequest, DescribeDimensionResponse, DimensionType,
    ListDimensionsRequest, ListDimensionsResponse,
};
use fleetward_wire::{ApiError, Timestamp};

use crate::control::Control;
use crate::documents::{Draft, Race, Versioned, edges_from, find, read, read_gate};
use crate::error::ControlError;
use crate::page::Page;

#[cfg(test)]
mod tests;

impl Control {
    /// The same request with the same token succeeds again. Source: the service model on
    /// `clientRequestToken`: a token is good for one dimension.
    pub(crate) async fn create_dimension(
        &self,
        input: CreateDimensionRequest,
    ) -> Result<CreateDimensionResponse, ApiError> {
        let dimension = self.new_dimension(input)?;
        let name = dimension.name.as_str();
        let arn = self.place().arn(Resource::Dimension(name));
        let created =
            CreateDimensionResponse { name: Some(name.to_owned()), arn: Some(arn.clone()) };
        let mut race = Race::default();
        loop {
            let gate_version = read_gate(self.store(), GATE).await?;
            let existing = self.all_dimensions().await?;
            for other in &existing {
                let is_same_token = other.client_request_token == dimension.client_request_token;
                if is_same_token && is_same_request(other, &dimension) {
                    return Ok(created);
                }
                let problem = if other.name == dimension.name {
                    format!("Dimension {name} already exists.")
                } else if is_same_token {
                    format!("Dimension {} was created with this clientRequestToken.", other.name)
                } else {
                    continue;
                };
                let other = other.name.as_str();
                let arn = self.place().arn(Resource::Dimension(other));
                return Err(ApiError::already_exists(problem, other, arn));
            }
            if existing.len() >= DIMENSIONS {
                return Err(ApiError::limit_exceeded(format!(
                    "There are {DIMENSIONS} dimensions in this account, which is the limit."
                )));
            }
            let mut draft = Draft::default();
            draft.pass_gate(GATE, gate_version);
            draft.create(Kind::Dimension, name, &dimension);
            draft.change(Change::Dimension(dimension.name.clone()));
            if race.won(self.store(), draft).await? {
                return Ok(created);
            }
        }
    }

    pub(crate) async fn describe_dimension(
        &self,
        input: DescribeDimensionRequest,
    ) -> Result<DescribeDimensionResponse, ApiError> {
        let dimension = self.dimension(&input.name).await?.value;
        Ok(DescribeDimensionResponse {
            arn: Some(self.place().arn(Resource::Dimension(dimension.name.as_str()))),
            name: Some(input.name),
            r#type: Some(DimensionType::TopicFilter),
            string_values: Some(dimension.topic_filters),
            creation_date: Some(Timestamp::from_epoch_ms(dimension.created_ms)),
            last_modified_date: Some(Timestamp::from_epoch_ms(dimension.modified_ms)),
        })
    }

    /// A dimension that is not there counts as deleted: the model has no error for it.
    pub(crate) async fn delete_dimension(
        &self,
        input: DeleteDimensionRequest,
    ) -> Result<DeleteDimensionResponse, ApiError> {
        let name = input.name.as_str();
        let mut race = Race::default();
        loop {
            let found = find::<Dimension>(self.store(), Kind::Dimension, name).await?;
            let Some(dimension) = found else { return Ok(DeleteDimensionResponse {}) };
            let users = self.store().count(Kind::ProfileOfDimension, &edges_from(name)).await;
            let users = users.map_err(ControlError::from)?;
            if users > 0 {
                return Err(ApiError::invalid_request(format!(
                    "Dimension {name} is in use by {users} security profiles and cannot be \
                     deleted."
                )));
            }
            let mut draft = Draft::default();
            draft.remove(Kind::Dimension, name, dimension.version);
            draft.change(Change::Dimension(dimension.value.name));
            if race.won(self.store(), draft).await? {
                return Ok(DeleteDimensionResponse {});
            }
        }
    }

    pub(crate) async fn list_dimensions(
        &self,
        input: ListDimensionsRequest,
    ) -> Result<ListDimensionsResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        let (documents, next_token) = page.documents(self.store(), Kind::Dimension, "").await?;
        let names = documents.into_iter().map(|document| document.key).collect();
        Ok(ListDimensionsResponse { dimension_names: Some(names), next_token })
    }

    /// # Errors
    /// `ResourceNotFoundException`.
    pub(crate) async fn dimension(&self, name: &str) -> Result<Versioned<Dimension>, ApiError> {
        find(self.store(), Kind::Dimension, name)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Dimension {name} does not exist.")))
    }

    async fn all_dimensions(&self) -> Result<Vec<Dimension>, ControlError> {
        let documents = self.store().list(Kind::Dimension, "", None, DIMENSIONS).await?;
        documents.iter().map(|document| read(Kind::Dimension, document)).collect()
    }

    fn new_dimension(&self, input: CreateDimensionRequest) -> Result<Dimension, ApiError> {
        let DimensionType::TopicFilter = input.r#type;
        let values = input.string_values;
        if values.len() > DIMENSION_VALUES {
            return Err(ApiError::limit_exceeded(format!(
                "stringValues has {} values; the limit is {DIMENSION_VALUES}.",
                values.len()
            )));
        }
        let wrong = values.iter().find(|value| !is_topic_filter(value));
        if let Some(wrong) = wrong {
            return Err(ApiError::invalid_request(format!(
                "stringValues: '{wrong}' is not a valid MQTT topic filter."
            )));
        }
        let now_ms = self.now_ms();
        Ok(Dimension {
            name: DimensionName::parse(input.name)
                .map_err(|error| ApiError::invalid_request(error.to_string()))?,
            topic_filters: values,
            tags: read_tags(input.tags),
            client_request_token: input.client_request_token,
            created_ms: now_ms,
            modified_ms: now_ms,
        })
    }
}

/// Of all creations, since the account's count and the tokens are shared by all dimensions.
const GATE: &str = "dimensions";

fn is_same_request(one: &Dimension, other: &Dimension) -> bool {
    (&one.name, &one.topic_filters, &one.tags) == (&other.name, &other.topic_filters, &other.tags)
}

/// Whether MQTT allows the filter: `#` alone at the end, `+` alone between slashes (MQTT 3.1.1,
/// 4.7.1).
fn is_topic_filter(filter: &str) -> bool {
    let mut levels = filter.split('/').peekable();
    let mut is_valid = !filter.is_empty() && !filter.contains('\0');
    while let Some(level) = levels.next() {
        is_valid &= match level {
            "#" => levels.peek().is_none(),
            "+" => true,
            level => !level.contains(['#', '+']),
        };
    }
    is_valid
}
