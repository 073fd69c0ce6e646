use fleetward_domain::{Dimension, Resource};
use fleetward_wire::Timestamp;
use fleetward_wire::types::{DescribeDimensionRequest, DescribeDimensionResponse, DimensionType};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

pub(crate) async fn describe(
    control: &Control,
    input: DescribeDimensionRequest,
) -> Result<Prepared<DescribeDimensionResponse>, Refusal> {
    let dimension: Dimension = control.existing(&input.name).await?.value;
    Ok(Prepared::read(DescribeDimensionResponse {
        arn: Some(control.place().arn(Resource::Dimension(dimension.name.as_str()))),
        name: Some(input.name),
        r#type: Some(DimensionType::TopicFilter),
        string_values: Some(dimension.topic_filters),
        creation_date: Some(Timestamp::from_epoch_ms(dimension.created_ms)),
        last_modified_date: Some(Timestamp::from_epoch_ms(dimension.modified_ms)),
    }))
}
