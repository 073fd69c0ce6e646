//! What is retained, and whether there is room for it.

use std::sync::Arc;

use fleetward_mqtt::ReasonCode;

use super::Broker;
use super::notice::{Notice, SERVER, is_servers_own};
use crate::deadlines::Due;
use crate::keep::Keep;
use crate::message::Message;
use crate::retained::Entry;

impl Broker {
    /// Whether there is room for the message, and its topic is one that is accepted.
    pub(super) fn check_message(
        &self,
        notice: &Notice<'_>,
        principal: u64,
    ) -> Result<(), ReasonCode> {
        let limits = &self.limits;
        if limits.check_topic(notice.topic).is_err() {
            return Err(ReasonCode::TOPIC_NAME_INVALID);
        }
        if principal != SERVER && is_servers_own(notice.topic) {
            return Err(ReasonCode::NOT_AUTHORIZED);
        }
        let bytes = notice.payload.len() + notice.properties.len() + notice.topic.len();
        if self.pool.bytes() + bytes > limits.held_max_bytes {
            return Err(ReasonCode::QUOTA_EXCEEDED);
        }
        if notice.retain && !notice.payload.is_empty() {
            let old = self.retained.get(notice.topic);
            let usage = self.usage.get(&principal).copied().unwrap_or_default();
            let is_own = old.is_some_and(|old| old.principal == principal);
            if (old.is_none() && self.retained.len() >= limits.retained_max)
                || (!is_own && usage.retained >= limits.retained_per_principal)
                || self.retained.bytes() + bytes > limits.retained_max_bytes
            {
                return Err(ReasonCode::QUOTA_EXCEEDED);
            }
        }
        Ok(())
    }

    pub(super) fn retain(&mut self, principal: u64, message: &Arc<Message>) {
        let topic = Arc::clone(&message.topic);
        if message.payload().is_empty() {
            if self.forget_retained(&topic) {
                self.keep(Keep::Cleared { topic });
            }
            return;
        }
        self.put_retained(principal, message);
        self.keep(Keep::Retained { message: Arc::clone(message), principal });
    }

    pub(super) fn put_retained(&mut self, principal: u64, message: &Arc<Message>) {
        self.forget_retained(&message.topic);
        let id = self.pool.insert(Arc::clone(message));
        let entry = Entry { message: id, bytes: message.held_bytes(), principal };
        self.retained.put(Arc::clone(&message.topic), entry);
        self.usage.entry(principal).or_default().retained += 1;
        if let Some(at) = message.expires_at_ms {
            self.deadlines.add(at, Due::Retained(Arc::clone(&message.topic)));
        }
    }

    /// Whether there was one.
    pub(super) fn forget_retained(&mut self, topic: &Arc<str>) -> bool {
        let Some(old) = self.retained.remove(topic) else { return false };
        if let Some(at) = self.pool.get(old.message).and_then(|message| message.expires_at_ms) {
            self.deadlines.remove(at, Due::Retained(Arc::clone(topic)));
        }
        self.pool.release(old.message);
        if let Some(usage) = self.usage.get_mut(&old.principal) {
            usage.retained = usage.retained.saturating_sub(1);
        }
        self.forget_idle(old.principal);
        true
    }
}
