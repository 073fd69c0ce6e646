//! What a client is told of the packet that ended its connection.

use crate::{MqttError, PacketType, ReasonCode};

impl MqttError {
    /// What an MQTT 5 client is told by DISCONNECT before its connection closes, where the packet
    /// was of this type; `None` where nothing is told.
    ///
    /// The standard leaves it to the server whether to tell, and often which of two codes fits
    /// (MQTT 5, 4.13.1). Where it does, this is what mosquitto's own tests expect of a broker.
    pub fn disconnect_code(&self, packet: Option<PacketType>) -> Option<ReasonCode> {
        use PacketType as P;
        let is_bad_code = matches!(self, Self::Malformed { field: "reason code", .. });
        match (packet, self) {
            (_, Self::BadVariableInteger { field: "remaining length" }) => None,
            (Some(P::Pingreq | P::Pingresp), Self::TrailingBytes { .. }) => None,
            (Some(P::Disconnect), _) if is_bad_code => None,
            (Some(P::Puback | P::Pubrec | P::Pubrel | P::Pubcomp), _) if is_bad_code => {
                Some(ReasonCode::PROTOCOL_ERROR)
            }
            // CONNACK, PUBREL, DISCONNECT, AUTH; those of the others are malformed.
            (_, Self::BadFixedFlags { packet_type: 2 | 6 | 14 | 15, .. })
            | (_, Self::ReservedPacketType) => Some(ReasonCode::PROTOCOL_ERROR),
            (Some(P::Subscribe | P::Unsubscribe), _) if self.is_of_subscribe() => {
                Some(ReasonCode::MALFORMED_PACKET)
            }
            _ => Some(self.reason_code()),
        }
    }

    /// What counts as malformed in SUBSCRIBE and UNSUBSCRIBE, though elsewhere it breaks a rule.
    fn is_of_subscribe(&self) -> bool {
        matches!(
            self,
            Self::PropertyNotAllowed { .. }
                | Self::Protocol { field: "packet identifier" | "SUBSCRIBE" | "UNSUBSCRIBE", .. }
        )
    }
}
