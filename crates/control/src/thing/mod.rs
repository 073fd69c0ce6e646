//! Things: the registered devices.

pub(crate) mod create;
pub(crate) mod describe;
pub(crate) mod list;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fleetward_domain::{Change, GroupName, Thing, ThingGroup};
use fleetward_wire::types::AttributePayload;

use crate::control::Control;
use crate::limits::ATTRIBUTES;
use crate::refusal::Refusal;

/// What detectors learn of a registered thing. `groups` are its groups and all above them.
pub(crate) fn thing_change(thing: &Thing, groups: Vec<GroupName>) -> Change {
    Change::Thing { name: thing.name.clone(), registered: true, groups }
}

/// The attributes of a new thing or group.
///
/// # Errors
/// [`Refusal::Limit`] where there are too many.
pub(crate) fn read_attributes(
    payload: Option<AttributePayload>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let attributes = payload.and_then(|payload| payload.attributes).unwrap_or_default();
    if attributes.len() > ATTRIBUTES {
        return Err(Refusal::Limit(format!(
            "attributePayload has {} attributes; the limit is {ATTRIBUTES}.",
            attributes.len()
        )));
    }
    Ok(attributes)
}

/// The groups of a thing and all above them, each once.
///
/// # Errors
/// Errors of the store.
pub(crate) async fn groups_with_ancestors(
    control: &Control,
    groups: &[GroupName],
) -> Result<Vec<GroupName>, Refusal> {
    let mut all: Vec<GroupName> = groups.to_vec();
    for group in groups {
        let found = control.find::<ThingGroup>(group.as_str()).await?;
        all.extend(found.map(|found| found.value.ancestors).unwrap_or_default());
    }
    all.sort();
    all.dedup();
    Ok(all)
}
