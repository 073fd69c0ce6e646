//! SUBACK and UNSUBACK (MQTT 3.1.1, 3.9 and 3.11; MQTT 5, 3.9 and 3.11).

use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{MqttError, PacketType, Properties, ProtocolVersion};

/// The code of a refused filter in MQTT 3.1.1; MQTT 5 has more ([`crate::ReasonCode`]).
pub const SUBACK_FAILURE: u8 = 0x80;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubackKind {
    /// The answer to SUBSCRIBE.
    Suback,
    /// The answer to UNSUBSCRIBE, which has no codes in MQTT 3.1.1.
    Unsuback,
}

impl SubackKind {
    fn packet_type(self) -> PacketType {
        match self {
            Self::Suback => PacketType::Suback,
            Self::Unsuback => PacketType::Unsuback,
        }
    }

    fn has_codes(self, version: ProtocolVersion) -> bool {
        version.is_v5() || self == Self::Suback
    }

    fn allows(self, version: ProtocolVersion, code: u8) -> bool {
        match (self, version) {
            (Self::Suback, ProtocolVersion::V311) => matches!(code, 0..=2 | 0x80),
            (Self::Suback, ProtocolVersion::V5) => {
                matches!(code, 0..=2 | 0x80 | 0x83 | 0x87 | 0x8F | 0x91 | 0x97 | 0x9E | 0xA1 | 0xA2)
            }
            (Self::Unsuback, _) => {
                matches!(code, 0 | 0x11 | 0x80 | 0x83 | 0x87 | 0x8F | 0x91)
            }
        }
    }
}

/// A SUBACK or UNSUBACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suback<'a> {
    /// Which of the two.
    pub kind: SubackKind,
    /// The packet it answers.
    pub packet_id: u16,
    /// One code a filter, in order: the granted QoS, or from 0x80 a refusal. Empty in an
    /// UNSUBACK of MQTT 3.1.1.
    pub codes: &'a [u8],
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
}

impl<'a> Suback<'a> {
    /// An answer without properties.
    pub fn new(kind: SubackKind, packet_id: u16, codes: &'a [u8]) -> Self {
        Self { kind, packet_id, codes, properties: Properties::default() }
    }

    /// Parses the body of a frame.
    ///
    /// # Errors
    /// Whatever is malformed, no code where there must be one, a code that does not exist.
    pub fn parse(
        version: ProtocolVersion,
        kind: SubackKind,
        body: &'a [u8],
    ) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let packet_id = reader.packet_id()?;
        let properties = Properties::parse(&mut reader, version, PropertyOwner::SubscribeAnswer)?;
        let codes = reader.take_rest();
        let suback = Self { kind, packet_id, codes, properties };
        suback.check_codes(version)?;
        Ok(suback)
    }

    /// The whole frame; an UNSUBACK of MQTT 3.1.1 leaves the codes out.
    ///
    /// # Errors
    /// [`MqttError::Malformed`] for codes that the packet may not carry, and
    /// [`MqttError::Protocol`] for a packet identifier of zero.
    pub fn encode(&self, version: ProtocolVersion) -> Result<Vec<u8>, MqttError> {
        let has_codes = self.kind.has_codes(version);
        let codes = if has_codes { self.codes } else { &[] };
        Self { codes, ..*self }.check_codes(version)?;
        let mut out = Writer::new();
        out.packet_id(self.packet_id)?;
        if version.is_v5() {
            out.same_properties(self.properties.as_bytes())?;
        }
        out.bytes(codes);
        out.frame(self.kind.packet_type(), 0)
    }

    fn check_codes(&self, version: ProtocolVersion) -> Result<(), MqttError> {
        let refuse = |problem| Err(MqttError::Malformed { field: "subscribe codes", problem });
        let (has_codes, codes) = (self.kind.has_codes(version), self.codes);
        if has_codes == codes.is_empty() {
            return refuse(if has_codes { "are missing" } else { "are not of this version" });
        }
        if !codes.iter().all(|code| self.kind.allows(version, *code)) {
            return refuse("have one that does not exist");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};
    use SubackKind::{Suback as Sub, Unsuback as Unsub};

    #[test]
    fn builds_both_in_both_versions() {
        let granted = Suback::new(Sub, 1, &[1, SUBACK_FAILURE]);
        assert_eq!(granted.encode(V311).unwrap(), [0x90, 4, 0, 1, 1, 0x80]);
        assert_eq!(granted.encode(V5).unwrap(), [0x90, 5, 0, 1, 0, 1, 0x80]);
        let gone = Suback::new(Unsub, 1, &[0, 0x11]);
        assert_eq!(gone.encode(V311).unwrap(), [0xB0, 2, 0, 1]);
        assert_eq!(gone.encode(V5).unwrap(), [0xB0, 5, 0, 1, 0, 0, 0x11]);
    }

    #[test]
    fn refuses_missing_and_unknown_codes() {
        assert!(Suback::parse(V311, Sub, &[0, 1]).is_err());
        assert!(Suback::parse(V311, Sub, &[0, 1, 3]).is_err());
        assert!(Suback::parse(V311, Sub, &[0, 1, 0x87]).is_err());
        assert!(Suback::parse(V5, Sub, &[0, 1, 0, 0x87]).is_ok());
        assert!(Suback::parse(V311, Unsub, &[0, 1, 0]).is_err());
        assert!(Suback::parse(V5, Unsub, &[0, 1, 0]).is_err());
    }
}
