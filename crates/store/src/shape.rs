//! Stored shapes: what the bytes of documents and rows look like, apart from the domain's types.
//!
//! Each shape has a version. A store's format level names the version that is written; every
//! version up to the newest is read. A version that was released is never edited: its golden
//! files in `tests/formats/` are read for ever.

mod access_key;
pub(crate) mod alert;
mod authority;
mod behavior;
mod certificate;
pub(crate) mod change;
mod dimension;
pub(crate) mod edge;
pub(crate) mod event;
mod json;
mod metric;
mod policy;
mod registered_metric;
mod security_profile;
mod setting;
mod thing;
mod thing_group;
pub(crate) mod violation;

#[cfg(test)]
mod first_release;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use access_key::{KeyStatus, SealedAccessKey};
pub use authority::SealedAuthority;
pub use edge::CertificateAttachment;
pub(crate) use setting::FORMAT_LEVEL;
pub use setting::{AdministratorKey, FrontDoorBoot, Gate, RelayPosition};
