use fleetward_wire::types::{UntagResourceRequest, UntagResourceResponse};

use super::tagged::Tagged;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A key that is not there counts as removed.
pub(crate) async fn remove(
    control: &Control,
    input: UntagResourceRequest,
) -> Result<Prepared<UntagResourceResponse>, Refusal> {
    let mut resource = Tagged::find(control, &input.resource_arn).await?;
    let tags = resource.tags();
    let before = tags.len();
    tags.retain(|(key, _)| !input.tag_keys.contains(key));
    if tags.len() == before {
        return Ok(Prepared::read(UntagResourceResponse {}));
    }
    Ok(Prepared::write(resource.write(control).await?, UntagResourceResponse {}))
}
