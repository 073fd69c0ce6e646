//! The broker as it was when it was kept last.

use std::collections::HashMap;
use std::sync::Arc;

use fleetward_mqtt::packet::SubscribeFilter;
use fleetward_mqtt::topic::TopicFilter;

use super::Broker;
use crate::deadlines::Due;
use crate::keep::{Keep, Kept, KeptEntry, KeptSession};
use crate::limits::Limits;
use crate::message::MessageId;
use crate::session::Entry;
use crate::subscriptions::Slot;

impl Broker {
    /// A broker with the sessions, messages and retained messages of `kept`. Nobody is connected;
    /// sessions that were have their connection end now. What does not fit the limits any more is
    /// left out.
    pub fn restore(limits: Limits, seed: u128, kept: &Kept, now_ms: u64) -> Self {
        let mut broker = Self::new(limits, seed);
        let retained = kept.retained.values().map(|(message, _)| message.number);
        let waiting = kept.messages.keys().copied();
        broker.numbers = retained.chain(waiting).max().unwrap_or(0);
        let mut pooled = HashMap::new();
        for (number, (message, _)) in &kept.messages {
            pooled.insert(*number, broker.pool.insert(Arc::clone(message)));
        }
        for (client_id, session) in &kept.sessions {
            let slot = broker.new_session(Arc::clone(client_id), session.principal);
            broker.restore_session(slot, session, &pooled, now_ms);
        }
        broker.end_outlived(now_ms);
        for (message, principal) in kept.retained.values() {
            broker.put_retained(*principal, message);
        }
        // The queues hold them now.
        for id in pooled.into_values() {
            broker.pool.release(id);
        }
        broker
    }

    /// Ends sessions that were to end with their connections, and those whose time was over while
    /// the server was down.
    fn end_outlived(&mut self, now_ms: u64) {
        while let Some(Due::Session(slot)) = self.deadlines.pop(now_ms) {
            if let Some(session) = self.sessions.get_mut(slot) {
                session.ends_at_ms = None;
            }
            self.end_session(now_ms, slot);
        }
    }

    fn restore_session(
        &mut self,
        slot: Slot,
        kept: &KeptSession,
        pooled: &HashMap<u64, MessageId>,
        now_ms: u64,
    ) {
        for subscription in &kept.subscriptions {
            let Ok(filter) = TopicFilter::parse(&subscription.filter) else { continue };
            let wanted = SubscribeFilter {
                no_local: subscription.no_local,
                retain_as_published: subscription.retain_as_published,
                ..SubscribeFilter::new(&subscription.filter, subscription.qos)
            };
            // One that does not fit lower limits is lost.
            let _ = self.add_subscription(slot, &filter, &wanted, subscription.identifier);
        }
        for entry in &kept.queue {
            if let Some(id) = pooled.get(&entry.message) {
                self.restore_entry(slot, entry, *id);
            }
        }
        let Some(session) = self.sessions.get_mut(slot) else { return };
        for packet_id in &kept.received {
            session.inbound.take(*packet_id, 0);
        }
        session.is_kept = true;
        session.expiry_seconds = kept.expiry_seconds;
        let since = kept.offline_since_ms.unwrap_or(now_ms);
        if kept.expiry_seconds < u32::MAX {
            let at = since.saturating_add(u64::from(kept.expiry_seconds) * 1_000);
            session.ends_at_ms = Some(at);
            self.deadlines.add(at, Due::Session(slot));
        }
        // A server that dies again and again would else let it live for ever.
        if kept.offline_since_ms.is_none() {
            let keep = Keep::Session {
                client_id: Arc::clone(&session.client_id),
                principal: kept.principal,
                expiry_seconds: kept.expiry_seconds,
                offline_since_ms: Some(since),
            };
            self.keep(keep);
        }
    }

    fn restore_entry(&mut self, slot: Slot, kept: &KeptEntry, id: MessageId) {
        let Some(bytes) = self.pool.get(id).map(|message| message.held_bytes()) else { return };
        let identifiers = self.sets.insert(&kept.identifiers);
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let entry = Entry::new(id, kept.qos, kept.retain, identifiers)
            .restored(kept.packet_id, kept.is_released);
        session.outbound.push(entry, bytes);
        self.queued += 1;
        self.pool.hold(id);
    }
}
