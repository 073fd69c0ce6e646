//! A message comes into the queue of one session.

use std::sync::Arc;

use fleetward_mqtt::QoS;

use super::Broker;
use crate::keep::Keep;
use crate::message::MessageId;
use crate::session::{Entry, Subscription};
use crate::subscriptions::Slot;

/// What a message is to one receiver.
#[derive(Debug)]
pub(super) struct Copy {
    message: MessageId,
    /// The most that its subscriptions want.
    qos: QoS,
    /// One of them wants the retain flag as published.
    as_published: bool,
    /// It is sent because it is retained.
    pub(super) is_replay: bool,
    identifiers: Vec<u32>,
}

impl Copy {
    pub(super) fn of(message: MessageId) -> Self {
        Self {
            message,
            qos: QoS::AtMostOnce,
            as_published: false,
            is_replay: false,
            identifiers: Vec::new(),
        }
    }

    /// It matches this subscription too.
    pub(super) fn add(&mut self, subscription: &Subscription) {
        self.qos = self.qos.max(subscription.qos);
        self.as_published |= subscription.retain_as_published;
        if subscription.identifier > 0 {
            self.identifiers.push(subscription.identifier);
        }
    }
}

impl Broker {
    /// Queues the message for a session; whether it will get it. `is_kept`: whether the store has
    /// the message itself.
    pub(super) fn deliver(
        &mut self,
        now_ms: u64,
        slot: Slot,
        copy: &Copy,
        is_kept: &mut bool,
    ) -> bool {
        let Some(message) = self.pool.get(copy.message).map(Arc::clone) else { return false };
        let qos = copy.qos.min(message.qos);
        let retain = copy.is_replay || (copy.as_published && message.retain);
        self.drop_expired(now_ms, slot);
        let Some(session) = self.sessions.get_mut(slot) else { return false };
        let is_persistent = session.is_persistent();
        // QoS 0 is for whoever is there.
        if session.online.is_none() && qos == QoS::AtMostOnce {
            return false;
        }
        let (waiting, bytes) = (session.outbound.len(), session.outbound.bytes());
        let limits = &self.limits;
        let is_full = waiting >= limits.queue_max_messages
            || self.queued >= limits.queued_max
            || (waiting > 0 && bytes + message.held_bytes() > limits.queue_max_bytes);
        if is_full {
            self.losses.queue_full += 1;
            return false;
        }
        let identifiers = self.sets.insert(&copy.identifiers);
        let entry = Entry::new(copy.message, qos, retain, identifiers);
        session.outbound.push(entry, message.held_bytes());
        self.queued += 1;
        self.pool.hold(copy.message);
        if let Some(online) = session.online.as_deref()
            && !online.is_stalled
            && self.limits.is_congested(waiting, bytes)
        {
            self.congested = Some(slot);
        }
        if is_persistent && qos > QoS::AtMostOnce {
            let client_id = Arc::clone(&session.client_id);
            let number = message.number;
            if !std::mem::replace(is_kept, true) {
                self.keep(Keep::Message(message));
            }
            let identifiers = copy.identifiers.clone().into();
            self.keep(Keep::Queued { client_id, message: number, qos, retain, identifiers });
        }
        self.mark_dirty(slot);
        true
    }

    /// Takes out what has waited too long at the front of a queue that nobody takes from.
    fn drop_expired(&mut self, now_ms: u64, slot: Slot) {
        while let Some(session) = self.sessions.get(slot)
            && let Some(oldest) = session.outbound.oldest()
            && !oldest.may_be_there()
            && self.pool.get(oldest.message).is_some_and(|message| message.is_expired(now_ms))
        {
            self.losses.expired += 1;
            self.discard(slot, 0, oldest);
        }
    }

    /// Takes an entry out of a session's queue: it is done with, whatever became of it.
    pub(super) fn discard(&mut self, slot: Slot, at: usize, entry: Entry) {
        let Some(message) = self.pool.get(entry.message) else { return };
        let (bytes, number) = (message.held_bytes(), message.number);
        let Some(session) = self.sessions.get_mut(slot) else { return };
        session.outbound.remove(at, bytes);
        if session.is_persistent() && entry.qos() > QoS::AtMostOnce {
            let client_id = Arc::clone(&session.client_id);
            // Identifiers of QoS 1 are not kept.
            let packet_id = if entry.qos() == QoS::ExactlyOnce { entry.packet_id } else { 0 };
            self.keep(Keep::Done { client_id, message: number, packet_id });
        }
        self.let_go(entry);
    }

    /// Lets go of an entry that is out of the queue already and was never kept.
    pub(super) fn forget_entry(&mut self, slot: Slot, entry: Entry) {
        let bytes = self.pool.get(entry.message).map_or(0, |message| message.held_bytes());
        if let Some(session) = self.sessions.get_mut(slot) {
            session.outbound.forget_bytes(bytes);
        }
        self.let_go(entry);
    }

    /// An entry that is in no queue any more.
    pub(super) fn let_go(&mut self, entry: Entry) {
        self.queued = self.queued.saturating_sub(1);
        self.sets.remove(entry.identifiers);
        self.pool.release(entry.message);
    }
}
