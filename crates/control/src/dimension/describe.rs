use fleetward_domain::Dimension;
use fleetward_wire::types::{DescribeDimensionRequest, DescribeDimensionResponse};

use super::show;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

pub(crate) async fn describe(
    control: &Control,
    input: DescribeDimensionRequest,
) -> Result<Prepared<DescribeDimensionResponse>, Refusal> {
    let dimension = control.existing::<Dimension>(&input.name).await?;
    Ok(Prepared::read(show(control, dimension.value)))
}
