//! What a security profile can be attached to.

use crate::arn::{ArnError, Place, Resource};
use crate::name::GroupName;

/// The things that a security profile applies to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The things in a group, or in any group below it.
    Group(GroupName),
    /// Every thing in the registry.
    RegisteredThings,
    /// Every device that speaks but is not in the registry.
    UnregisteredThings,
    /// Both.
    AllThings,
}

impl Target {
    /// Reads a target's ARN (`AttachSecurityProfile`: `securityProfileTargetArn`).
    ///
    /// # Errors
    /// [`ArnError`] if it is malformed, elsewhere, or names no possible target.
    pub fn from_arn(place: &Place, arn: &str) -> Result<Self, ArnError> {
        match place.resource_of(arn)? {
            "all/registered-things" => Ok(Self::RegisteredThings),
            "all/unregistered-things" => Ok(Self::UnregisteredThings),
            "all/things" => Ok(Self::AllThings),
            resource => resource
                .strip_prefix("thinggroup/")
                .and_then(|name| GroupName::parse(name).ok())
                .map(Self::Group)
                .ok_or_else(|| ArnError::OtherKind(arn.to_owned())),
        }
    }

    /// The target's ARN.
    #[must_use]
    pub fn arn(&self, place: &Place) -> String {
        place.arn(match self {
            Self::Group(name) => Resource::ThingGroup(name.as_str()),
            Self::RegisteredThings => Resource::All("registered-things"),
            Self::UnregisteredThings => Resource::All("unregistered-things"),
            Self::AllThings => Resource::All("things"),
        })
    }

    /// Whether a thing with these groups (its own and all above them) is meant.
    #[must_use]
    pub fn includes(&self, registered: bool, groups: &[GroupName]) -> bool {
        match self {
            Self::Group(name) => registered && groups.contains(name),
            Self::RegisteredThings => registered,
            Self::UnregisteredThings => !registered,
            Self::AllThings => true,
        }
    }
}
