//! The broker behind the front door: one of the operator's, or one in this process.

mod embedded;
mod retained;
mod service;

pub(crate) use embedded::Embedded;
pub(crate) use service::Service;

use std::net::SocketAddr;

use fleetward_mqtt::MqttError;
use fleetward_mqtt::packet::Connect;
use tokio::net::TcpStream;

use crate::FrontDoorError;

/// Where the broker is, and what it asks of the front door.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) credentials: Option<Credentials>,
}

/// What tells the front door from anybody else on this machine.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.username)
    }
}

impl Broker {
    pub(crate) async fn dial(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// The client's CONNECT as the broker gets it. The keep-alive is the front door's matter,
    /// because the broker does not see all that a client sends; topic aliases end at the front
    /// door; and a user name without a password is not one: AWS's SDKs send their metrics in it.
    pub(crate) fn connect_frame(&self, connect: &Connect<'_>) -> Result<Vec<u8>, MqttError> {
        let connect = Connect { keep_alive_seconds: 0, topic_alias_maximum: None, ..*connect };
        match &self.credentials {
            Some(credentials) => connect.encode_for_upstream(
                Some(&credentials.username),
                Some(credentials.password.as_bytes()),
            ),
            None if connect.password.is_none() => connect.encode_for_upstream(None, None),
            None => connect.encode(),
        }
    }
}

/// Thirty-two random bytes as text: what nobody guesses.
pub(crate) fn random_text() -> Result<String, FrontDoorError> {
    let mut bytes = [0u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| FrontDoorError::NoRandomness)?;
    Ok(hex::encode(bytes))
}
