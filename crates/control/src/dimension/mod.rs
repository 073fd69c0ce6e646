//! Dimensions: topic filters that narrow a metric.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod list;
#[cfg(test)]
mod tests;

use fleetward_domain::limits::DIMENSION_VALUES;
use fleetward_mqtt::topic::TopicFilter;

use crate::refusal::Refusal;

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
