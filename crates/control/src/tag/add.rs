use fleetward_domain::Severities;
use fleetward_domain::limits::TAGS_OF_A_RESOURCE;
use fleetward_wire::convert::read_added_tags;
use fleetward_wire::types::{TagResourceRequest, TagResourceResponse};

use super::tagged::Tagged;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A tag whose key is there already gets the new value.
pub(crate) async fn add(
    control: &Control,
    input: TagResourceRequest,
) -> Result<Prepared<TagResourceResponse>, Refusal> {
    let given = read_added_tags(input.tags).map_err(|problem| Refusal::field("tags", problem))?;
    let mut resource = Tagged::find(control, &input.resource_arn).await?;
    let tags = resource.tags();
    let before = tags.clone();
    for (key, value) in given {
        match tags.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => tags.push((key, value)),
        }
    }
    if tags.len() > TAGS_OF_A_RESOURCE {
        return Err(Refusal::Limit(format!(
            "{} would have {} tags; the limit is {TAGS_OF_A_RESOURCE}.",
            input.resource_arn,
            tags.len()
        )));
    }
    // Of a profile only; of anything else it says nothing.
    if let Some(problem) = Severities::problem_of_tags(tags) {
        return Err(Refusal::field("tags", problem));
    }
    if *tags == before {
        return Ok(Prepared::read(TagResourceResponse {}));
    }
    Ok(Prepared::write(resource.write(control).await?, TagResourceResponse {}))
}
