//! Tags: what operators write on resources. They die with the resource.
//!
//! Source: AWS IoT's guide, "Tagging your AWS IoT resources", on what can be tagged and how often.

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod remove;
mod tagged;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use fleetward_wire::convert::read_tags;
use fleetward_wire::types::Tag;

use crate::limits::TAGS;
use crate::refusal::Refusal;

/// The tags of a new resource.
///
/// # Errors
/// [`Refusal::InvalidField`].
pub(crate) fn read(tags: Option<Vec<Tag>>) -> Result<Vec<(String, String)>, Refusal> {
    let tags = checked(tags.unwrap_or_default())?;
    if tags.len() > TAGS {
        let problem = format!("a resource has at most {TAGS} tags, and {} are given", tags.len());
        return Err(Refusal::field("tags", problem));
    }
    Ok(tags)
}

/// Tags whose keys are an operator's to use, each once.
fn checked(tags: Vec<Tag>) -> Result<Vec<(String, String)>, Refusal> {
    let tags = read_tags(Some(tags));
    let mut keys = BTreeSet::new();
    for (key, _) in &tags {
        if key.to_lowercase().starts_with("aws:") {
            let problem = format!("the key {key} begins with aws:, which is AWS's own");
            return Err(Refusal::field("tags", problem));
        }
        if !keys.insert(key) {
            return Err(Refusal::field("tags", format!("the key {key} is given twice")));
        }
    }
    Ok(tags)
}
