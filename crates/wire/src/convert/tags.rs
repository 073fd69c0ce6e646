//! Tags: which keys are an operator's to use.

use std::collections::BTreeSet;

use fleetward_domain::limits::TAGS_OF_A_RESOURCE;

use crate::types::Tag;

/// Reads the tags of a new resource; one without a value has an empty one.
///
/// # Errors
/// The first problem, to follow the member's name.
pub fn read_tags(tags: Option<Vec<Tag>>) -> Result<Vec<(String, String)>, String> {
    let tags = read_added_tags(tags.unwrap_or_default())?;
    match tags.len() {
        ..=TAGS_OF_A_RESOURCE => Ok(tags),
        count => Err(format!("a resource has at most {TAGS_OF_A_RESOURCE} tags, not {count}")),
    }
}

/// Reads tags that are added to others. How many there may be is the caller's matter.
///
/// # Errors
/// The first problem, to follow the member's name.
pub fn read_added_tags(tags: Vec<Tag>) -> Result<Vec<(String, String)>, String> {
    let mut keys = BTreeSet::new();
    for Tag { key, .. } in &tags {
        if key.to_lowercase().starts_with("aws:") {
            return Err(format!("the key {key} begins with aws:, which is AWS's own"));
        }
        if !keys.insert(key) {
            return Err(format!("the key {key} is given twice"));
        }
    }
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect())
}
