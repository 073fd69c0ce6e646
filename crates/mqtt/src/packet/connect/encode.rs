//! Writes a CONNECT.

use super::{CLEAN_START, Connect, PASSWORD, USERNAME, WILL, WILL_RETAIN, Will};
use crate::property::write_merged;
use crate::writer::Writer;
use crate::{MqttError, PacketType, PropertyId, PropertyValue, ProtocolVersion};

impl<'a> Connect<'a> {
    /// A CONNECT that asks for a clean session without will, credentials and properties.
    pub fn new(version: ProtocolVersion, client_id: &'a str, keep_alive_seconds: u16) -> Self {
        Self {
            version,
            clean_start: true,
            keep_alive_seconds,
            client_id,
            will: None,
            username: None,
            password: None,
            session_expiry_seconds: None,
            receive_maximum: None,
            maximum_packet_bytes: None,
            topic_alias_maximum: None,
            properties: crate::Properties::default(),
        }
    }

    /// The whole frame with the credentials that the upstream broker asks for in place of the
    /// client's own; `None` takes them out.
    ///
    /// # Errors
    /// As [`Connect::encode`].
    pub fn encode_for_upstream(
        &self,
        username: Option<&str>,
        password: Option<&[u8]>,
    ) -> Result<Vec<u8>, MqttError> {
        Connect { username, password, ..*self }.encode()
    }

    /// The whole frame.
    ///
    /// # Errors
    /// [`MqttError::FieldTooLong`] for what does not fit its field, and
    /// [`MqttError::Protocol`] for a 3.1.1 password without user name.
    pub fn encode(&self) -> Result<Vec<u8>, MqttError> {
        if !self.version.is_v5() && self.password.is_some() && self.username.is_none() {
            let problem = "comes without a user name";
            return Err(MqttError::Protocol { field: "password", problem });
        }
        let mut out = Writer::new();
        out.text("protocol name", "MQTT")?;
        out.u8(self.version.level());
        out.u8(self.flags());
        out.u16(self.keep_alive_seconds);
        if self.version.is_v5() {
            self.write_properties(&mut out)?;
        }
        out.text("client id", self.client_id)?;
        if let Some(will) = &self.will {
            write_will(&mut out, self.version, will)?;
        }
        if let Some(username) = self.username {
            out.text("user name", username)?;
        }
        if let Some(password) = self.password {
            out.binary("password", password)?;
        }
        out.frame(PacketType::Connect, 0)
    }

    fn flags(&self) -> u8 {
        let will = self.will.map_or(0, |will| {
            WILL | will.qos.bits() << 3 | if will.retain { WILL_RETAIN } else { 0 }
        });
        will | if self.clean_start { CLEAN_START } else { 0 }
            | if self.username.is_some() { USERNAME } else { 0 }
            | if self.password.is_some() { PASSWORD } else { 0 }
    }

    fn write_properties(&self, out: &mut Writer) -> Result<(), MqttError> {
        let known = [
            (
                PropertyId::SessionExpiryInterval,
                self.session_expiry_seconds.map(PropertyValue::FourBytes),
            ),
            (PropertyId::ReceiveMaximum, self.receive_maximum.map(PropertyValue::TwoBytes)),
            (
                PropertyId::MaximumPacketSize,
                self.maximum_packet_bytes.map(PropertyValue::FourBytes),
            ),
            (PropertyId::TopicAliasMaximum, self.topic_alias_maximum.map(PropertyValue::TwoBytes)),
        ];
        write_merged(out, &known, self.properties)
    }
}

fn write_will(
    out: &mut Writer,
    version: ProtocolVersion,
    will: &Will<'_>,
) -> Result<(), MqttError> {
    if version.is_v5() {
        out.same_properties(will.properties.as_bytes())?;
    }
    out.text("will topic", will.topic)?;
    out.binary("will payload", will.payload)
}
