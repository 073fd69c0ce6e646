//! The crate's one error, and which code of the protocol tells the peer about it.

use crate::{PropertyId, ReasonCode};

/// Why bytes of a peer, or values to encode, were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MqttError {
    /// The length in the fixed header or of properties has more than four bytes, or more bytes
    /// than it needs.
    #[error("{field} is not a variable byte integer in its shortest form")]
    BadVariableInteger {
        /// Which length.
        field: &'static str,
    },
    /// The frame is larger than the reader accepts.
    #[error("the packet has {total_bytes} bytes, the limit is {limit_bytes}")]
    PacketTooLarge {
        /// Size of the whole frame as its header announces it.
        total_bytes: usize,
        /// What the reader accepts.
        limit_bytes: usize,
    },
    /// Packet type 0.
    #[error("packet type 0 is reserved")]
    ReservedPacketType,
    /// The four flag bits of the fixed header are not what the packet type asks for.
    #[error("fixed header flags {flags:#06b} are not valid for packet type {packet_type}")]
    BadFixedFlags {
        /// The packet type, 1 to 15.
        packet_type: u8,
        /// The four bits.
        flags: u8,
    },
    /// The packet ends inside a field.
    #[error("the packet ends inside {field}")]
    Truncated {
        /// Which field.
        field: &'static str,
    },
    /// Bytes follow the last field.
    #[error("{count_bytes} bytes follow the last field of {packet}")]
    TrailingBytes {
        /// Which packet.
        packet: &'static str,
        /// How many bytes are left over.
        count_bytes: usize,
    },
    /// A string is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// Which field.
        field: &'static str,
    },
    /// A string has a character it may not have.
    #[error("{field} has the character U+{code_point:04X}, which is not allowed")]
    ForbiddenCharacter {
        /// Which field.
        field: &'static str,
        /// The character.
        code_point: u32,
    },
    /// A field's bits cannot mean anything.
    #[error("{field} {problem}")]
    Malformed {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A field can be read and breaks a rule.
    #[error("{field} {problem}")]
    Protocol {
        /// Which field.
        field: &'static str,
        /// Which rule.
        problem: &'static str,
    },
    /// The protocol name is MQTT's and the level is not one of that name.
    #[error("protocol level {level} is not supported, 3 (MQTT 3.1), 4 (3.1.1) and 5 are")]
    UnsupportedProtocol {
        /// The level byte.
        level: u8,
    },
    /// An empty client id where the client asks to keep its session (MQTT-3.1.3-8).
    #[error("the client id is empty, and only a clean session may have none")]
    ClientIdMissing,
    /// A character or a byte sequence in the client id that is not allowed.
    #[error("the client id is not valid")]
    ClientIdInvalid,
    /// A property identifier that MQTT 5 does not define.
    #[error("property {id:#x} is not defined")]
    UnknownProperty {
        /// The identifier.
        id: u32,
    },
    /// A property that this packet may not carry.
    #[error("{packet} may not carry {property:?}")]
    PropertyNotAllowed {
        /// The property.
        property: PropertyId,
        /// The packet.
        packet: &'static str,
    },
    /// A property that may come once came twice.
    #[error("{property:?} comes more than once")]
    RepeatedProperty {
        /// The property.
        property: PropertyId,
    },
    /// A topic alias that was never set, or is above the maximum.
    #[error("topic alias {alias} is not known")]
    UnknownTopicAlias {
        /// The alias.
        alias: u16,
    },
    /// A topic name or filter is not well formed.
    #[error("the {kind} {problem}")]
    BadTopic {
        /// "topic name" or "topic filter".
        kind: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A topic is longer than AWS accepts.
    #[error("the topic has {count} {unit}, the limit is {limit}")]
    AwsTopicLimit {
        /// How many there are.
        count: usize,
        /// "bytes" or "forward slashes".
        unit: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A value to encode does not fit its field.
    #[error("{field} has {bytes} bytes, the limit is {limit_bytes}")]
    FieldTooLong {
        /// Which field.
        field: &'static str,
        /// Its length.
        bytes: usize,
        /// What fits.
        limit_bytes: usize,
    },
}

impl MqttError {
    /// The MQTT 5 reason code that tells the peer about it, in CONNACK or DISCONNECT.
    pub fn reason_code(&self) -> ReasonCode {
        match self {
            Self::PacketTooLarge { .. } => ReasonCode::PACKET_TOO_LARGE,
            Self::Protocol { .. }
            | Self::PropertyNotAllowed { .. }
            | Self::RepeatedProperty { .. } => ReasonCode::PROTOCOL_ERROR,
            Self::UnsupportedProtocol { .. } => ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
            Self::ClientIdMissing | Self::ClientIdInvalid => ReasonCode::CLIENT_ID_NOT_VALID,
            Self::UnknownTopicAlias { .. } => ReasonCode::TOPIC_ALIAS_INVALID,
            Self::AwsTopicLimit { .. } => ReasonCode::TOPIC_NAME_INVALID,
            _ => ReasonCode::MALFORMED_PACKET,
        }
    }

    /// The MQTT 3.1.1 CONNACK return code that tells the peer about it, where there is one. For
    /// all else a 3.1.1 server closes the connection without a word (MQTT 3.1.1, 4.8).
    pub fn connect_return_code(&self) -> Option<u8> {
        match self {
            Self::UnsupportedProtocol { .. } => Some(1),
            Self::ClientIdMissing => Some(2),
            _ => None,
        }
    }
}
