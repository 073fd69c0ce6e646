//! Changes of the registry and of profiles: written in the same commit as the documents they
//! speak of, numbered by the store, and relayed to the detectors and the front doors.

use crate::name::{CertificateId, DimensionName, GroupName, PolicyName, ProfileName, ThingName};
use crate::security_profile::SecurityProfile;
use crate::target::Target;

/// What changed. Each carries the whole new truth, so that applying the last one is enough.
#[derive(Clone, Debug, PartialEq, minicbor::Encode, minicbor::Decode)]
pub enum Change {
    /// A thing was registered, changed or removed. Goes to the thing's partition.
    #[n(0)]
    Thing {
        /// Which.
        #[n(0)]
        name: ThingName,
        /// Whether the registry has it now.
        #[n(1)]
        registered: bool,
        /// The groups it is in and all groups above them.
        #[n(2)]
        groups: Vec<GroupName>,
    },
    /// A profile was created or changed, or its targets were. Goes to every partition.
    #[n(1)]
    Profile(#[n(0)] SecurityProfile, #[n(1)] Vec<Target>),
    /// A profile was deleted. Goes to every partition.
    #[n(2)]
    ProfileDeleted(#[n(0)] ProfileName),
    /// A dimension was created, changed or deleted: front doors count anew.
    #[n(3)]
    Dimension(#[n(0)] DimensionName),
    /// A certificate's status or attachments changed: front doors look again.
    #[n(4)]
    Certificate(#[n(0)] CertificateId),
    /// A policy changed: front doors look again.
    #[n(5)]
    Policy(#[n(0)] PolicyName),
}
