//! Dimensions: topic filters that narrow a metric.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod list;
#[cfg(test)]
mod tests;
pub(crate) mod update;

use fleetward_domain::limits::DIMENSION_VALUES;
use fleetward_domain::{Dimension, Resource};
use fleetward_mqtt::topic::TopicFilter;
use fleetward_wire::Timestamp;
use fleetward_wire::types::{DescribeDimensionResponse, DimensionType};

use crate::control::Control;
use crate::refusal::Refusal;

fn show(control: &Control, dimension: Dimension) -> DescribeDimensionResponse {
    let name = dimension.name.as_str();
    DescribeDimensionResponse {
        name: Some(name.to_owned()),
        arn: Some(control.place().arn(Resource::Dimension(name))),
        r#type: Some(DimensionType::TopicFilter),
        string_values: Some(dimension.topic_filters),
        creation_date: Some(Timestamp::from_epoch_ms(dimension.created_ms)),
        last_modified_date: Some(Timestamp::from_epoch_ms(dimension.modified_ms)),
    }
}

/// The topic filters of a dimension.
fn read_values(values: Vec<String>) -> Result<Vec<String>, Refusal> {
    if values.len() > DIMENSION_VALUES {
        return Err(Refusal::Limit(format!(
            "stringValues has {} values; the limit is {DIMENSION_VALUES}.",
            values.len()
        )));
    }
    match values.iter().find(|value| TopicFilter::parse(value).is_err()) {
        Some(wrong) => {
            let problem = format!("'{wrong}' is not a valid MQTT topic filter");
            Err(Refusal::field("stringValues", problem))
        }
        None => Ok(values),
    }
}
