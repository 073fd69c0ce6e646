//! Thing groups: static ones, nested.
//!
//! A thing's document names the groups that it was added to, and an edge leads from each of them to
//! it. A group names all groups above it.

pub(crate) mod add_thing;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod remove_thing;
#[cfg(test)]
mod tests;

use fleetward_domain::{GroupName, Thing};
use fleetward_store::{Kind, Tx, edge_ends, edges_from};

use crate::control::Control;
use crate::limits::THINGS_LEAVING_AT_ONCE;
use crate::refusal::Refusal;
use crate::relation::GROUP_TO_THING;

/// Takes all things out of a group that is no more, and gives them as they then are.
///
/// # Errors
/// [`Refusal::Invalid`] where they are too many for one commit.
async fn leave_all(
    control: &Control,
    tx: &mut Tx,
    group: &GroupName,
) -> Result<Vec<Thing>, Refusal> {
    let name = group.as_str();
    let limit = THINGS_LEAVING_AT_ONCE.saturating_add(1);
    let edges = control.store().list(Kind::ThingOfGroup, &edges_from(name), None, limit).await?;
    if edges.len() > THINGS_LEAVING_AT_ONCE {
        return Err(Refusal::Invalid(format!(
            "Thing group {name} has more than {THINGS_LEAVING_AT_ONCE} things, which is the most \
             that can leave at once: remove things from it first."
        )));
    }
    let mut left = Vec::new();
    for edge in &edges {
        let (_, thing_name) = edge_ends(&edge.key);
        GROUP_TO_THING.erase(tx, name, thing_name);
        let Some(mut thing) = control.find::<Thing>(thing_name).await? else { continue };
        thing.value.groups.retain(|other| other != group);
        tx.replace(&thing.value, thing.version, control.level())?;
        left.push(thing.value);
    }
    Ok(left)
}

/// The name of a thing or a group that is given by name, by ARN, or by both.
fn named(
    control: &Control,
    kind: &str,
    name: Option<&str>,
    arn: Option<&str>,
) -> Result<String, Refusal> {
    let field = format!("{kind}Arn");
    let of_arn = arn.map(|arn| {
        let resource =
            control.place().resource_of(arn).map_err(|error| Refusal::field(&field, error))?;
        let prefix = format!("{}/", kind.to_ascii_lowercase());
        // Names of things that are registered keep to the same rules as those of groups.
        let name = resource.strip_prefix(&prefix);
        name.filter(|name| GroupName::parse(*name).is_ok())
            .ok_or_else(|| Refusal::field(&field, format!("{arn} names something else")))
    });
    match (name, of_arn.transpose()?) {
        (None, None) => Err(Refusal::Invalid(format!("{kind}Name or {kind}Arn must be given."))),
        (Some(name), Some(of_arn)) if name != of_arn => {
            Err(Refusal::Invalid(format!("{kind}Name and {kind}Arn name different resources.")))
        }
        (Some(name), _) | (None, Some(name)) => Ok(name.to_owned()),
    }
}
