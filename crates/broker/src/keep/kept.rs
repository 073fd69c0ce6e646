//! What the commands come to: the meaning of [`Keep`], and the keeper of tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_mqtt::QoS;

use super::{Keep, KeptSubscription};
use crate::message::Message;

/// All that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Sessions by client id.
    pub sessions: BTreeMap<Arc<str>, KeptSession>,
    /// Messages that wait, by number, and for how many sessions.
    pub messages: BTreeMap<u64, (Arc<Message>, usize)>,
    /// Retained messages by topic, and whose they are.
    pub retained: BTreeMap<Arc<str>, (Arc<Message>, u64)>,
}

/// A session that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptSession {
    /// Whom it belongs to.
    pub principal: u64,
    /// How long it outlives its connection, in seconds.
    pub expiry_seconds: u32,
    /// When its connection ended, in milliseconds, if that is known.
    pub offline_since_ms: Option<u64>,
    /// Its subscriptions, each filter once.
    pub subscriptions: Vec<KeptSubscription>,
    /// What waits for it, in order.
    pub queue: Vec<KeptEntry>,
    /// Packet identifiers of its own QoS 2 messages that were taken and not released.
    pub received: Vec<u16>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEntry {
    /// Which message.
    pub message: u64,
    /// How surely.
    pub qos: QoS,
    /// With the retain flag.
    pub retain: bool,
    /// The numbers of the subscriptions that it matched.
    pub identifiers: Box<[u32]>,
    /// Of a QoS 2 message that may have been sent; else zero.
    pub packet_id: u16,
    /// It was received and is to be released.
    pub is_released: bool,
}

impl Kept {
    /// Does what the command says. What names something that is not there does nothing.
    pub fn apply(&mut self, keep: &Keep) {
        match keep {
            Keep::Session { client_id, principal, expiry_seconds, offline_since_ms } => {
                let session = self.sessions.entry(Arc::clone(client_id)).or_default();
                session.principal = *principal;
                session.expiry_seconds = *expiry_seconds;
                session.offline_since_ms = *offline_since_ms;
            }
            Keep::Ended { client_id } => {
                let ended = self.sessions.remove(client_id);
                for entry in ended.into_iter().flat_map(|session| session.queue) {
                    self.release(entry.message);
                }
            }
            Keep::Message(message) => {
                let new = || (Arc::clone(message), 0);
                self.messages.entry(message.number).or_insert_with(new);
            }
            Keep::Retained { message, principal } => {
                let value = (Arc::clone(message), *principal);
                self.retained.insert(Arc::clone(&message.topic), value);
            }
            Keep::Cleared { topic } => drop(self.retained.remove(topic)),
            Keep::Subscribed { client_id, .. }
            | Keep::Unsubscribed { client_id, .. }
            | Keep::Queued { client_id, .. }
            | Keep::Sent { client_id, .. }
            | Keep::Released { client_id, .. }
            | Keep::Done { client_id, .. }
            | Keep::Received { client_id, .. }
            | Keep::Forgotten { client_id, .. } => {
                // Of a session that is over nothing is kept.
                let Some(session) = self.sessions.get_mut(client_id) else { return };
                if let Some(released) = session.apply(keep) {
                    self.release(released);
                }
                if let Keep::Queued { message, .. } = keep
                    && let Some((_, holders)) = self.messages.get_mut(message)
                {
                    *holders += 1;
                }
            }
        }
    }

    fn release(&mut self, number: u64) {
        let Some((_, holders)) = self.messages.get_mut(&number) else { return };
        *holders = holders.saturating_sub(1);
        if *holders == 0 {
            self.messages.remove(&number);
        }
    }
}

impl KeptSession {
    /// Gives the number of a message that waits no more.
    fn apply(&mut self, keep: &Keep) -> Option<u64> {
        match keep {
            Keep::Subscribed { subscription, .. } => {
                // A filter has one subscription in a session (MQTT 5, 3.8.4).
                let same = |known: &&mut KeptSubscription| known.filter == subscription.filter;
                match self.subscriptions.iter_mut().find(same) {
                    Some(known) => *known = subscription.clone(),
                    None => self.subscriptions.push(subscription.clone()),
                }
            }
            Keep::Unsubscribed { filter, .. } => {
                self.subscriptions.retain(|known| known.filter != *filter);
            }
            Keep::Queued { message, qos, retain, identifiers, .. } => self.queue.push(KeptEntry {
                message: *message,
                qos: *qos,
                retain: *retain,
                identifiers: identifiers.clone(),
                packet_id: 0,
                is_released: false,
            }),
            Keep::Sent { message, packet_id, .. } => {
                self.find(*message, 0)?.packet_id = *packet_id;
            }
            Keep::Released { packet_id, .. } => {
                let entry = self.queue.iter_mut().find(|entry| entry.packet_id == *packet_id)?;
                entry.is_released = true;
            }
            Keep::Done { message, packet_id, .. } => {
                let is_it =
                    |entry: &KeptEntry| entry.message == *message && entry.packet_id == *packet_id;
                let at = self.queue.iter().position(is_it)?;
                return Some(self.queue.remove(at).message);
            }
            Keep::Received { packet_id, .. } => self.received.push(*packet_id),
            Keep::Forgotten { packet_id, .. } => self.received.retain(|id| id != packet_id),
            _ => {}
        }
        None
    }

    fn find(&mut self, message: u64, packet_id: u16) -> Option<&mut KeptEntry> {
        let is_it = |entry: &&mut KeptEntry| {
            entry.message == message
                && entry.packet_id == packet_id
                && entry.qos != QoS::AtLeastOnce
        };
        self.queue.iter_mut().find(is_it)
    }
}
