//! The broker behind the front door: one of the operator's, or one in this process.
//!
//! `join` is how a session joins it, of a client or of the front door itself (`service`);
//! `transport` is how it is reached; `embedded` is the broker that the front door brings.

mod embedded;
mod join;
mod retained;
mod service;
mod transport;

pub(crate) use embedded::Embedded;
pub(crate) use join::{Broker, Credentials, JoinError, Joined};
pub(crate) use service::Service;
pub(crate) use transport::Tcp;
pub use transport::{Pipe, Transport};
