//! PUBACK, PUBREC, PUBREL and PUBCOMP of a client.

use std::sync::Arc;

use fleetward_mqtt::packet::{Answer, AnswerKind};
use fleetward_mqtt::{QoS, ReasonCode};

use super::{Broker, Close, Pace};
use crate::keep::Keep;
use crate::session::{Entry, Held, LinkId};

impl Broker {
    /// One of the four. What answers nothing that was sent is passed over, as others do, and a
    /// release is answered.
    ///
    /// # Errors
    /// [`Close`] with a protocol error for an answer that the message's QoS does not have, or not
    /// yet.
    pub fn answer(
        &mut self,
        now_ms: u64,
        link: LinkId,
        answer: &Answer<'_>,
    ) -> Result<Pace, Close> {
        let session = self.living(link)?;
        let packet_id = answer.packet_id;
        let found = session.outbound.find(packet_id);
        let misplaced = Err(Close(ReasonCode::PROTOCOL_ERROR));
        match (answer.kind, found) {
            (AnswerKind::Puback, Some((at, entry))) if entry.qos() == QoS::AtLeastOnce => {
                self.done(link, at, entry);
            }
            (AnswerKind::Pubrec, Some((at, entry))) if entry.qos() == QoS::ExactlyOnce => {
                if answer.reason.is_failure() {
                    self.done(link, at, entry);
                } else {
                    self.release(link, at, entry);
                }
            }
            // It may be of a message that is done with on this side only.
            (AnswerKind::Pubrec, None) if !answer.reason.is_failure() => {
                self.say(link, AnswerKind::Pubrel, packet_id, false);
            }
            (AnswerKind::Pubrel, _) => {
                let waits = self.forget_received(link, packet_id);
                self.say(link, AnswerKind::Pubcomp, packet_id, waits);
            }
            (AnswerKind::Pubcomp, Some((at, entry))) if entry.is_released() => {
                self.done(link, at, entry);
            }
            (_, None) => {}
            (_, Some(_)) => return misplaced,
        }
        Ok(self.pace(now_ms, link))
    }

    /// The client has the message; it may have the next one.
    fn done(&mut self, link: LinkId, at: usize, entry: Entry) {
        self.discard(link.slot, at, entry);
        self.check_drained(link.slot);
        if self.session_of(link).is_some_and(|session| session.outbound.next().is_some()) {
            self.mark_dirty(link.slot);
        }
    }

    fn release(&mut self, link: LinkId, at: usize, entry: Entry) {
        let Some(session) = self.session_mut(link) else { return };
        session.outbound.release(at);
        let is_kept = session.is_persistent();
        if is_kept && !entry.is_released() {
            let client_id = Arc::clone(&session.client_id);
            self.keep(Keep::Released { client_id, packet_id: entry.packet_id });
        }
        self.say(link, AnswerKind::Pubrel, entry.packet_id, is_kept);
    }

    /// The identifier of a message of the client's own is free again; whether that is to be kept.
    pub(super) fn forget_received(&mut self, link: LinkId, packet_id: u16) -> bool {
        let Some(session) = self.session_mut(link) else { return false };
        let is_kept = session.inbound.release(packet_id) && session.is_persistent();
        if is_kept {
            let client_id = Arc::clone(&session.client_id);
            self.keep(Keep::Forgotten { client_id, packet_id });
        }
        is_kept
    }

    fn say(&mut self, link: LinkId, kind: AnswerKind, packet_id: u16, waits: bool) {
        let held = Held::Answer { kind, packet_id, reason: ReasonCode::SUCCESS };
        self.respond(link, held, waits);
    }
}
