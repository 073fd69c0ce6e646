use fleetward_store::Kind;
use fleetward_wire::types::{ListDimensionsRequest, ListDimensionsResponse};

use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By name.
pub(crate) async fn list(
    control: &Control,
    input: ListDimensionsRequest,
) -> Result<Prepared<ListDimensionsResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let (names, next_token) = page.keys(Kind::Dimension, "").await?;
    Ok(Prepared::read(ListDimensionsResponse { dimension_names: Some(names), next_token }))
}
