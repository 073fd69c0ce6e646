use fleetward_wire::types::{ListTagsForResourceRequest, ListTagsForResourceResponse, Tag};

use super::tagged::Tagged;
use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By key, all on one page: a resource has few.
pub(crate) async fn list(
    control: &Control,
    input: ListTagsForResourceRequest,
) -> Result<Prepared<ListTagsForResourceResponse>, Refusal> {
    // No token was ever given out for this listing: one that comes is refused.
    Page::open(control, &input)?;
    let mut resource = Tagged::find(control, &input.resource_arn).await?;
    let mut tags = std::mem::take(resource.tags());
    tags.sort();
    let shown = |(key, value)| Tag { key, value: Some(value) };
    Ok(Prepared::read(ListTagsForResourceResponse {
        tags: Some(tags.into_iter().map(shown).collect()),
        next_token: None,
    }))
}
