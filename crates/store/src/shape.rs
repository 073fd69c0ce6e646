//! Stored shapes: what the bytes of documents and rows look like, apart from the domain's types.
//!
//! Each shape has a version. A store's format level names the version that is written; every
//! version up to the newest is read. A version that was released is never edited: its golden
//! files in `tests/formats/` are read for ever.

mod access_key;
pub(crate) mod alert;
mod authority;
pub(crate) mod behavior;
mod certificate;
pub(crate) mod change;
mod custom_metric;
mod dimension;
pub(crate) mod edge;
pub(crate) mod event;
mod folder;
mod json;
mod metric;
mod mute;
mod policy;
mod security_profile;
mod setting;
mod thing;
mod thing_group;
pub(crate) mod value;
pub(crate) mod violation;

#[cfg(test)]
mod first_release;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use fleetward_domain::{
    Certificate, CustomMetric, Dimension, FormatLevel, Mute, Policy, SecurityProfile, Thing,
    ThingGroup,
};

use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

pub use access_key::{KeyStatus, SealedAccessKey};
pub use authority::SealedAuthority;
pub use edge::CertificateAttachment;
pub use folder::{Fingerprint, FolderIdentity};
pub(crate) use setting::FORMAT_LEVEL;
pub use setting::{AdministratorKey, DepartedGroup, FrontDoorBoot, Gate, RelayPosition};

/// Reads a document of any kind, to see whether it can be read.
pub(crate) fn check_document(kind: Kind, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    match kind {
        Kind::Thing => check_noun::<Thing>(key, bytes),
        Kind::ThingGroup => check_noun::<ThingGroup>(key, bytes),
        Kind::Certificate => check_noun::<Certificate>(key, bytes),
        Kind::Policy => check_noun::<Policy>(key, bytes),
        Kind::SecurityProfile => check_noun::<SecurityProfile>(key, bytes),
        Kind::Dimension => check_noun::<Dimension>(key, bytes),
        Kind::CustomMetric => check_noun::<CustomMetric>(key, bytes),
        Kind::Mute => check_noun::<Mute>(key, bytes),
        Kind::AccessKey => check_noun::<SealedAccessKey>(key, bytes),
        Kind::CertificateOfThing => check_noun::<CertificateAttachment>(key, bytes),
        Kind::Setting => check_setting(key, bytes),
        Kind::TargetOfProfile
        | Kind::ProfileOfTarget
        | Kind::ProfileOfDimension
        | Kind::ProfileOfCustomMetric
        | Kind::ThingOfGroup
        | Kind::PolicyOfTarget => edge::check(&format!("{kind:?}"), key, bytes),
    }
}

fn check_setting(key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    match key {
        FORMAT_LEVEL => check_noun::<FormatLevel>(key, bytes),
        RelayPosition::KEY => check_noun::<RelayPosition>(key, bytes),
        AdministratorKey::KEY => check_noun::<AdministratorKey>(key, bytes),
        FrontDoorBoot::KEY => check_noun::<FrontDoorBoot>(key, bytes),
        SealedAuthority::KEY => check_noun::<SealedAuthority>(key, bytes),
        FolderIdentity::KEY => check_noun::<FolderIdentity>(key, bytes),
        Fingerprint::KEY => check_noun::<Fingerprint>(key, bytes),
        _ if Gate::is_key(key) => check_noun::<Gate>(key, bytes),
        _ if DepartedGroup::is_key(key) => check_noun::<DepartedGroup>(key, bytes),
        // A setting that another release has; nobody here reads it.
        _ => Ok(()),
    }
}

fn check_noun<T: Noun>(key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let value = T::from_bytes(key, bytes)?;
    if value.key() == key {
        return Ok(());
    }
    Err(StoreError::corrupt(T::WORD, key)(format!("its value is that of {:?}", value.key())))
}
