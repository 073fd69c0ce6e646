//! A broker in this process, on a loopback port that nobody else gets in through: each start
//! makes up a user name and a password, which only the front door's CONNECTs carry.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;

use async_trait::async_trait;
use fleetward_environment::{Chance, Clock};
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::net::Builder;
use rmqtt::server::MqttServer;
use rmqtt::types::{AuthResult, ConnectInfo};
use tokio::task::JoinHandle;

use super::retained::Retained;
use super::{Broker, Credentials, Tcp};
use crate::FrontDoorError;
use crate::limits::{
    CONNECTIONS, MESSAGES_IN_FLIGHT, PACKET_MAX_BYTES, QUEUED_MESSAGES, SESSION_KEPT,
};

/// The running broker.
pub(crate) struct Embedded {
    address: SocketAddr,
    credentials: Credentials,
    /// Ends when it is stopped or fails.
    pub(crate) server: JoinHandle<()>,
}

impl Embedded {
    pub(crate) async fn start(chance: &Chance) -> Result<Self, FrontDoorError> {
        let (username, password) = (chance.hex::<32>()?, chance.hex::<32>()?);
        let credentials = Credentials { username, password };
        // The watch on the CPU's load would refuse connections of a busy machine.
        let context = ServerContext::new().busy_check_enable(false).build().await;
        *context.extends.retain_mut().await = Box::new(Retained::new());
        let register = context.extends.hook_mgr().register();
        register.add(Type::ClientAuthenticate, Box::new(Gate(credentials.clone()))).await;
        register.start().await;

        let failed = |error: rmqtt::Error| FrontDoorError::Broker(error.to_string());
        let listener = builder().bind().map_err(failed)?.tcp().map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let server = MqttServer::new(context).listener_by_id(listener, address.port()).build();
        let server = tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!(%error, "the embedded broker stopped");
            }
        });
        Ok(Self { address, credentials, server })
    }

    /// How sessions join it.
    pub(crate) fn broker(&self, clock: &Clock) -> Broker {
        Broker::new(Arc::new(Tcp(self.address)), Some(self.credentials.clone()), clock)
    }

    /// Takes no more connections; those that are there end when the front door closes them.
    pub(crate) fn stop(&self) {
        self.server.abort();
    }
}

fn builder() -> Builder {
    let packet_bytes = u32::try_from(PACKET_MAX_BYTES).unwrap_or(u32::MAX);
    Builder::new()
        .name("embedded")
        .laddr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .nodelay(true)
        .allow_anonymous(false)
        .allow_zero_keepalive(true)
        .max_connections(CONNECTIONS)
        .max_packet_size(packet_bytes)
        .max_inflight(NonZeroU16::new(MESSAGES_IN_FLIGHT).unwrap_or(NonZeroU16::MIN))
        .max_mqueue_len(QUEUED_MESSAGES)
        .session_expiry_interval(SESSION_KEPT)
        .message_expiry_interval(SESSION_KEPT)
}

/// Lets in who knows the credentials.
struct Gate(Credentials);

#[async_trait]
impl Handler for Gate {
    async fn hook(&self, parameter: &Parameter, _before: Option<HookResult>) -> ReturnType {
        let Parameter::ClientAuthenticate(connect) = parameter else { return (true, None) };
        let (username, password) = match connect {
            ConnectInfo::V3(_, connect) => (&connect.username, &connect.password),
            ConnectInfo::V5(_, connect) => (&connect.username, &connect.password),
        };
        let is_same = |given: Option<&[u8]>, known: &str| {
            given.is_some_and(|given| {
                aws_lc_rs::constant_time::verify_slices_are_equal(given, known.as_bytes()).is_ok()
            })
        };
        let username: Option<&[u8]> =
            username.as_ref().map(|text| AsRef::<str>::as_ref(text).as_bytes());
        let password: Option<&[u8]> = password.as_ref().map(|bytes| &bytes[..]);
        let result =
            match is_same(username, &self.0.username) && is_same(password, &self.0.password) {
                true => AuthResult::Allow(false, None),
                false => AuthResult::BadUsernameOrPassword,
            };
        (false, Some(HookResult::AuthResult(result)))
    }
}

#[cfg(test)]
mod tests {
    use fleetward_mqtt::ProtocolVersion;
    use fleetward_mqtt::packet::Connect;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// The return code of the CONNACK.
    async fn code(embedded: &Embedded, username: Option<&str>, password: Option<&str>) -> u8 {
        let connect = Connect::new(ProtocolVersion::V311, "somebody", 0);
        let bytes = connect.encode_for_upstream(username, password.map(str::as_bytes)).unwrap();
        let mut stream = TcpStream::connect(embedded.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut connack = [0u8; 4];
        stream.read_exact(&mut connack).await.unwrap();
        connack[3]
    }

    #[tokio::test]
    async fn nobody_gets_in_without_the_credentials() {
        let embedded = Embedded::start(&Chance::system()).await.unwrap();
        let Credentials { username, password } = embedded.credentials.clone();
        assert_eq!(code(&embedded, Some(&username), Some(&password)).await, 0);
        for (username, password) in [
            (None, None),
            (Some("a"), Some("b")),
            (Some(username.as_str()), None),
            (Some(username.as_str()), Some("b")),
            (Some("a"), Some(password.as_str())),
        ] {
            assert_ne!(code(&embedded, username, password).await, 0);
        }
        embedded.stop();
    }
}
