//! Thing groups: static ones, nested.
//!
//! A thing's document names the groups that it was added to, and an edge leads from each of them to
//! it. A group names all groups above it.

pub(crate) mod add_thing;
pub(crate) mod create;
pub(crate) mod delete;
mod leaving;
pub(crate) mod remove_thing;
#[cfg(test)]
mod tests;

use fleetward_domain::GroupName;

pub use leaving::let_things_leave;

use crate::control::Control;
use crate::refusal::Refusal;

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
