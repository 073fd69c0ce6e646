//! MQTT 5 properties: checked once when the packet is parsed, then read in place.

use crate::property_id::{PropertyId, PropertyOwner, ValueKind};
use crate::reader::Reader;
use crate::topic::TopicName;
use crate::writer::Writer;
use crate::{MqttError, ProtocolVersion};

/// One property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'a> {
    /// Which one.
    pub id: PropertyId,
    /// Its value, of the kind that `id` asks for.
    pub value: PropertyValue<'a>,
}

/// The value of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyValue<'a> {
    /// One byte.
    Byte(u8),
    /// Two bytes.
    TwoBytes(u16),
    /// Four bytes.
    FourBytes(u32),
    /// A variable byte integer.
    Variable(u32),
    /// A UTF-8 string.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// A user property's name and value.
    Pair(&'a str, &'a str),
}

/// The properties of one packet, known to be well formed and allowed there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Properties<'a> {
    bytes: &'a [u8],
}

impl<'a> Properties<'a> {
    /// Every property in the order it came.
    pub fn iter(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        // The bytes were checked by `parse`, so the reader fails only at their end.
        std::iter::from_fn(move || read_property(&mut reader).ok())
    }

    /// The first property with this identifier.
    pub fn get(&self, id: PropertyId) -> Option<PropertyValue<'a>> {
        self.iter().find(|property| property.id == id).map(|property| property.value)
    }

    /// What a server passes on to subscribers unchanged and in order (MQTT 5, 3.3.2.3): all but
    /// what it has to say anew to each of them, and what was meant for it alone.
    pub fn passed_on(&self) -> Vec<u8> {
        let mut out = Writer::new();
        let is_servers = |id: PropertyId| {
            matches!(
                id,
                PropertyId::MessageExpiryInterval
                    | PropertyId::TopicAlias
                    | PropertyId::SubscriptionIdentifier
                    | PropertyId::WillDelayInterval
            )
        };
        for property in self.iter().filter(|property| !is_servers(property.id)) {
            // Each came out of a packet, so it fits one.
            if write_property(&mut out, property).is_err() {
                break;
            }
        }
        out.into_body()
    }

    /// How long the message may wait for its receivers, in seconds.
    pub fn message_expiry_seconds(&self) -> Option<u32> {
        match self.get(PropertyId::MessageExpiryInterval) {
            Some(PropertyValue::FourBytes(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// The bytes after the properties' length.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether there are none, as in every MQTT 3.1.1 packet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads the properties' length and checks each of them; MQTT 3.1.1 has none to read.
    pub(crate) fn parse(
        reader: &mut Reader<'a>,
        version: ProtocolVersion,
        owner: PropertyOwner,
    ) -> Result<Self, MqttError> {
        if !version.is_v5() {
            return Ok(Self::default());
        }
        let length = reader.variable_integer("properties length")?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = reader.take(length, "properties")?;
        check_all(bytes, owner)?;
        Ok(Self { bytes })
    }
}

fn check_all(bytes: &[u8], owner: PropertyOwner) -> Result<(), MqttError> {
    let mut seen = 0u64;
    let mut rest = Reader::new(bytes);
    while !rest.is_empty() {
        let property = read_property(&mut rest)?;
        let id = property.id;
        if !id.is_allowed_in(owner) {
            return Err(MqttError::PropertyNotAllowed { property: id, packet: owner.name() });
        }
        let bit = 1u64 << id.bits();
        if seen & bit != 0 && !id.may_repeat_in(owner) {
            return Err(MqttError::RepeatedProperty { property: id });
        }
        seen |= bit;
        check_value(property)?;
    }
    Ok(())
}

fn read_property<'a>(reader: &mut Reader<'a>) -> Result<Property<'a>, MqttError> {
    let number = reader.variable_integer("property identifier")?;
    let id = PropertyId::from_number(number).ok_or(MqttError::UnknownProperty { id: number })?;
    let field = id.name();
    let value = match id.kind() {
        ValueKind::Byte => PropertyValue::Byte(reader.u8(field)?),
        ValueKind::TwoBytes => PropertyValue::TwoBytes(reader.u16(field)?),
        ValueKind::FourBytes => PropertyValue::FourBytes(reader.u32(field)?),
        ValueKind::Variable => PropertyValue::Variable(reader.variable_integer(field)?),
        ValueKind::Text => PropertyValue::Text(reader.text(field)?),
        ValueKind::Binary => PropertyValue::Binary(reader.binary(field)?),
        ValueKind::Pair => PropertyValue::Pair(reader.text(field)?, reader.text(field)?),
    };
    Ok(Property { id, value })
}

/// The rules on single values (MQTT 5, 3.1.2.11, 3.2.2.3, 3.3.2.3, 3.8.2.1).
fn check_value(property: Property<'_>) -> Result<(), MqttError> {
    let field = property.id.name();
    let refuse = |problem| Err(MqttError::Protocol { field, problem });
    match (property.id, property.value) {
        // Every one-byte property of MQTT 5 is a switch or a maximum QoS of 0 or 1.
        (_, PropertyValue::Byte(2..)) => refuse("is neither 0 nor 1"),
        (PropertyId::ReceiveMaximum | PropertyId::TopicAlias, PropertyValue::TwoBytes(0)) => {
            refuse("is zero")
        }
        (PropertyId::MaximumPacketSize, PropertyValue::FourBytes(0)) => refuse("is zero"),
        (PropertyId::SubscriptionIdentifier, PropertyValue::Variable(0)) => refuse("is zero"),
        (PropertyId::ResponseTopic, PropertyValue::Text("")) => refuse("is empty"),
        (PropertyId::ResponseTopic, PropertyValue::Text(topic)) => {
            TopicName::parse(topic).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Writes one property.
pub(crate) fn write_property(out: &mut Writer, property: Property<'_>) -> Result<(), MqttError> {
    let field = property.id.name();
    out.u8(property.id.bits());
    match property.value {
        PropertyValue::Byte(value) => out.u8(value),
        PropertyValue::TwoBytes(value) => out.u16(value),
        PropertyValue::FourBytes(value) => out.u32(value),
        PropertyValue::Variable(value) => out.variable_integer(value),
        PropertyValue::Text(value) => out.text(field, value)?,
        PropertyValue::Binary(value) => out.binary(field, value)?,
        PropertyValue::Pair(name, value) => {
            out.text(field, name)?;
            out.text(field, value)?;
        }
    }
    Ok(())
}

/// Writes `known`, those that have a value, then of `others` all whose identifier is not in
/// `known`. So a parsed packet whose fields were changed keeps what it has no field for.
pub(crate) fn write_merged(
    out: &mut Writer,
    known: &[(PropertyId, Option<PropertyValue<'_>>)],
    others: Properties<'_>,
) -> Result<(), MqttError> {
    let mut properties = Writer::new();
    for (id, value) in known {
        if let Some(value) = *value {
            write_property(&mut properties, Property { id: *id, value })?;
        }
    }
    for property in others.iter() {
        if known.iter().all(|(id, _)| *id != property.id) {
            write_property(&mut properties, property)?;
        }
    }
    out.properties(properties)
}
