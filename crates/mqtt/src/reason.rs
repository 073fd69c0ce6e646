//! MQTT 5 reason codes.

/// An MQTT 5 reason code (MQTT 5, 2.4). What a code means depends on the packet that carries it;
/// each packet's parser refuses the codes its packet may not carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReasonCode(pub u8);

impl ReasonCode {
    /// Success, or normal disconnection, or granted QoS 0.
    pub const SUCCESS: Self = Self(0x00);
    /// Disconnect, and publish the will all the same.
    pub const DISCONNECT_WITH_WILL: Self = Self(0x04);
    /// Accepted, and nobody was subscribed.
    pub const NO_MATCHING_SUBSCRIBERS: Self = Self(0x10);
    /// The filter to unsubscribe was not subscribed.
    pub const NO_SUBSCRIPTION_EXISTED: Self = Self(0x11);
    /// Anything that has no code of its own.
    pub const UNSPECIFIED_ERROR: Self = Self(0x80);
    /// Bytes that cannot be parsed.
    pub const MALFORMED_PACKET: Self = Self(0x81);
    /// Bytes that parse and break a rule.
    pub const PROTOCOL_ERROR: Self = Self(0x82);
    /// Valid, and this server does not accept it.
    pub const IMPLEMENTATION_SPECIFIC_ERROR: Self = Self(0x83);
    /// The protocol version is not supported.
    pub const UNSUPPORTED_PROTOCOL_VERSION: Self = Self(0x84);
    /// The client id is valid and not allowed.
    pub const CLIENT_ID_NOT_VALID: Self = Self(0x85);
    /// Wrong user name or password.
    pub const BAD_USER_NAME_OR_PASSWORD: Self = Self(0x86);
    /// The peer may not do this.
    pub const NOT_AUTHORIZED: Self = Self(0x87);
    /// The server is not available.
    pub const SERVER_UNAVAILABLE: Self = Self(0x88);
    /// The server is busy.
    pub const SERVER_BUSY: Self = Self(0x89);
    /// The client was banned by an administrator.
    pub const BANNED: Self = Self(0x8A);
    /// The server is shutting down.
    pub const SERVER_SHUTTING_DOWN: Self = Self(0x8B);
    /// The authentication method is not supported.
    pub const BAD_AUTHENTICATION_METHOD: Self = Self(0x8C);
    /// Nothing came within one and a half keep-alive intervals.
    pub const KEEP_ALIVE_TIMEOUT: Self = Self(0x8D);
    /// Another connection took over the client id.
    pub const SESSION_TAKEN_OVER: Self = Self(0x8E);
    /// The topic filter is well formed and not accepted.
    pub const TOPIC_FILTER_INVALID: Self = Self(0x8F);
    /// The topic name is well formed and not accepted.
    pub const TOPIC_NAME_INVALID: Self = Self(0x90);
    /// The packet identifier is in use.
    pub const PACKET_ID_IN_USE: Self = Self(0x91);
    /// The packet identifier is not known.
    pub const PACKET_ID_NOT_FOUND: Self = Self(0x92);
    /// More messages in flight than allowed.
    pub const RECEIVE_MAXIMUM_EXCEEDED: Self = Self(0x93);
    /// A topic alias of zero, or above the maximum.
    pub const TOPIC_ALIAS_INVALID: Self = Self(0x94);
    /// The packet is larger than the peer accepts.
    pub const PACKET_TOO_LARGE: Self = Self(0x95);
    /// Messages come too fast.
    pub const MESSAGE_RATE_TOO_HIGH: Self = Self(0x96);
    /// A quota was exceeded.
    pub const QUOTA_EXCEEDED: Self = Self(0x97);
    /// An administrator closed the connection.
    pub const ADMINISTRATIVE_ACTION: Self = Self(0x98);
    /// The payload is not of the format it claims.
    pub const PAYLOAD_FORMAT_INVALID: Self = Self(0x99);
    /// Retained messages are not supported.
    pub const RETAIN_NOT_SUPPORTED: Self = Self(0x9A);
    /// The QoS is not supported.
    pub const QOS_NOT_SUPPORTED: Self = Self(0x9B);

    /// Whether the code says that something was refused or failed.
    pub fn is_failure(self) -> bool {
        self.0 >= 0x80
    }
}
