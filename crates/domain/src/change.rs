//! Changes of the registry and of profiles: written in the same commit as the documents they
//! speak of, numbered by the store, and relayed to the detectors and the front doors.

use crate::name::{CertificateId, DimensionName, GroupName, PolicyName, ProfileName, ThingName};
use crate::security_profile::SecurityProfile;
use crate::target::Target;

/// What changed. Each carries the whole new truth, so that applying the last one is enough.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A thing was registered, changed or removed. Goes to the thing's partition.
    Thing {
        /// Which.
        name: ThingName,
        /// Whether the registry has it now.
        registered: bool,
        /// The groups it is in and all groups above them.
        groups: Vec<GroupName>,
    },
    /// A profile was created or changed, or its targets were. Goes to every partition.
    Profile(SecurityProfile, Vec<Target>),
    /// A profile was deleted. Goes to every partition.
    ProfileDeleted(ProfileName),
    /// A dimension was created, changed or deleted: front doors count anew.
    Dimension(DimensionName),
    /// A certificate's status or attachments changed: front doors look again.
    Certificate(CertificateId),
    /// A policy changed: front doors look again.
    Policy(PolicyName),
    /// A group was deleted: nothing is in it any more. Goes to every partition, once for all of
    /// its members.
    GroupDeleted {
        /// Which.
        name: GroupName,
        /// All groups above it, which its members are no longer in either: a thing is in one group
        /// of a hierarchy only.
        ancestors: Vec<GroupName>,
    },
}
