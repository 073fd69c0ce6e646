//! CONNACK (MQTT 3.1.1, 3.2; MQTT 5, 3.2).

use super::connect::name_and_level;
use crate::property::write_merged;
use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{
    MqttError, PacketType, Properties, PropertyId, PropertyValue, ProtocolVersion, QoS, ReasonCode,
};

/// A CONNACK. The fields may be changed before it is encoded for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connack<'a> {
    /// Whether the server kept a session of this client.
    pub session_present: bool,
    /// Zero, or why the connection is refused: a return code of MQTT 3.1.1 (1 to 5) or a reason
    /// code of MQTT 5.
    pub code: u8,
    /// MQTT 5: the client id the server chose for a client that sent none.
    pub assigned_client_id: Option<&'a str>,
    /// MQTT 5: the keep alive the client must use instead of its own, in seconds.
    pub server_keep_alive_seconds: Option<u16>,
    /// MQTT 5: the highest topic alias the client may use; absent means none.
    pub topic_alias_maximum: Option<u16>,
    /// MQTT 5: how long the session outlives the connection, in seconds.
    pub session_expiry_seconds: Option<u32>,
    /// MQTT 5: how many unanswered QoS 1 and 2 messages the server takes.
    pub receive_maximum: Option<u16>,
    /// MQTT 5: the largest packet the server takes, in bytes.
    pub maximum_packet_bytes: Option<u32>,
    /// MQTT 5: the highest QoS the server takes, 0 or 1; absent means 2.
    pub maximum_qos: Option<QoS>,
    /// MQTT 5: a sentence for people.
    pub reason_string: Option<&'a str>,
    /// All MQTT 5 properties as they came. Encoding takes those that have a field above from
    /// the field, and the others from here.
    pub properties: Properties<'a>,
}

impl<'a> Connack<'a> {
    /// The connection is accepted, without properties.
    pub fn accepted(session_present: bool) -> Self {
        Self { session_present, ..Self::refused(0) }
    }

    /// The connection is refused with this code; see [`MqttError::reason_code`] and
    /// [`MqttError::connect_return_code`].
    pub fn refused(code: u8) -> Self {
        Self {
            session_present: false,
            code,
            assigned_client_id: None,
            server_keep_alive_seconds: None,
            topic_alias_maximum: None,
            session_expiry_seconds: None,
            receive_maximum: None,
            maximum_packet_bytes: None,
            maximum_qos: None,
            reason_string: None,
            properties: Properties::default(),
        }
    }

    /// The refusal of a connection that is not authorised: return code 5, or reason code 0x87.
    pub fn not_authorized(version: ProtocolVersion) -> Self {
        Self::refused(if version.is_v5() { ReasonCode::NOT_AUTHORIZED.0 } else { 5 })
    }

    /// The whole frame that answers a CONNECT which could not be parsed; `None` where nothing is
    /// said and the connection is closed: what is not MQTT is not answered, MQTT 3.1.1 has codes
    /// for few faults, and the standard leaves it to the server. Where it does, this is what
    /// mosquitto's own tests expect of a broker.
    pub fn to_malformed(body: &[u8], error: &MqttError) -> Option<Vec<u8>> {
        let (name, level) = name_and_level(body)?;
        if matches!(error, MqttError::UnsupportedProtocol { .. }) {
            // The level of another version's name is refused as that version does.
            let is_others = (name == b"MQTT" && level == 3) || (name != b"MQTT" && level == 4);
            let (version, code) = match is_others {
                true => (ProtocolVersion::V311, 1),
                false => (ProtocolVersion::V5, error.reason_code().0),
            };
            return Self::refused(code).encode(version).ok();
        }
        if level < 5 {
            let code = error.connect_return_code()?;
            return Self::refused(code).encode(ProtocolVersion::V311).ok();
        }
        let is_untold = matches!(
            error,
            MqttError::Truncated { field: "keep alive" | "user name" | "password" }
                | MqttError::NotUtf8 { field: "user name" }
                | MqttError::ForbiddenCharacter { field: "user name", .. }
                | MqttError::Malformed { field: "will QoS", .. }
        );
        if is_untold {
            return None;
        }
        Self::refused(error.reason_code().0).encode(ProtocolVersion::V5).ok()
    }

    /// Whether the connection is accepted.
    pub fn is_accepted(&self) -> bool {
        self.code == 0
    }

    /// Parses the body of a CONNACK frame.
    ///
    /// # Errors
    /// Whatever is malformed, a code that the version does not know, and a session with a
    /// refusal.
    pub fn parse(version: ProtocolVersion, body: &'a [u8]) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let flags = reader.u8("connect acknowledge flags")?;
        if flags & !1 != 0 {
            let problem = "have reserved bits set";
            return Err(MqttError::Malformed { field: "connect acknowledge flags", problem });
        }
        let code = reader.u8("connect return code")?;
        if !is_code_of(version, code) {
            let problem = "is not one of this version";
            return Err(MqttError::Malformed { field: "connect return code", problem });
        }
        let mut connack = Self::refused(code);
        connack.session_present = flags == 1;
        if connack.session_present && code != 0 {
            let problem = "is set in a refusal";
            return Err(MqttError::Protocol { field: "session present", problem });
        }
        connack.properties = Properties::parse(&mut reader, version, PropertyOwner::Connack)?;
        reader.finish("CONNACK")?;
        connack.take_fields_from_properties();
        Ok(connack)
    }

    /// The whole frame; MQTT 3.1.1 leaves out all but session and code.
    ///
    /// # Errors
    /// [`MqttError::FieldTooLong`] for a text that does not fit.
    pub fn encode(&self, version: ProtocolVersion) -> Result<Vec<u8>, MqttError> {
        let mut out = Writer::new();
        out.u8(u8::from(self.session_present && self.code == 0));
        out.u8(self.code);
        if version.is_v5() {
            self.write_properties(&mut out)?;
        }
        out.frame(PacketType::Connack, 0)
    }

    fn take_fields_from_properties(&mut self) {
        for property in self.properties.iter() {
            // A value of another type cannot be: parsing has read each by its property's type.
            match (property.id, property.value) {
                (PropertyId::AssignedClientIdentifier, PropertyValue::Text(id)) => {
                    self.assigned_client_id = Some(id);
                }
                (PropertyId::ServerKeepAlive, PropertyValue::TwoBytes(seconds)) => {
                    self.server_keep_alive_seconds = Some(seconds);
                }
                (PropertyId::TopicAliasMaximum, PropertyValue::TwoBytes(highest)) => {
                    self.topic_alias_maximum = Some(highest);
                }
                (PropertyId::SessionExpiryInterval, PropertyValue::FourBytes(seconds)) => {
                    self.session_expiry_seconds = Some(seconds);
                }
                (PropertyId::ReceiveMaximum, PropertyValue::TwoBytes(count)) => {
                    self.receive_maximum = Some(count);
                }
                (PropertyId::MaximumPacketSize, PropertyValue::FourBytes(bytes)) => {
                    self.maximum_packet_bytes = Some(bytes);
                }
                (PropertyId::MaximumQos, PropertyValue::Byte(bits)) => {
                    self.maximum_qos = QoS::from_bits(bits);
                }
                (PropertyId::ReasonString, PropertyValue::Text(text)) => {
                    self.reason_string = Some(text);
                }
                _ => {}
            }
        }
    }

    fn write_properties(&self, out: &mut Writer) -> Result<(), MqttError> {
        use PropertyValue::{Byte, FourBytes, Text, TwoBytes};
        // Any order is right; peers that compare bytes know this one, mosquitto's.
        let known = [
            (PropertyId::AssignedClientIdentifier, self.assigned_client_id.map(Text)),
            (PropertyId::ServerKeepAlive, self.server_keep_alive_seconds.map(TwoBytes)),
            (PropertyId::TopicAliasMaximum, self.topic_alias_maximum.map(TwoBytes)),
            (PropertyId::MaximumPacketSize, self.maximum_packet_bytes.map(FourBytes)),
            (PropertyId::ReceiveMaximum, self.receive_maximum.map(TwoBytes)),
            (PropertyId::SessionExpiryInterval, self.session_expiry_seconds.map(FourBytes)),
            (PropertyId::MaximumQos, self.maximum_qos.map(|qos| Byte(qos.bits()))),
            (PropertyId::ReasonString, self.reason_string.map(Text)),
        ];
        write_merged(out, &known, self.properties)
    }
}

fn is_code_of(version: ProtocolVersion, code: u8) -> bool {
    match version {
        ProtocolVersion::V311 => code <= 5,
        ProtocolVersion::V5 => matches!(
            code,
            0 | 0x80..=0x8A | 0x8C | 0x90 | 0x95 | 0x97 | 0x99..=0x9D | 0x9F
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};

    #[test]
    fn a_refusal_has_the_code_of_its_version() {
        let refused = |version| Connack::not_authorized(version).encode(version);
        assert_eq!(refused(V311), Ok(vec![0x20, 2, 0, 5]));
        assert_eq!(refused(V5), Ok(vec![0x20, 3, 0, 0x87, 0]));
    }

    #[test]
    fn a_changed_field_replaces_the_property_and_the_others_stay() {
        // Topic alias maximum 10, shared subscriptions off, a user property.
        let body = [0, 0, 12, 0x22, 0, 10, 0x2A, 0, 0x26, 0, 1, b'k', 0, 1, b'v'];
        let mut connack = Connack::parse(V5, &body).unwrap();
        assert_eq!(connack.topic_alias_maximum, Some(10));
        connack.topic_alias_maximum = None;
        connack.assigned_client_id = Some("thing-1");
        let frame = connack.encode(V5).unwrap();
        let again = Connack::parse(V5, &frame[2..]).unwrap();
        assert_eq!(again.topic_alias_maximum, None);
        assert_eq!(again.assigned_client_id, Some("thing-1"));
        let pair = PropertyValue::Pair("k", "v");
        assert_eq!(again.properties.get(PropertyId::UserProperty), Some(pair));
        let shared = again.properties.get(PropertyId::SharedSubscriptionAvailable);
        assert_eq!(shared, Some(PropertyValue::Byte(0)));
    }

    #[test]
    fn refuses_a_code_of_the_other_version_and_a_session_with_a_refusal() {
        assert!(Connack::parse(V311, &[0, 0x87]).is_err());
        assert!(Connack::parse(V5, &[0, 5, 0]).is_err());
        assert!(Connack::parse(V311, &[1, 5]).is_err());
        assert!(Connack::parse(V311, &[2, 0]).is_err());
        assert!(Connack::parse(V311, &[1, 0]).is_ok());
    }
}
