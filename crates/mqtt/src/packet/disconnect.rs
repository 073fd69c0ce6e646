//! DISCONNECT (MQTT 3.1.1, 3.14; MQTT 5, 3.14).

use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{MqttError, PacketType, Properties, ProtocolVersion, ReasonCode};

/// The end of a connection. In MQTT 3.1.1 only a client sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// Why; always [`ReasonCode::SUCCESS`] in MQTT 3.1.1.
    pub reason: ReasonCode,
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
}

impl<'a> Disconnect<'a> {
    /// A DISCONNECT without properties.
    pub fn new(reason: ReasonCode) -> Self {
        Self { reason, properties: Properties::default() }
    }

    /// Parses the body of a DISCONNECT frame.
    ///
    /// # Errors
    /// Whatever is malformed, and a reason code that the packet may not carry.
    pub fn parse(version: ProtocolVersion, body: &'a [u8]) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let mut disconnect = Self::new(ReasonCode::SUCCESS);
        // A normal end may leave out the reason, and no properties their length.
        if version.is_v5() && !reader.is_empty() {
            disconnect.reason = ReasonCode(reader.u8("reason code")?);
            if !matches!(
                disconnect.reason.0,
                0 | 4 | 0x80..=0x83 | 0x87 | 0x89 | 0x8B | 0x8D..=0x90 | 0x93..=0xA2
            ) {
                let problem = "is not one of DISCONNECT";
                return Err(MqttError::Malformed { field: "reason code", problem });
            }
            if !reader.is_empty() {
                disconnect.properties =
                    Properties::parse(&mut reader, version, PropertyOwner::Disconnect)?;
            }
        }
        reader.finish("DISCONNECT")?;
        Ok(disconnect)
    }

    /// Whether the server still publishes the will (MQTT 5, 3.14.4): not after a normal end.
    pub fn publishes_will(&self) -> bool {
        self.reason != ReasonCode::SUCCESS
    }

    /// The whole frame, in the shortest form; MQTT 3.1.1 leaves the reason out.
    ///
    /// # Errors
    /// [`MqttError::FieldTooLong`] for properties that do not fit.
    pub fn encode(&self, version: ProtocolVersion) -> Result<Vec<u8>, MqttError> {
        let mut out = Writer::new();
        if version.is_v5() {
            if self.reason != ReasonCode::SUCCESS || !self.properties.is_empty() {
                out.u8(self.reason.0);
            }
            if !self.properties.is_empty() {
                out.same_properties(self.properties.as_bytes())?;
            }
        }
        out.frame(PacketType::Disconnect, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};

    #[test]
    fn only_mqtt_5_says_why() {
        let denied = Disconnect::new(ReasonCode::NOT_AUTHORIZED);
        assert_eq!(denied.encode(V5).unwrap(), [0xE0, 1, 0x87]);
        assert_eq!(denied.encode(V311).unwrap(), [0xE0, 0]);
        assert_eq!(Disconnect::new(ReasonCode::SUCCESS).encode(V5).unwrap(), [0xE0, 0]);
    }

    #[test]
    fn the_will_is_published_unless_the_end_is_normal() {
        assert!(!Disconnect::parse(V311, &[]).unwrap().publishes_will());
        assert!(!Disconnect::parse(V5, &[]).unwrap().publishes_will());
        assert!(Disconnect::parse(V5, &[4]).unwrap().publishes_will());
        assert!(Disconnect::parse(V311, &[0]).is_err());
        assert!(Disconnect::parse(V5, &[1]).is_err());
    }
}
