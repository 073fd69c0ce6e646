//! Why a connection ends.

use fleetward_mqtt::{MqttError, ReasonCode};

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    /// The client said DISCONNECT.
    #[error("the client disconnected")]
    Disconnected,
    /// The client closed without a word.
    #[error("the client closed")]
    ClientClosed,
    /// Another connection took over the client id, or the broker stopped.
    #[error("the upstream broker closed")]
    UpstreamClosed,
    /// Nothing came within one and a half keep-alive intervals.
    #[error("nothing came within one and a half keep-alive intervals")]
    KeepAlive,
    /// The client sent what it may not.
    #[error("the client sent what it may not: {0}")]
    Malformed(#[from] MqttError),
    /// The upstream broker sent what it may not.
    #[error("the upstream broker sent what it may not: {0}")]
    UpstreamMalformed(MqttError),
    /// A message that the policies do not allow.
    #[error("not authorized")]
    NotAuthorized,
    /// The certificate is not active any more.
    #[error("the certificate is not active any more")]
    Deactivated,
    /// The rights are not known.
    #[error("the registry cannot be read")]
    NoRegistry,
    /// A bound of this connection was reached.
    #[error("too many {0}")]
    Overrun(&'static str),
    /// The log did not take a report: clients send again on a new connection only.
    #[error("the event log does not take reports")]
    Unlogged,
    /// The front door stops.
    #[error("the front door stops")]
    Stopping,
}

impl End {
    /// The same, where it was the broker that sent the bytes.
    pub(super) fn of_broker(self) -> Self {
        match self {
            Self::Malformed(error) => Self::UpstreamMalformed(error),
            end => end,
        }
    }

    /// What an MQTT 5 client is told.
    pub(crate) fn reason(&self) -> Option<ReasonCode> {
        Some(match self {
            Self::Disconnected | Self::ClientClosed => return None,
            // Brokers tell their MQTT 5 clients themselves, and that was passed on.
            Self::UpstreamClosed => return None,
            Self::KeepAlive => ReasonCode::KEEP_ALIVE_TIMEOUT,
            Self::Malformed(error) => error.reason_code(),
            Self::UpstreamMalformed(_) | Self::NoRegistry => ReasonCode::UNSPECIFIED_ERROR,
            Self::NotAuthorized => ReasonCode::NOT_AUTHORIZED,
            Self::Deactivated => ReasonCode::ADMINISTRATIVE_ACTION,
            Self::Overrun(_) => ReasonCode::QUOTA_EXCEEDED,
            Self::Unlogged => ReasonCode::SERVER_BUSY,
            Self::Stopping => ReasonCode::SERVER_SHUTTING_DOWN,
        })
    }

    /// Whether it counts as a disconnect of the thing: that the front door stops, or has no room,
    /// says nothing about the thing.
    pub(crate) fn is_of_thing(&self) -> bool {
        !matches!(self, Self::Stopping | Self::Unlogged)
    }
}
