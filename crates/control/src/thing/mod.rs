//! Things: the registered devices.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod list;
#[cfg(test)]
mod tests;
pub(crate) mod update;

use std::collections::BTreeMap;

use fleetward_domain::{Change, GroupName, Thing, ThingGroup};
use fleetward_store::Tx;
use fleetward_wire::types::AttributePayload;

use crate::control::Control;
use crate::limits::ATTRIBUTES;
use crate::refusal::Refusal;

/// Whether a thing or a group, which `named` names, is still the one that the caller knows.
///
/// # Errors
/// [`Refusal::VersionConflict`].
pub(crate) fn check_version(
    named: &str,
    version: i64,
    expected: Option<i64>,
) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != version => Err(Refusal::VersionConflict(format!(
            "The version for {named} is {version} and does not match the expected version \
             {expected}."
        ))),
        _ => Ok(()),
    }
}

/// The attributes of a new thing or group.
///
/// # Errors
/// [`Refusal::Limit`] where there are too many.
pub(crate) fn read_attributes(
    payload: Option<AttributePayload>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut attributes = payload.and_then(|payload| payload.attributes).unwrap_or_default();
    check_attributes(&attributes)?;
    // Source: the service model on `AttributePayload`: what has no value is not there.
    attributes.retain(|_, value| !value.is_empty());
    Ok(attributes)
}

/// Whether a thing or a group may have so many attributes.
///
/// # Errors
/// [`Refusal::Limit`].
fn check_attributes(attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if attributes.len() > ATTRIBUTES {
        return Err(Refusal::Limit(format!(
            "attributePayload has {} attributes; the limit is {ATTRIBUTES}.",
            attributes.len()
        )));
    }
    Ok(())
}

/// Lets the transaction tell the detectors of a thing, in its groups and all above them. One that
/// is deleted already counts no more, and one that is deleted before the commit makes it fail: that
/// group was told as gone, and would come back with this change.
///
/// # Errors
/// Errors of the store.
pub(crate) async fn tell_of_thing(
    control: &Control,
    tx: &mut Tx,
    thing: &Thing,
) -> Result<(), Refusal> {
    let mut all: Vec<GroupName> = Vec::new();
    for group in &thing.groups {
        let Some(found) = control.find::<ThingGroup>(group.as_str()).await? else { continue };
        tx.require::<ThingGroup>(group.as_str());
        all.push(found.value.name);
        all.extend(found.value.ancestors);
    }
    all.sort();
    all.dedup();
    tx.changes.push(Change::Thing { name: thing.name.clone(), registered: true, groups: all });
    Ok(())
}
