//! PUBLISH (MQTT 3.1.1, 3.3; MQTT 5, 3.3).

use crate::property::{Property, write_property};
use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::topic::TopicName;
use crate::writer::Writer;
use crate::{MqttError, PacketType, Properties, PropertyId, PropertyValue, ProtocolVersion, QoS};

pub(super) const DUP: u8 = 0b1000;
const QOS: u8 = 0b0110;
pub(super) const RETAIN: u8 = 0b0001;

/// A message, looked at without allocating; it borrows from the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// The topic name; empty in MQTT 5 where `topic_alias` stands for it
    /// ([`super::TopicAliases`] knows the name).
    pub topic: &'a str,
    /// Present for QoS 1 and 2.
    pub packet_id: Option<u16>,
    /// How surely it is delivered.
    pub qos: QoS,
    /// It may have been sent before.
    pub dup: bool,
    /// The broker keeps it for later subscribers.
    pub retain: bool,
    /// MQTT 5: the number that is, or from now on shall be, the topic's.
    pub topic_alias: Option<u16>,
    /// The message.
    pub payload: &'a [u8],
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
}

impl<'a> Publish<'a> {
    /// Parses the body of a PUBLISH frame; `flags` are those of [`crate::Frame`].
    ///
    /// # Errors
    /// Whatever is malformed, a topic name that is empty (without an alias) or has wildcards,
    /// a packet identifier of zero, QoS 3, DUP with QoS 0.
    pub fn parse(version: ProtocolVersion, flags: u8, body: &'a [u8]) -> Result<Self, MqttError> {
        let qos = QoS::from_bits((flags & QOS) >> 1)
            .ok_or(MqttError::Malformed { field: "QoS", problem: "is 3" })?;
        let dup = flags & DUP != 0;
        if dup && qos == QoS::AtMostOnce {
            return Err(MqttError::Malformed { field: "DUP", problem: "is set with QoS 0" });
        }
        let mut reader = Reader::new(body);
        let topic = reader.text("topic name")?;
        let packet_id = match qos {
            QoS::AtMostOnce => None,
            _ => Some(reader.packet_id()?),
        };
        let properties = Properties::parse(&mut reader, version, PropertyOwner::Publish)?;
        let topic_alias = match properties.get(PropertyId::TopicAlias) {
            Some(PropertyValue::TwoBytes(alias)) => Some(alias),
            _ => None,
        };
        if topic_alias.is_none() || !topic.is_empty() {
            TopicName::parse(topic)?;
        }
        let retain = flags & RETAIN != 0;
        let payload = reader.take_rest();
        Ok(Self { topic, packet_id, qos, dup, retain, topic_alias, payload, properties })
    }

    /// MQTT 5: what a client may not send, though a server may: subscription identifiers
    /// (MQTT-3.3.4-6).
    ///
    /// # Errors
    /// [`MqttError::Protocol`].
    pub fn check_from_client(&self) -> Result<(), MqttError> {
        match self.properties.get(PropertyId::SubscriptionIdentifier) {
            Some(_) => Err(MqttError::Protocol {
                field: "subscription identifier",
                problem: "comes from a client",
            }),
            None => Ok(()),
        }
    }

    /// The same message with another topic name and no alias, as a whole frame: for a gateway
    /// that lets aliases end at it.
    ///
    /// # Errors
    /// [`MqttError::FieldTooLong`] for a topic that does not fit, [`MqttError::BadTopic`] for
    /// one that is none.
    pub fn encode_with_topic(
        &self,
        version: ProtocolVersion,
        topic: &str,
    ) -> Result<Vec<u8>, MqttError> {
        let mut out = Writer::new();
        out.text("topic name", TopicName::parse(topic)?.as_str())?;
        if let Some(id) = self.packet_id {
            out.packet_id(id)?;
        }
        if version.is_v5() {
            let mut properties = Writer::new();
            for property in self.properties.iter().filter(|p| p.id != PropertyId::TopicAlias) {
                write_property(&mut properties, property)?;
            }
            out.properties(properties)?;
        }
        out.bytes(self.payload);
        out.frame(PacketType::Publish, self.flags())
    }

    fn flags(&self) -> u8 {
        let dup = if self.dup { DUP } else { 0 };
        dup | self.qos.bits() << 1 | if self.retain { RETAIN } else { 0 }
    }
}

/// A message that starts here, such as the answer to a device report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingPublish<'a> {
    /// Where to.
    pub topic: &'a str,
    /// The message.
    pub payload: &'a [u8],
    /// The broker keeps it for later subscribers.
    pub retain: bool,
    /// Present for QoS 1, absent for QoS 0. It must be one the connection does not use.
    pub packet_id: Option<u16>,
    /// MQTT 5: the MIME type of the payload.
    pub content_type: Option<&'a str>,
}

impl OutgoingPublish<'_> {
    /// The whole frame.
    ///
    /// # Errors
    /// [`MqttError::BadTopic`], [`MqttError::FieldTooLong`], and [`MqttError::Protocol`] for a
    /// packet identifier of zero.
    pub fn encode(&self, version: ProtocolVersion) -> Result<Vec<u8>, MqttError> {
        let mut out = Writer::new();
        out.text("topic name", TopicName::parse(self.topic)?.as_str())?;
        if let Some(id) = self.packet_id {
            out.packet_id(id)?;
        }
        if version.is_v5() {
            let mut properties = Writer::new();
            if let Some(text) = self.content_type {
                let value = PropertyValue::Text(text);
                write_property(&mut properties, Property { id: PropertyId::ContentType, value })?;
            }
            out.properties(properties)?;
        }
        out.bytes(self.payload);
        let qos = if self.packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        out.frame(PacketType::Publish, qos.bits() << 1 | if self.retain { RETAIN } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};

    fn message(packet_id: Option<u16>) -> OutgoingPublish<'static> {
        OutgoingPublish {
            topic: "a/b",
            payload: b"hi",
            retain: false,
            packet_id,
            content_type: None,
        }
    }

    #[test]
    fn builds_both_levels_in_both_versions() {
        assert_eq!(message(None).encode(V311).unwrap(), b"\x30\x07\0\x03a/bhi");
        assert_eq!(message(Some(9)).encode(V311).unwrap(), b"\x32\x09\0\x03a/b\0\x09hi");
        assert_eq!(message(None).encode(V5).unwrap(), b"\x30\x08\0\x03a/b\0hi");
        assert!(message(Some(0)).encode(V5).is_err());
        assert!(OutgoingPublish { topic: "a/+", ..message(None) }.encode(V5).is_err());
    }

    #[test]
    fn an_empty_topic_needs_an_alias() {
        assert!(Publish::parse(V5, 0, b"\0\0\0hi").is_err());
        let publish = Publish::parse(V5, 0, b"\0\0\x03\x23\0\x07hi").unwrap();
        assert_eq!((publish.topic, publish.topic_alias), ("", Some(7)));
        let frame = publish.encode_with_topic(V5, "a/b").unwrap();
        assert_eq!(frame, b"\x30\x08\0\x03a/b\0hi");
    }

    #[test]
    fn refuses_what_the_standard_refuses() {
        for (flags, body) in [
            (0b0110, &b"\0\x01a\0\x01"[..]), // QoS 3
            (0b1000, b"\0\x01a"),            // DUP with QoS 0
            (0b0010, b"\0\x01a\0\0"),        // packet identifier 0
            (0b0010, b"\0\x01a\0"),          // cut off
            (0b0000, b"\0\x02a"),            // topic longer than the packet
            (0b0000, b"\0\x01#"),            // wildcard
            (0b0000, b"\0\0"),               // no topic
            (0b0000, b"\0\x02\xC3\x28"),     // not UTF-8
            (0b0000, b"\0\x01\0"),           // U+0000
        ] {
            assert!(Publish::parse(V311, flags, body).is_err(), "{flags:#b} {body:?}");
        }
    }

    #[test]
    fn a_client_may_not_send_subscription_identifiers() {
        let publish = Publish::parse(V5, 0, b"\0\x01a\x02\x0B\x01").unwrap();
        assert!(publish.check_from_client().is_err());
    }
}
