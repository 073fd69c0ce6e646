//! Why a front door does not start.

use std::net::SocketAddr;

/// Why a front door does not start. What goes wrong on one connection ends that connection and
/// is logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrontDoorError {
    /// Plain MQTT knows no identity, so it is served to this machine only.
    #[error("mqtt listener {0} is not a loopback address: plain MQTT is served on 127.0.0.1 only")]
    PlainNotLoopback(SocketAddr),
    /// TLS listeners without a certificate to show.
    #[error("mqtts listeners need a server certificate, its key and the CA")]
    TlsIdentityMissing,
    /// The server certificate or its key cannot be used.
    #[error("TLS identity: {0}")]
    Tls(#[from] rustls::Error),
    /// The policy that plain connections are checked against.
    #[error("mqtt policy {name} {problem}")]
    MqttPolicy {
        /// The policy.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A period that cannot be counted in.
    #[error("{field} is {value_ms} ms, it must be {limit}")]
    BadPeriod {
        /// Which setting.
        field: &'static str,
        /// Its value in milliseconds.
        value_ms: i64,
        /// What it may be.
        limit: &'static str,
    },
    /// The address cannot be listened on.
    #[error("listener {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The embedded broker did not start.
    #[error("embedded broker: {0}")]
    Broker(String),
    /// The registry cannot be read.
    #[error("store: {0}")]
    Store(#[from] fleetward_store::StoreError),
    /// The event log does not take records.
    #[error("event log: {0}")]
    Log(#[from] fleetward_log::LogError),
    /// Names and credentials that nobody guesses cannot be made up.
    #[error("front door: {0}")]
    Chance(#[from] fleetward_environment::NoRandomness),
}
