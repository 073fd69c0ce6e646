//! The control plane: AWS IoT's operations on security profiles, dimensions, things, groups,
//! certificates, policies and violations.
//!
//! A request goes through these files in this order:
//!
//! 1. [`http`]: bytes of a connection to one operation with its input, and the answer back;
//! 2. [`keys`]: whose signature it is, and what its policy allows ([`caller`], `authorised_on`);
//! 3. [`control`]: may it be, and the one loop that commits; `turns` makes the loop fair;
//! 4. `generated/`: from the operation to its handler, made of `model/served.toml`;
//! 5. a folder a noun and a file a verb (`security_profile/update`, …): AWS's semantics. A
//!    handler decides and writes nothing: it answers what is [`prepared`], or a `refusal`;
//! 6. the store: one atomic commit with its preconditions and its
//!    [`Change`](fleetward_domain::Change)s.
//!
//! Beside them stands [`authority`], the internal CA that issues devices' and servers'
//! certificates.
//!
//! This crate knows no SQL (the store does), no signature algorithm and no JSON name (`wire`
//! does), and detects nothing. It never keeps a device's private key.

pub mod authority;
pub mod caller;
pub mod control;
pub mod error;
pub mod http;
pub mod keys;
pub mod limits;
pub mod master_key;
pub mod prepared;

mod authorised_on;
mod certificate;
mod creation;
mod custom_metric;
mod dimension;
mod documents;
mod endpoint;
mod generated;
mod mute;
mod page;
mod policy;
mod refusal;
mod relation;
mod security_profile;
mod tag;
mod thing;
mod thing_group;
mod turns;
mod violation;

#[cfg(test)]
mod testing;

pub use authority::{Authority, IssuedDevice, IssuedServer};
pub use caller::Caller;
pub use control::{Control, ControlSettings};
pub use error::ControlError;
pub use keys::{AccessKey, KeyStatus, Keys, NewAccessKey};
pub use master_key::MasterKey;
pub use prepared::Prepared;
pub use thing_group::let_things_leave;
