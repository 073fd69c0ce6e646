//! Messages of clients that are for the server itself, and answers that wait for a decision.

use std::sync::Arc;

use fleetward_mqtt::packet::{AnswerKind, Publish};
use fleetward_mqtt::{QoS, ReasonCode};

use super::publish::{Admitted, answer_kind};
use super::{Broker, Close};
use crate::keep::Keep;
use crate::session::{Gate, Held, LinkId};

/// A client's message that goes to nobody: its owner answers it by [`Broker::settle`].
#[derive(Debug, PartialEq, Eq)]
pub struct Deferral {
    link: LinkId,
    decision: u64,
}

impl Broker {
    /// PUBLISH of a client that goes to the server itself, such as a report, and is answered in
    /// its turn once [`Self::settle`] says how it went. `None` for a message of QoS 0, and for one
    /// that came before.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub fn defer_publish(
        &mut self,
        link: LinkId,
        publish: &Publish<'_>,
    ) -> Result<Option<Deferral>, Close> {
        publish.check_from_client()?;
        let Some(packet_id) = publish.packet_id else { return Ok(None) };
        if let Admitted::Answered = self.admit(link, publish)? {
            return Ok(None);
        }
        if publish.qos == QoS::ExactlyOnce
            && let Some(session) = self.session_mut(link)
        {
            session.inbound.take(packet_id, publish.payload.len());
        }
        let decision = self.next_serial();
        let kind = answer_kind(publish.qos);
        if let Some(online) = self.online_mut(link) {
            let held = Held::Answer { kind, packet_id, reason: ReasonCode::SUCCESS };
            online.waiting.push_back((Gate::Decided(decision), held));
        }
        Ok(Some(Deferral { link, decision }))
    }

    /// Says how a message went that was not the broker's. If its connection is gone, so is whoever
    /// would hear of it, and the client sends it again. MQTT 3.1.1 has no answer but yes: a client
    /// of it that is to hear no is closed by its owner.
    pub fn settle(&mut self, deferral: &Deferral, reason: ReasonCode) {
        let Deferral { link, decision } = *deferral;
        let before = self.asked;
        if !reason.is_failure() {
            self.keep_received(link, decision);
        }
        self.decide(link, decision, reason, self.asked > before);
    }

    /// Only now that its message was taken does the identifier mean it for good.
    fn keep_received(&mut self, link: LinkId, decision: u64) {
        let Some(session) = self.session_of(link) else { return };
        let waiting = session.online.iter().flat_map(|online| &online.waiting);
        let is_it = |(gate, _): &&(Gate, Held)| *gate == Gate::Decided(decision);
        let pubrec = match waiting.into_iter().find(is_it) {
            Some((_, Held::Answer { kind: AnswerKind::Pubrec, packet_id, .. })) => *packet_id,
            _ => return,
        };
        if session.is_persistent() {
            let client_id = Arc::clone(&session.client_id);
            self.keep(Keep::Received { client_id, packet_id: pubrec });
        }
    }

    /// The connection ends before it was said how these went: the client sends them again, and
    /// they are to be taken then.
    pub(super) fn forget_undecided(&mut self, link: LinkId) {
        let Some(session) = self.session_mut(link) else { return };
        let Some(online) = session.online.as_deref_mut() else { return };
        for (gate, held) in std::mem::take(&mut online.waiting) {
            let Gate::Decided(decision) = gate else { continue };
            let Held::Answer { kind: AnswerKind::Pubrec, packet_id, .. } = held else { continue };
            // Those on their round through the broker arrive without their publisher.
            let is_round = self.fan_outs.iter().any(|fan_out| fan_out.decision == decision);
            if !is_round && let Some(session) = self.session_mut(link) {
                session.inbound.release(packet_id);
            }
        }
    }

    /// Lets an answer go whose decision has come: at once, or when what was to be kept until now
    /// is kept.
    pub(super) fn decide(&mut self, link: LinkId, decision: u64, reason: ReasonCode, waits: bool) {
        let kept = self.kept;
        let asked = if waits { self.asked } else { kept };
        let Some(session) = self.session_mut(link) else { return };
        let Some(online) = session.online.as_deref_mut() else { return };
        let waits = |(gate, _): &&mut (Gate, Held)| *gate == Gate::Decided(decision);
        let Some((gate, held)) = online.waiting.iter_mut().find(waits) else { return };
        let mut refused = None;
        if let Held::Answer { kind, packet_id, reason: said } = held {
            *said = reason;
            refused = (*kind == AnswerKind::Pubrec && reason.is_failure()).then_some(*packet_id);
        }
        *gate = Gate::Kept(asked);
        let mut is_said = false;
        if asked <= kept {
            is_said = online.say_kept(kept);
        } else {
            self.gated.push_back((asked, link));
        }
        if let Some(packet_id) = refused {
            self.forget_received(link, packet_id);
        }
        if is_said {
            self.mark_dirty(link.slot);
        }
    }
}
