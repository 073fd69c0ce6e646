//! What goes to a client: answers first, then messages, as many as it and the buffer take.

use std::sync::Arc;

use fleetward_mqtt::packet::{Answer, AnswerKind, ping};
use fleetward_mqtt::{ProtocolVersion, QoS, ReasonCode};

use super::{Broker, Close, Pace};
use crate::keep::Keep;
use crate::message::Message;
use crate::session::{Entry, Gate, Held, LinkId};

/// Messages that one call looks at and does not send: expired, too large, not allowed.
const PASSED_OVER_MAX: usize = 1_000;

/// Whether a client may receive what was published there. It is asked when the message is about
/// to go out, so that what policy says now counts; it may remember what it said.
pub trait Authority {
    /// Whether it may.
    fn may_receive(&mut self, topic: &str) -> bool;
}

impl<F: FnMut(&str) -> bool> Authority for F {
    fn may_receive(&mut self, topic: &str) -> bool {
        self(topic)
    }
}

/// What [`Broker::take`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The broker has ended the connection: it is closed once the bytes are written.
    pub end: Option<ReasonCode>,
    /// Whether to read the client; after [`super::Pace::Wait`] not until this says so.
    pub may_read: bool,
    /// There is more to be taken at once.
    pub has_more: bool,
}

/// What is to be done with the entry that is next.
enum Next {
    /// Nothing can be sent.
    Nothing,
    /// Out it goes.
    Sent,
    /// It was taken out.
    PassedOver,
}

impl Broker {
    /// Appends what the client is to get to `out`, up to about `max_bytes`: what is begun is
    /// finished.
    pub fn take(
        &mut self,
        now_ms: u64,
        link: LinkId,
        authority: &mut impl Authority,
        out: &mut Vec<u8>,
        max_bytes: usize,
    ) -> Output {
        let Some(online) = self.online_mut(link) else {
            let end = self.ended.remove(&link).or(Some(ReasonCode::UNSPECIFIED_ERROR));
            return Output { end, may_read: false, has_more: false };
        };
        online.is_dirty = false;
        // A buffer that was large once is not kept.
        let mut answers = std::mem::take(&mut online.answers);
        let is_open = online.is_open;
        if !std::mem::take(&mut online.has_own) {
            out.append(&mut answers);
        }
        let mut has_more = false;
        if is_open {
            self.take_due(now_ms, link, out);
            has_more = self.take_messages(now_ms, link, authority, out, max_bytes);
            self.check_drained(link.slot);
        }
        out.append(&mut answers);
        let (answers, unanswered) = (self.limits.answers_max_bytes, self.limits.receive_maximum);
        let online = self.online_mut(link);
        let may_read = online.is_some_and(|online| online.may_read(answers, unanswered));
        Output { end: None, may_read, has_more }
    }

    /// PINGREQ of a client.
    ///
    /// # Errors
    /// [`Close`], if the connection is not the session's any more.
    pub fn ping(&mut self, now_ms: u64, link: LinkId) -> Result<Pace, Close> {
        self.living(link)?;
        if let Some(online) = self.online_mut(link) {
            online.answers.extend_from_slice(&ping::PINGRESP);
        }
        self.mark_dirty(link.slot);
        Ok(self.pace(now_ms, link))
    }

    /// The bytes of DISCONNECT for a connection that its owner closes; none for MQTT 3.1.1, which
    /// knows none from a server.
    pub fn goodbye(version: ProtocolVersion, reason: ReasonCode) -> Vec<u8> {
        let mut out = Vec::new();
        Self::say_goodbye(version, reason, &mut out);
        out
    }

    /// Whether there is more at once.
    fn take_messages(
        &mut self,
        now_ms: u64,
        link: LinkId,
        authority: &mut impl Authority,
        out: &mut Vec<u8>,
        max_bytes: usize,
    ) -> bool {
        let mut passed_over = 0;
        loop {
            if out.len() >= max_bytes || passed_over >= PASSED_OVER_MAX {
                return self.next_to_send(link).is_some();
            }
            match self.take_one(now_ms, link, authority, out) {
                Next::Nothing => return false,
                Next::Sent => {}
                Next::PassedOver => passed_over += 1,
            }
        }
    }

    /// Where the next entry stands that may be sent now, and it.
    pub(super) fn next_to_send(&self, link: LinkId) -> Option<(usize, Entry)> {
        let session = self.session_of(link)?;
        let (at, entry) = session.outbound.next()?;
        let most = session.online.as_ref()?.receive_maximum;
        let may_go = entry.qos() == QoS::AtMostOnce || session.outbound.in_flight() < most;
        may_go.then_some((at, entry))
    }

    fn take_one(
        &mut self,
        now_ms: u64,
        link: LinkId,
        authority: &mut impl Authority,
        out: &mut Vec<u8>,
    ) -> Next {
        let Some((at, entry)) = self.next_to_send(link) else { return Next::Nothing };
        let Some(message) = self.pool.get(entry.message).map(Arc::clone) else {
            return Next::Nothing;
        };
        if entry.is_released() {
            self.send_release(link, out);
            return Next::Sent;
        }
        if self.is_lost(now_ms, &message, entry, authority) {
            self.discard(link.slot, at, entry);
            return Next::PassedOver;
        }
        let mut identifiers = Vec::new();
        self.sets.read(entry.identifiers, &mut identifiers);
        let Some(session) = self.session_mut(link) else { return Next::Nothing };
        let is_persistent = session.is_persistent();
        let Some(online) = session.online.as_deref_mut() else { return Next::Nothing };
        if !online.fits(now_ms, &message, entry, &identifiers) {
            self.losses.too_large += 1;
            self.discard(link.slot, at, entry);
            return Next::PassedOver;
        }
        // Nobody answers QoS 0: sent is done.
        if entry.qos() == QoS::AtMostOnce {
            online.append(now_ms, &message, (entry, false), &identifiers, out);
            self.discard(link.slot, at, entry);
            return Next::Sent;
        }
        let is_first = entry.packet_id == 0;
        let Some(packet_id) = session.outbound.send_next() else { return Next::Nothing };
        if is_first && entry.qos() == QoS::ExactlyOnce && is_persistent {
            let client_id = Arc::clone(&session.client_id);
            self.keep(Keep::Sent { client_id, message: message.number, packet_id });
            self.hold_publish(link, packet_id);
        } else {
            let sent = (entry.numbered(packet_id), !is_first);
            online.append(now_ms, &message, sent, &identifiers, out);
        }
        Next::Sent
    }

    /// Whether the client does not get the message any more. What may be with it already has to
    /// be settled with it.
    fn is_lost(
        &mut self,
        now_ms: u64,
        message: &Message,
        entry: Entry,
        authority: &mut impl Authority,
    ) -> bool {
        if entry.packet_id != 0 {
            return false;
        }
        if message.is_expired(now_ms) {
            self.losses.expired += 1;
            return true;
        }
        let may_not = !authority.may_receive(&message.topic);
        self.losses.not_authorized += u64::from(may_not);
        may_not
    }

    /// A QoS 2 message goes out once its identifier is kept: used for another message after a
    /// crash, it would make the client take that one for a copy of this one.
    fn hold_publish(&mut self, link: LinkId, packet_id: u16) {
        let (asked, kept) = (self.asked, self.kept);
        let Some(online) = self.online_mut(link) else { return };
        if asked <= kept && online.waiting.is_empty() {
            return online.due.push(packet_id);
        }
        online.waiting.push_back((Gate::Kept(asked), Held::Publish { packet_id }));
        self.gated.push_back((asked, link));
    }

    /// QoS 2 messages whose identifiers are kept now.
    fn take_due(&mut self, now_ms: u64, link: LinkId, out: &mut Vec<u8>) {
        let Some(online) = self.online_mut(link) else { return };
        for packet_id in std::mem::take(&mut online.due) {
            let Some(session) = self.session_of(link) else { return };
            let Some((_, entry)) = session.outbound.find(packet_id) else { continue };
            let Some(message) = self.pool.get(entry.message).map(Arc::clone) else { continue };
            let mut identifiers = Vec::new();
            self.sets.read(entry.identifiers, &mut identifiers);
            if let Some(online) = self.online_mut(link) {
                online.append(now_ms, &message, (entry, false), &identifiers, out);
            }
        }
    }

    /// After a reconnect the client is told once more that it may forget the identifier.
    fn send_release(&mut self, link: LinkId, out: &mut Vec<u8>) {
        let Some(session) = self.session_mut(link) else { return };
        let Some(packet_id) = session.outbound.send_next() else { return };
        let Some(online) = session.online.as_deref() else { return };
        let release = Answer::new(AnswerKind::Pubrel, packet_id, ReasonCode::SUCCESS);
        if let Ok(frame) = release.encode(online.version) {
            out.extend_from_slice(&frame);
        }
    }
}
