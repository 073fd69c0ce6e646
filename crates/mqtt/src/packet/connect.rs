//! CONNECT (MQTT 3.1.1, 3.1; MQTT 5, 3.1): the only packet the gateway parses in full, and the
//! only one of a client's that it encodes anew.

mod encode;
#[cfg(test)]
mod tests;

use crate::characters::check_name;
use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::topic::TopicName;
use crate::{MqttError, Properties, PropertyId, PropertyValue, ProtocolVersion, QoS};

/// The protocol name of MQTT 3.1.1 and 5.
const NAME: &[u8] = b"MQTT";
/// That of MQTT 3.1.
const OLD_NAME: &[u8] = b"MQIsdp";

const USERNAME: u8 = 0b1000_0000;
const PASSWORD: u8 = 0b0100_0000;
const WILL_RETAIN: u8 = 0b0010_0000;
const WILL_QOS: u8 = 0b0001_1000;
const WILL: u8 = 0b0000_0100;
const CLEAN_START: u8 = 0b0000_0010;
const RESERVED: u8 = 0b0000_0001;

/// A CONNECT. The fields may be changed before it is encoded for the upstream broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// What the connection speaks from here on.
    pub version: ProtocolVersion,
    /// Forget an earlier session (3.1.1 calls it clean session).
    pub clean_start: bool,
    /// Longest silence of the client, in seconds; zero turns the check off.
    pub keep_alive_seconds: u16,
    /// The client id; empty asks the server to assign one.
    pub client_id: &'a str,
    /// What to publish if the connection ends without DISCONNECT.
    pub will: Option<Will<'a>>,
    /// The user name; some AWS SDKs send their metrics in it, without a password.
    pub username: Option<&'a str>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// MQTT 5: how long the session outlives the connection, in seconds.
    pub session_expiry_seconds: Option<u32>,
    /// MQTT 5: how many unanswered QoS 1 and 2 messages the client takes; absent means 65,535.
    pub receive_maximum: Option<u16>,
    /// MQTT 5: the largest packet the client takes, in bytes.
    pub maximum_packet_bytes: Option<u32>,
    /// MQTT 5: the highest topic alias the server may use; absent means none.
    pub topic_alias_maximum: Option<u16>,
    /// All MQTT 5 properties as they came. Encoding takes those that have a field above from
    /// the field, and the others from here.
    pub properties: Properties<'a>,
}

/// The message a server publishes for a client that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Will<'a> {
    /// Where to.
    pub topic: &'a str,
    /// What.
    pub payload: &'a [u8],
    /// How surely.
    pub qos: QoS,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
}

impl<'a> Connect<'a> {
    /// Parses the body of a CONNECT frame and checks all the standard asks for.
    ///
    /// # Errors
    /// [`MqttError::UnsupportedProtocol`] for unknown levels,
    /// [`MqttError::ClientIdMissing`] for an empty client id without clean session in 3.1.1,
    /// and whatever is malformed.
    pub fn parse(body: &'a [u8]) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let (version, is_old) = read_version(&mut reader)?;
        let flags = read_flags(&mut reader, version, is_old)?;
        let clean_start = flags & CLEAN_START != 0;
        let keep_alive_seconds = reader.u16("keep alive")?;
        let properties = Properties::parse(&mut reader, version, PropertyOwner::Connect)?;
        check_authentication(properties)?;
        let client_id = read_client_id(&mut reader)?;
        // MQTT 3.1.1, 3.1.3.1: a session that is kept needs a name that the client knows. In MQTT
        // 3.1 each needs one.
        if client_id.is_empty() && !version.is_v5() && (is_old || !clean_start) {
            return Err(MqttError::ClientIdMissing);
        }
        let will = read_will(&mut reader, version, flags)?;
        let username = has(flags, USERNAME).then(|| read_username(&mut reader)).transpose()?;
        let password = has(flags, PASSWORD).then(|| reader.binary("password")).transpose()?;
        reader.finish("CONNECT")?;
        let mut connect = Self {
            version,
            clean_start,
            keep_alive_seconds,
            client_id,
            will,
            username,
            password,
            session_expiry_seconds: None,
            receive_maximum: None,
            maximum_packet_bytes: None,
            topic_alias_maximum: None,
            properties,
        };
        connect.take_fields_from_properties();
        Ok(connect)
    }

    /// MQTT 5: the method of enhanced authentication the client asks for.
    pub fn authentication_method(&self) -> Option<&'a str> {
        match self.properties.get(PropertyId::AuthenticationMethod) {
            Some(PropertyValue::Text(method)) => Some(method),
            _ => None,
        }
    }

    fn take_fields_from_properties(&mut self) {
        for property in self.properties.iter() {
            match (property.id, property.value) {
                (PropertyId::SessionExpiryInterval, PropertyValue::FourBytes(seconds)) => {
                    self.session_expiry_seconds = Some(seconds);
                }
                (PropertyId::ReceiveMaximum, PropertyValue::TwoBytes(count)) => {
                    self.receive_maximum = Some(count);
                }
                (PropertyId::MaximumPacketSize, PropertyValue::FourBytes(bytes)) => {
                    self.maximum_packet_bytes = Some(bytes);
                }
                (PropertyId::TopicAliasMaximum, PropertyValue::TwoBytes(highest)) => {
                    self.topic_alias_maximum = Some(highest);
                }
                _ => {}
            }
        }
    }
}

fn has(flags: u8, flag: u8) -> bool {
    flags & flag != 0
}

/// The version, and whether it is MQTT 3.1, which is spoken as 3.1.1.
fn read_version(reader: &mut Reader<'_>) -> Result<(ProtocolVersion, bool), MqttError> {
    let name = reader.binary("protocol name")?;
    if name != NAME && name != OLD_NAME {
        let problem = "is not MQTT";
        return Err(MqttError::Malformed { field: "protocol name", problem });
    }
    match (name, reader.u8("protocol level")?) {
        (b"MQTT", 4) => Ok((ProtocolVersion::V311, false)),
        (b"MQTT", 5) => Ok((ProtocolVersion::V5, false)),
        (b"MQIsdp", 3) => Ok((ProtocolVersion::V311, true)),
        (_, level) => Err(MqttError::UnsupportedProtocol { level }),
    }
}

/// The protocol name and level of a CONNECT, if it begins with one of MQTT's.
pub(super) fn name_and_level(body: &[u8]) -> Option<(&[u8], u8)> {
    let mut reader = Reader::new(body);
    let name = reader.binary("protocol name").ok()?;
    let level = reader.u8("protocol level").ok()?;
    (name == NAME || name == OLD_NAME).then_some((name, level))
}

fn read_flags(
    reader: &mut Reader<'_>,
    version: ProtocolVersion,
    is_old: bool,
) -> Result<u8, MqttError> {
    let flags = reader.u8("connect flags")?;
    let refuse = |problem| Err(MqttError::Malformed { field: "connect flags", problem });
    // MQTT 3.1 leaves the bit open.
    if has(flags, RESERVED) && !is_old {
        return refuse("have the reserved bit set");
    }
    if !has(flags, WILL) && has(flags, WILL_QOS | WILL_RETAIN) {
        return refuse("have will bits and no will");
    }
    // Only MQTT 5 knows a password without a user name (3.1.2.9).
    if !version.is_v5() && has(flags, PASSWORD) && !has(flags, USERNAME) {
        return refuse("have a password and no user name");
    }
    Ok(flags)
}

fn check_authentication(properties: Properties<'_>) -> Result<(), MqttError> {
    if properties.get(PropertyId::AuthenticationData).is_some()
        && properties.get(PropertyId::AuthenticationMethod).is_none()
    {
        let problem = "comes without an authentication method";
        return Err(MqttError::Protocol { field: "authentication data", problem });
    }
    Ok(())
}

fn read_client_id<'a>(reader: &mut Reader<'a>) -> Result<&'a str, MqttError> {
    let client_id = reader.text("client id").map_err(|error| match error {
        MqttError::Truncated { .. } => error,
        _ => MqttError::ClientIdInvalid,
    })?;
    check_name("client id", client_id).map_err(|_| MqttError::ClientIdInvalid)?;
    Ok(client_id)
}

fn read_username<'a>(reader: &mut Reader<'a>) -> Result<&'a str, MqttError> {
    let username = reader.text("user name")?;
    check_name("user name", username)?;
    Ok(username)
}

fn read_will<'a>(
    reader: &mut Reader<'a>,
    version: ProtocolVersion,
    flags: u8,
) -> Result<Option<Will<'a>>, MqttError> {
    if !has(flags, WILL) {
        return Ok(None);
    }
    let qos = QoS::from_bits((flags & WILL_QOS) >> 3)
        .ok_or(MqttError::Malformed { field: "will QoS", problem: "is 3" })?;
    let properties = Properties::parse(reader, version, PropertyOwner::Will)?;
    let topic = TopicName::parse(reader.text("will topic")?)?.as_str();
    let payload = reader.binary("will payload")?;
    Ok(Some(Will { topic, payload, qos, retain: has(flags, WILL_RETAIN), properties }))
}
