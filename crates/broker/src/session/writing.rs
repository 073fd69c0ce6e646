//! A queued message becomes the bytes that its receiver gets.

use fleetward_mqtt::QoS;
use fleetward_mqtt::packet::Delivery;

use super::{Entry, Online};
use crate::message::Message;

impl Online {
    /// Whether the client takes a packet that large.
    pub(crate) fn fits(
        &self,
        now_ms: u64,
        message: &Message,
        entry: Entry,
        identifiers: &[u32],
    ) -> bool {
        let delivery = self.delivery(now_ms, message, (entry, false), identifiers);
        let bytes = delivery.encoded_bytes(self.version);
        let bytes = bytes.and_then(|bytes| u32::try_from(bytes).ok());
        bytes.is_some_and(|bytes| bytes <= self.packet_max_bytes)
    }

    /// Appends the message; a topic that comes again goes by its alias if the client knows any.
    pub(crate) fn append(
        &mut self,
        now_ms: u64,
        message: &Message,
        entry: (Entry, bool),
        identifiers: &[u32],
        out: &mut Vec<u8>,
    ) {
        let delivery = self.delivery(now_ms, message, entry, identifiers);
        delivery.append(self.version, out);
        let is_new = delivery.topic_alias.is_some() && !delivery.topic.is_empty();
        if is_new {
            self.aliases.push((&*message.topic).into());
        }
    }

    fn delivery<'a>(
        &self,
        now_ms: u64,
        message: &'a Message,
        (entry, is_again): (Entry, bool),
        identifiers: &'a [u32],
    ) -> Delivery<'a> {
        let known = self.aliases.iter().position(|topic| **topic == *message.topic);
        let alias = match known {
            Some(at) => Some(at + 1),
            None if self.aliases.len() < usize::from(self.alias_maximum) => {
                Some(self.aliases.len() + 1)
            }
            None => None,
        };
        let qos = entry.qos();
        Delivery {
            topic: if known.is_some() { "" } else { &message.topic },
            topic_alias: alias.and_then(|alias| u16::try_from(alias).ok()),
            // While only its length counts, any identifier does.
            packet_id: (qos > QoS::AtMostOnce).then_some(entry.packet_id),
            qos,
            dup: is_again || (qos > QoS::AtMostOnce && entry.is_old()),
            retain: entry.retain(),
            expiry_seconds: message.expiry_seconds(now_ms),
            subscription_identifiers: identifiers,
            properties: message.properties(),
            payload: message.payload(),
        }
    }
}
