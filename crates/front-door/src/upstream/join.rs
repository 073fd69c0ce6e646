//! How a session joins the broker, whoever it is for and however the broker is reached: dial,
//! CONNECT, CONNACK.

use std::sync::Arc;

use fleetward_environment::Clock;
use fleetward_mqtt::packet::{Connack, Connect};
use fleetward_mqtt::{MqttError, PacketType, ReasonCode};
use tokio::io::AsyncWriteExt;

use super::{Pipe, Transport};
use crate::frames::Frames;
use crate::limits::{UPSTREAM_ATTEMPTS, UPSTREAM_CONNECT, UPSTREAM_RETRY};

/// MQTT 3.1.1's return code for a broker that is not available.
const SERVER_UNAVAILABLE: u8 = 3;
/// The same in MQTT 5.
const SERVER_UNAVAILABLE_V5: u8 = ReasonCode::SERVER_UNAVAILABLE.0;

/// The broker behind the front door: how it is reached, and what it asks of the front door.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    transport: Arc<dyn Transport>,
    credentials: Option<Credentials>,
    clock: Clock,
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

/// A session that the broker accepted.
pub(crate) struct Joined {
    pub(crate) pipe: Pipe,
    /// What came behind the CONNACK.
    pub(crate) frames: Frames,
    /// The body of the CONNACK.
    pub(crate) connack: Vec<u8>,
}

/// Why a session did not join.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    /// It cannot be reached, or the connection broke.
    #[error("it cannot be reached: {0}")]
    Io(#[from] std::io::Error),
    /// It said nothing.
    #[error("it did not answer in time")]
    Timeout,
    /// It closed instead of answering.
    #[error("it closed before CONNACK")]
    Closed,
    /// It answered something else.
    #[error("it answers CONNECT with {0:?}")]
    NoConnack(PacketType),
    /// Its answer, or the CONNECT, is not MQTT.
    #[error("{0}")]
    Malformed(#[from] MqttError),
    /// It said no.
    #[error("it refuses CONNECT with code {code}")]
    Refused {
        /// Its return or reason code.
        code: u8,
        /// The body of its CONNACK.
        connack: Vec<u8>,
    },
}

impl Broker {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        credentials: Option<Credentials>,
        clock: &Clock,
    ) -> Self {
        Self { transport, credentials, clock: clock.clone() }
    }

    /// By which waits at the broker are measured.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Joins. A broker that is not available is asked again: one that is just ending an older
    /// session of the same client says so too.
    pub(crate) async fn join(&self, connect: &Connect<'_>) -> Result<Joined, JoinError> {
        let mut pause = UPSTREAM_RETRY;
        for _ in 1..UPSTREAM_ATTEMPTS {
            match self.try_join(connect).await {
                Err(JoinError::Refused {
                    code: SERVER_UNAVAILABLE | SERVER_UNAVAILABLE_V5,
                    ..
                }) => self.clock.sleep(pause).await,
                settled => return settled,
            }
            pause = pause.saturating_mul(2);
        }
        self.try_join(connect).await
    }

    async fn try_join(&self, connect: &Connect<'_>) -> Result<Joined, JoinError> {
        let joined = self.clock.timeout(UPSTREAM_CONNECT, self.join_once(connect)).await;
        joined.unwrap_or(Err(JoinError::Timeout))
    }

    async fn join_once(&self, connect: &Connect<'_>) -> Result<Joined, JoinError> {
        let mut pipe = self.transport.dial().await?;
        pipe.writer.write_all(&self.connect_frame(connect)?).await?;
        pipe.writer.flush().await?;
        let mut frames = Frames::new();
        loop {
            if let Some((frame, bytes)) = frames.frame_at(0)? {
                if frame.packet_type != PacketType::Connack {
                    return Err(JoinError::NoConnack(frame.packet_type));
                }
                let connack = frame.body(bytes).to_vec();
                let code = Connack::parse(connect.version, &connack)?.code;
                frames.consume(frame.total_bytes);
                return match code {
                    0 => Ok(Joined { pipe, frames, connack }),
                    code => Err(JoinError::Refused { code, connack }),
                };
            }
            if frames.read(&mut pipe.reader).await == 0 {
                return Err(JoinError::Closed);
            }
        }
    }

    /// The client's CONNECT as the broker gets it. The keep-alive is the front door's matter,
    /// because the broker does not see all that a client sends; topic aliases end at the front
    /// door; and a user name without a password is not one: AWS's SDKs send their metrics in it.
    fn connect_frame(&self, connect: &Connect<'_>) -> Result<Vec<u8>, MqttError> {
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
