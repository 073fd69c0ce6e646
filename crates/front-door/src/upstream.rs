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

use crate::FrontDoorError;

/// Thirty-two random bytes as text: what nobody guesses.
pub(crate) fn random_text() -> Result<String, FrontDoorError> {
    let mut bytes = [0u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| FrontDoorError::NoRandomness)?;
    Ok(hex::encode(bytes))
}
