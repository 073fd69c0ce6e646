//! How connections and sessions end.

use std::sync::Arc;

use fleetward_mqtt::packet::Disconnect;
use fleetward_mqtt::{PropertyId, PropertyValue, ProtocolVersion, ReasonCode};

use super::{Broker, Close};
use crate::deadlines::Due;
use crate::keep::Keep;
use crate::session::LinkId;
use crate::subscriptions::Slot;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Without a word, or by a fault of the client: its will is published.
    Lost,
    /// By the server, which has reason not to publish its will.
    Cut,
}

impl Broker {
    /// DISCONNECT: the connection is over, and its link with it.
    ///
    /// # Errors
    /// [`Close`] with a protocol error, if a session that was to end with its connection now is
    /// not to; the connection is then to be closed by [`Broker::close`].
    pub fn disconnect(
        &mut self,
        now_ms: u64,
        link: LinkId,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), Close> {
        let most = self.limits.session_expiry_max_seconds;
        let session = self.living(link)?;
        let asked = match disconnect.properties.get(PropertyId::SessionExpiryInterval) {
            Some(PropertyValue::FourBytes(seconds)) => Some(seconds.min(most)),
            _ => None,
        };
        if let Some(seconds) = asked {
            // MQTT 5, 3.14.2.2.2.
            if !session.is_persistent() && seconds > 0 {
                return Err(Close(ReasonCode::PROTOCOL_ERROR));
            }
            session.expiry_seconds = seconds;
        }
        if !disconnect.publishes_will() {
            session.will = None;
        }
        self.detach(now_ms, link, Ending::Lost);
        Ok(())
    }

    /// The connection is over without DISCONNECT. One that is not the session's any more is
    /// forgotten.
    pub fn close(&mut self, now_ms: u64, link: LinkId, ending: Ending) {
        self.ended.remove(&link);
        self.detach(now_ms, link, ending);
    }

    /// Ends a connection by the server's will: its owner is told by [`Broker::take`]. The will is
    /// not published.
    pub fn cut(&mut self, now_ms: u64, link: LinkId, reason: ReasonCode) {
        if self.session_of(link).is_some() {
            self.detach(now_ms, link, Ending::Cut);
            self.ended.insert(link, reason);
            self.dirty.push(link);
        }
    }

    /// The bytes of DISCONNECT, which MQTT 3.1.1 does not know from a server.
    pub(super) fn say_goodbye(version: ProtocolVersion, reason: ReasonCode, out: &mut Vec<u8>) {
        if version.is_v5()
            && let Ok(frame) = Disconnect::new(reason).encode(version)
        {
            out.extend_from_slice(&frame);
        }
    }

    /// Takes the connection from its session, which goes on without or ends.
    pub(super) fn detach(&mut self, now_ms: u64, link: LinkId, ending: Ending) {
        if self.session_of(link).is_none() {
            return;
        }
        let slot = link.slot;
        self.wake_waiters(slot);
        self.forget_undecided(link);
        let Some(session) = self.sessions.get_mut(slot) else { return };
        session.online = None;
        let lost = session.outbound.end_connection();
        let will = session.will.take().filter(|_| ending == Ending::Lost);
        let (expiry, is_kept) = (session.expiry_seconds, session.is_kept);
        for entry in lost {
            self.forget_entry(slot, entry);
        }
        if let Some(mut will) = will {
            // It waits at most as long as the session lives.
            let delay = will.delay_seconds.min(expiry);
            if delay == 0 {
                self.publish_will(now_ms, slot, &will);
            } else {
                let at = now_ms.saturating_add(u64::from(delay) * 1_000);
                will.due_at_ms = Some(at);
                self.deadlines.add(at, Due::Will(slot));
                if let Some(session) = self.sessions.get_mut(slot) {
                    session.will = Some(will);
                }
            }
        }
        if expiry == 0 {
            return self.end_session(now_ms, slot);
        }
        let Some(session) = self.sessions.get_mut(slot) else { return };
        // The highest number of seconds means for ever (MQTT 5, 3.1.2.11.2).
        if expiry < u32::MAX {
            let at = now_ms.saturating_add(u64::from(expiry) * 1_000);
            session.ends_at_ms = Some(at);
            self.deadlines.add(at, Due::Session(slot));
        }
        if is_kept {
            let keep = Keep::Session {
                client_id: Arc::clone(&session.client_id),
                principal: session.principal,
                expiry_seconds: expiry,
                offline_since_ms: Some(now_ms),
            };
            self.keep(keep);
        }
    }

    /// Ends a session that is not connected, with all that it holds; a will that still waits is
    /// published first.
    pub(super) fn end_session(&mut self, now_ms: u64, slot: Slot) {
        if let Some(session) = self.sessions.get_mut(slot)
            && let Some(will) = session.will.take()
        {
            if let Some(at) = will.due_at_ms {
                self.deadlines.remove(at, Due::Will(slot));
            }
            self.publish_will(now_ms, slot, &will);
        }
        // From here on nobody finds it; what points to it goes next.
        let Some(mut session) = self.sessions.remove(slot) else { return };
        let hash = self.seed.of(&*session.client_id);
        if let Ok(entry) = self.by_client.find_entry(hash, |known| *known == slot) {
            entry.remove();
        }
        if let Some(at) = session.ends_at_ms {
            self.deadlines.remove(at, Due::Session(slot));
        }
        if let Some(usage) = self.usage.get_mut(&session.principal) {
            usage.sessions = usage.sessions.saturating_sub(1);
        }
        self.forget_idle(session.principal);
        for subscription in std::mem::take(&mut session.subscriptions) {
            self.take_from_index(slot, subscription);
        }
        for entry in session.outbound.drain() {
            self.let_go(entry);
        }
        if session.is_kept {
            self.keep(Keep::Ended { client_id: session.client_id });
        }
    }

    /// Forgets a principal that has nothing.
    pub(super) fn forget_idle(&mut self, principal: u64) {
        if let Some(usage) = self.usage.get(&principal)
            && usage.sessions == 0
            && usage.retained == 0
        {
            self.usage.remove(&principal);
        }
    }
}
