//! PUBACK, PUBREC, PUBREL and PUBCOMP (MQTT 5, 3.4 to 3.7): the answers to PUBLISH are alike.

use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{MqttError, PacketType, Properties, ProtocolVersion, ReasonCode};

/// Which of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerKind {
    /// QoS 1: received.
    Puback,
    /// QoS 2: received.
    Pubrec,
    /// QoS 2: released.
    Pubrel,
    /// QoS 2: complete.
    Pubcomp,
}

impl AnswerKind {
    /// The packet type of this answer.
    pub fn packet_type(self) -> PacketType {
        match self {
            Self::Puback => PacketType::Puback,
            Self::Pubrec => PacketType::Pubrec,
            Self::Pubrel => PacketType::Pubrel,
            Self::Pubcomp => PacketType::Pubcomp,
        }
    }

    /// The answer that a packet of this type is.
    pub fn from_packet_type(packet_type: PacketType) -> Option<Self> {
        match packet_type {
            PacketType::Puback => Some(Self::Puback),
            PacketType::Pubrec => Some(Self::Pubrec),
            PacketType::Pubrel => Some(Self::Pubrel),
            PacketType::Pubcomp => Some(Self::Pubcomp),
            _ => None,
        }
    }

    fn flags(self) -> u8 {
        if self == Self::Pubrel { 0b0010 } else { 0 }
    }

    fn allows(self, reason: ReasonCode) -> bool {
        match self {
            Self::Puback | Self::Pubrec => {
                matches!(reason.0, 0x00 | 0x10 | 0x80 | 0x83 | 0x87 | 0x90 | 0x91 | 0x97 | 0x99)
            }
            Self::Pubrel | Self::Pubcomp => matches!(reason.0, 0x00 | 0x92),
        }
    }
}

/// One of the four answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Which one.
    pub kind: AnswerKind,
    /// The message it answers.
    pub packet_id: u16,
    /// How it went; always success in MQTT 3.1.1, which cannot say otherwise.
    pub reason: ReasonCode,
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
}

impl<'a> Answer<'a> {
    /// An answer without properties.
    pub fn new(kind: AnswerKind, packet_id: u16, reason: ReasonCode) -> Self {
        Self { kind, packet_id, reason, properties: Properties::default() }
    }

    /// Parses the body of a frame.
    ///
    /// # Errors
    /// Whatever is malformed, a packet identifier of zero, a reason code that the packet may
    /// not carry.
    pub fn parse(
        version: ProtocolVersion,
        kind: AnswerKind,
        body: &'a [u8],
    ) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let mut answer = Self::new(kind, reader.packet_id()?, ReasonCode::SUCCESS);
        // A success without properties may leave both out, and no properties their length.
        if version.is_v5() && !reader.is_empty() {
            answer.reason = ReasonCode(reader.u8("reason code")?);
            if !kind.allows(answer.reason) {
                let problem = "is not one of this packet";
                return Err(MqttError::Malformed { field: "reason code", problem });
            }
            if !reader.is_empty() {
                answer.properties =
                    Properties::parse(&mut reader, version, PropertyOwner::PublishAnswer)?;
            }
        }
        reader.finish("the answer to PUBLISH")?;
        Ok(answer)
    }

    /// The whole frame, in the shortest form; MQTT 3.1.1 leaves the reason out.
    ///
    /// # Errors
    /// [`MqttError::Protocol`] for a packet identifier of zero.
    pub fn encode(&self, version: ProtocolVersion) -> Result<Vec<u8>, MqttError> {
        let mut out = Writer::new();
        out.packet_id(self.packet_id)?;
        if version.is_v5() {
            if self.reason != ReasonCode::SUCCESS || !self.properties.is_empty() {
                out.u8(self.reason.0);
            }
            if !self.properties.is_empty() {
                out.same_properties(self.properties.as_bytes())?;
            }
        }
        out.frame(self.kind.packet_type(), self.kind.flags())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};

    #[test]
    fn encodes_the_shortest_form() {
        let denied = Answer::new(AnswerKind::Puback, 0x1234, ReasonCode::NOT_AUTHORIZED);
        assert_eq!(denied.encode(V5), Ok(vec![0x40, 3, 0x12, 0x34, 0x87]));
        assert_eq!(denied.encode(V311), Ok(vec![0x40, 2, 0x12, 0x34]));
        let release = Answer::new(AnswerKind::Pubrel, 1, ReasonCode::SUCCESS);
        assert_eq!(release.encode(V5), Ok(vec![0x62, 2, 0, 1]));
    }

    #[test]
    fn refuses_a_reason_of_another_packet() {
        assert!(Answer::parse(V5, AnswerKind::Puback, &[0, 1, 0x92]).is_err());
        assert!(Answer::parse(V5, AnswerKind::Pubcomp, &[0, 1, 0x92]).is_ok());
        assert!(Answer::parse(V311, AnswerKind::Pubcomp, &[0, 1, 0]).is_err());
        assert!(Answer::parse(V311, AnswerKind::Puback, &[0, 0]).is_err());
        assert!(Answer::new(AnswerKind::Puback, 0, ReasonCode::SUCCESS).encode(V311).is_err());
    }
}
