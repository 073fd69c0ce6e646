//! PUBLISH on its way to one receiver, appended to a buffer that goes out as it is.
//!
//! A broker says one message to many: what differs from receiver to receiver are fields here,
//! the rest is borrowed from the one copy of the message.

use super::publish::{DUP, RETAIN};
use crate::limits::REMAINING_LENGTH_MAX_BYTES;
use crate::writer::put_variable_integer;
use crate::{PacketType, PropertyId, ProtocolVersion, QoS};

/// A message for one receiver.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Where it was published; empty where `topic_alias` stands for it.
    pub topic: &'a str,
    /// MQTT 5: the number that is, or from now on shall be, the topic's.
    pub topic_alias: Option<u16>,
    /// Present for QoS 1 and 2.
    pub packet_id: Option<u16>,
    /// How surely this receiver gets it.
    pub qos: QoS,
    /// It may have been sent before.
    pub dup: bool,
    /// It was retained, or the receiver asked to be told that it is.
    pub retain: bool,
    /// MQTT 5: how long it may still wait, in seconds.
    pub expiry_seconds: Option<u32>,
    /// MQTT 5: the numbers of the subscriptions that it matched.
    pub subscription_identifiers: &'a [u32],
    /// MQTT 5: what the publisher said of it ([`crate::Properties::passed_on`]).
    pub properties: &'a [u8],
    /// The message.
    pub payload: &'a [u8],
}

impl Delivery<'_> {
    /// Length of the whole frame, in bytes; `None` if no frame is that long.
    pub fn encoded_bytes(&self, version: ProtocolVersion) -> Option<usize> {
        let remaining = self.remaining_bytes(version);
        let header = variable_bytes(remaining).saturating_add(1);
        (remaining <= REMAINING_LENGTH_MAX_BYTES).then(|| remaining.saturating_add(header))
    }

    /// Appends the frame. What [`Self::encoded_bytes`] says is too long is left out.
    pub fn append(&self, version: ProtocolVersion, out: &mut Vec<u8>) {
        let Some(total) = self.encoded_bytes(version) else { return };
        let Ok(topic_bytes) = u16::try_from(self.topic.len()) else { return };
        out.reserve(total);
        let dup = if self.dup { DUP } else { 0 };
        let retain = if self.retain { RETAIN } else { 0 };
        out.push(PacketType::Publish.bits() << 4 | dup | self.qos.bits() << 1 | retain);
        put_length(out, self.remaining_bytes(version));
        out.extend_from_slice(&topic_bytes.to_be_bytes());
        out.extend_from_slice(self.topic.as_bytes());
        if let Some(id) = self.packet_id {
            out.extend_from_slice(&id.to_be_bytes());
        }
        if version.is_v5() {
            self.append_properties(out);
        }
        out.extend_from_slice(self.payload);
    }

    fn append_properties(&self, out: &mut Vec<u8>) {
        put_length(out, self.property_bytes());
        if let Some(seconds) = self.expiry_seconds {
            out.push(PropertyId::MessageExpiryInterval.bits());
            out.extend_from_slice(&seconds.to_be_bytes());
        }
        if let Some(alias) = self.topic_alias {
            out.push(PropertyId::TopicAlias.bits());
            out.extend_from_slice(&alias.to_be_bytes());
        }
        for id in self.subscription_identifiers {
            out.push(PropertyId::SubscriptionIdentifier.bits());
            put_variable_integer(out, *id);
        }
        out.extend_from_slice(self.properties);
    }

    fn remaining_bytes(&self, version: ProtocolVersion) -> usize {
        let properties = if version.is_v5() {
            let bytes = self.property_bytes();
            bytes.saturating_add(variable_bytes(bytes))
        } else {
            0
        };
        let packet_id = if self.packet_id.is_some() { 2 } else { 0 };
        let parts = [2, self.topic.len(), packet_id, properties, self.payload.len()];
        parts.into_iter().fold(0, usize::saturating_add)
    }

    fn property_bytes(&self) -> usize {
        let own = if self.expiry_seconds.is_some() { 5usize } else { 0 };
        let own = own.saturating_add(if self.topic_alias.is_some() { 3 } else { 0 });
        let of_id = |id: &u32| variable_bytes(usize::try_from(*id).unwrap_or(usize::MAX));
        let ids = self.subscription_identifiers.iter().map(|id| of_id(id).saturating_add(1));
        ids.fold(own.saturating_add(self.properties.len()), usize::saturating_add)
    }
}

fn variable_bytes(value: usize) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        _ => 4,
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put_variable_integer(out, u32::try_from(length).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Publish;
    use crate::{Scan, scan};
    use ProtocolVersion::{V5, V311};

    fn delivery() -> Delivery<'static> {
        Delivery {
            topic: "a/b",
            topic_alias: None,
            packet_id: None,
            qos: QoS::AtMostOnce,
            dup: false,
            retain: false,
            expiry_seconds: None,
            subscription_identifiers: &[],
            properties: &[],
            payload: b"hi",
        }
    }

    #[test]
    fn it_is_written_in_both_versions_and_as_long_as_it_says() {
        let whole = Delivery {
            topic_alias: Some(3),
            packet_id: Some(9),
            qos: QoS::ExactlyOnce,
            dup: true,
            retain: true,
            expiry_seconds: Some(60),
            subscription_identifiers: &[1, 200, 268_435_455],
            properties: &[0x01, 1],
            ..delivery()
        };
        for (version, delivery) in
            [(V311, delivery()), (V5, delivery()), (V311, whole), (V5, whole)]
        {
            let mut frame = Vec::new();
            delivery.append(version, &mut frame);
            assert_eq!(delivery.encoded_bytes(version), Some(frame.len()));
            let Ok(Scan::Frame(found)) = scan(&frame, frame.len()) else { panic!("no frame") };
            let publish = Publish::parse(version, found.flags, found.body(&frame)).unwrap();
            assert_eq!((publish.topic, publish.payload), ("a/b", &b"hi"[..]));
            assert_eq!(publish.packet_id, delivery.packet_id);
            assert_eq!((publish.dup, publish.retain), (delivery.dup, delivery.retain));
            if version.is_v5() {
                assert_eq!(publish.topic_alias, delivery.topic_alias);
                assert_eq!(publish.properties.message_expiry_seconds(), delivery.expiry_seconds);
            }
        }
    }

    #[test]
    fn what_the_publisher_said_of_it_goes_on_and_what_was_for_the_server_does_not() {
        // Alias 7, expiry 5, content type "t", payload format 1.
        let body = b"\0\x01a\x0E\x23\0\x07\x02\0\0\0\x05\x03\0\x01t\x01\x01hi";
        let publish = Publish::parse(V5, 0, body).unwrap();
        assert_eq!(publish.properties.passed_on(), b"\x03\0\x01t\x01\x01");
        assert_eq!(publish.properties.message_expiry_seconds(), Some(5));
    }
}
