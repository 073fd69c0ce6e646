//! PUBLISH, and messages of the server's own.

use std::sync::Arc;

use fleetward_mqtt::packet::{AnswerKind, Publish};
use fleetward_mqtt::{ProtocolVersion, QoS, ReasonCode};

use super::fan_out::{FanOut, Publisher};
use super::notice::{Notice, SERVER};
use super::{Broker, Close, Pace};
use crate::keep::Keep;
use crate::message::Message;
use crate::session::{Gate, Held, LinkId, Taken};
use crate::subscriptions::Slot;
use crate::will::Will;

/// What became of a message that entered.
struct Entered {
    /// How many get it.
    receivers: u32,
    /// The answer waits for this decision: the message is not with all of them yet.
    decision: Option<u64>,
}

/// What is to be done with a client's message, as far as its packet says.
pub(super) enum Admitted {
    /// It goes on.
    New,
    /// It came before and was answered again.
    Answered,
}

impl Broker {
    /// PUBLISH of a client, whom policy lets publish there. `topic` is the name that the packet
    /// says or its alias stands for.
    ///
    /// # Errors
    /// [`Close`]: more unanswered messages than the client was told, too large a payload, and what
    /// cannot be refused any milder in its version.
    pub fn publish(
        &mut self,
        now_ms: u64,
        link: LinkId,
        topic: &str,
        publish: &Publish<'_>,
    ) -> Result<Pace, Close> {
        publish.check_from_client()?;
        if publish.payload.len() > self.limits.payload_max_bytes {
            return Err(Close(ReasonCode::PACKET_TOO_LARGE));
        }
        if let Admitted::Answered = self.admit(link, publish)? {
            return Ok(self.pace(now_ms, link));
        }
        let session = self.living(link)?;
        let publisher = Publisher { slot: link.slot, born: session.born };
        let principal = session.principal;
        let properties = publish.properties.passed_on();
        let notice = Notice {
            topic,
            qos: publish.qos,
            retain: publish.retain,
            properties: &properties,
            expiry_seconds: publish.properties.message_expiry_seconds(),
            payload: publish.payload,
        };
        if let Err(reason) = self.check_message(&notice, principal) {
            self.refuse(link, publish, reason)?;
            return Ok(self.pace(now_ms, link));
        }
        let before = self.asked;
        if let (QoS::ExactlyOnce, Some(packet_id)) = (publish.qos, publish.packet_id) {
            self.note_received(link, packet_id, publish.payload.len());
        }
        let entered = self.enter(now_ms, Some(publisher), principal, &notice);
        if let Some(packet_id) = publish.packet_id {
            // If nothing of it is to be kept, nobody waits for the disk.
            let waits = self.asked > before;
            self.answer_publish(link, (publish.qos, packet_id), &entered, waits);
        }
        Ok(self.pace(now_ms, link))
    }

    /// PUBLISH of a client that is refused, by policy for one. Under MQTT 5 a QoS 1 or 2 message
    /// is answered with the reason.
    ///
    /// # Errors
    /// [`Close`] with the reason for all others, and as [`Self::publish`].
    pub fn refuse_publish(
        &mut self,
        now_ms: u64,
        link: LinkId,
        publish: &Publish<'_>,
        reason: ReasonCode,
    ) -> Result<Pace, Close> {
        publish.check_from_client()?;
        if let Admitted::New = self.admit(link, publish)? {
            self.refuse(link, publish, reason)?;
        }
        Ok(self.pace(now_ms, link))
    }

    /// Publishes a message of the server's own.
    pub fn announce(&mut self, now_ms: u64, notice: &Notice<'_>) {
        if self.check_message(notice, SERVER).is_ok() {
            self.enter(now_ms, None, SERVER, notice);
        } else {
            self.losses.broker_full += 1;
        }
        self.congested = None;
    }

    pub(super) fn publish_will(&mut self, now_ms: u64, slot: Slot, will: &Will) {
        let Some(session) = self.sessions.get(slot) else { return };
        let publisher = Publisher { slot, born: session.born };
        let principal = session.principal;
        let notice = Notice {
            topic: &will.topic,
            qos: will.qos,
            retain: will.retain,
            properties: &will.properties,
            expiry_seconds: will.expiry_seconds,
            payload: &will.payload,
        };
        if self.check_message(&notice, principal).is_ok() {
            self.enter(now_ms, Some(publisher), principal, &notice);
        } else {
            self.losses.broker_full += 1;
        }
        // Nobody waits with a will.
        self.congested = None;
    }

    /// What the packet identifier says of a message.
    pub(super) fn admit(&mut self, link: LinkId, publish: &Publish<'_>) -> Result<Admitted, Close> {
        let most = usize::from(self.limits.receive_maximum);
        let session = self.living(link)?;
        let Some(packet_id) = publish.packet_id else { return Ok(Admitted::New) };
        let is_known = session.inbound.knows(packet_id);
        let in_flight = session.inbound.len();
        let Some(online) = session.online.as_deref_mut() else { return Ok(Admitted::New) };
        let is_full = in_flight + usize::from(online.unanswered) >= most;
        // MQTT 3.1.1 clients know no such number: they are read no more until QoS 1 is answered;
        // QoS 2 identifiers are theirs to release.
        let is_too_many = match online.version {
            ProtocolVersion::V5 => is_full,
            ProtocolVersion::V311 => publish.qos == QoS::ExactlyOnce && in_flight >= most,
        };
        if is_too_many && !is_known {
            return Err(Close(ReasonCode::RECEIVE_MAXIMUM_EXCEEDED));
        }
        if publish.qos == QoS::AtLeastOnce {
            online.unanswered = online.unanswered.saturating_add(1);
            return Ok(Admitted::New);
        }
        if !is_known {
            return Ok(Admitted::New);
        }
        if session.inbound.take(packet_id, publish.payload.len()) == Taken::TooOften {
            return Err(Close(ReasonCode::PROTOCOL_ERROR));
        }
        let held =
            Held::Answer { kind: AnswerKind::Pubrec, packet_id, reason: ReasonCode::SUCCESS };
        self.respond(link, held, true);
        Ok(Admitted::Answered)
    }

    /// Answers with the reason, or says that the connection has to end.
    fn refuse(
        &mut self,
        link: LinkId,
        publish: &Publish<'_>,
        reason: ReasonCode,
    ) -> Result<(), Close> {
        let is_v5 = self.online_mut(link).is_some_and(|online| online.version.is_v5());
        match publish.packet_id {
            Some(packet_id) if is_v5 => {
                let kind = answer_kind(publish.qos);
                self.respond(link, Held::Answer { kind, packet_id, reason }, false);
                Ok(())
            }
            // Nobody is told of a message that need not arrive.
            None if reason == ReasonCode::QUOTA_EXCEEDED && !publish.retain => {
                self.losses.broker_full += 1;
                Ok(())
            }
            _ => Err(Close(reason)),
        }
    }

    fn note_received(&mut self, link: LinkId, packet_id: u16, payload_bytes: usize) {
        let Some(session) = self.session_mut(link) else { return };
        session.inbound.take(packet_id, payload_bytes);
        if session.is_persistent() {
            let client_id = Arc::clone(&session.client_id);
            self.keep(Keep::Received { client_id, packet_id });
        }
    }

    /// Lets a message in that was checked: it is retained, and goes round.
    fn enter(
        &mut self,
        now_ms: u64,
        from: Option<Publisher>,
        principal: u64,
        notice: &Notice<'_>,
    ) -> Entered {
        self.numbers += 1;
        // From here on it is one value, whoever gets it.
        let expiry = notice.expiry_seconds.map(|seconds| u64::from(seconds) * 1_000);
        let message = Arc::new(Message {
            number: self.numbers,
            topic: notice.topic.into(),
            qos: notice.qos,
            retain: notice.retain,
            expires_at_ms: expiry.map(|ms| now_ms.saturating_add(ms)),
            properties_bytes: u32::try_from(notice.properties.len()).unwrap_or(u32::MAX),
            content: [notice.properties, notice.payload].concat().into(),
        });
        if notice.retain {
            self.retain(principal, &message);
        }
        let mut matched = std::mem::take(&mut self.matched);
        self.subscriptions.matching(notice.topic, &mut matched);
        if matched.is_empty() && self.fan_outs.is_empty() {
            self.matched = matched;
            return Entered { receivers: 0, decision: None };
        }
        let fan_out = FanOut::new(self.pool.insert(message), self.numbers, matched, from);
        self.start(now_ms, fan_out)
    }

    /// Sends it round at once if nothing is before it and its receivers are few.
    fn start(&mut self, now_ms: u64, mut fan_out: FanOut) -> Entered {
        let mut budget = self.limits.receivers_per_call;
        if self.fan_outs.is_empty() && self.run(now_ms, &mut fan_out, &mut budget) {
            let receivers = fan_out.receivers;
            self.matched = self.finish(fan_out);
            return Entered { receivers, decision: None };
        }
        let decision = self.next_serial();
        fan_out.decision = decision;
        self.fan_outs.push_back(fan_out);
        Entered { receivers: 0, decision: Some(decision) }
    }

    fn answer_publish(
        &mut self,
        link: LinkId,
        (qos, packet_id): (QoS, u16),
        entered: &Entered,
        waits: bool,
    ) {
        let kind = answer_kind(qos);
        // Of a round that is not over, how many got it is said later.
        let held = Held::Answer { kind, packet_id, reason: self.reason(kind, entered.receivers) };
        match entered.decision {
            Some(decision) => {
                if let Some(fan_out) = self.fan_outs.back_mut() {
                    fan_out.answer_to = Some((link, kind));
                }
                if let Some(online) = self.online_mut(link) {
                    online.waiting.push_back((Gate::Decided(decision), held));
                }
            }
            None => {
                // Its own copy of a message goes before PUBACK, as others have it.
                let has_own = kind == AnswerKind::Puback && self.next_to_send(link).is_some();
                if let Some(online) = self.online_mut(link) {
                    online.has_own |= has_own;
                }
                self.respond(link, held, waits);
            }
        }
    }

    /// What a publisher is told; PUBREC leaves out that nobody was there, as others do.
    pub(super) fn reason(&self, kind: AnswerKind, receivers: u32) -> ReasonCode {
        if receivers == 0 && kind == AnswerKind::Puback {
            return ReasonCode::NO_MATCHING_SUBSCRIBERS;
        }
        ReasonCode::SUCCESS
    }
}

pub(super) fn answer_kind(qos: QoS) -> AnswerKind {
    if qos == QoS::ExactlyOnce { AnswerKind::Pubrec } else { AnswerKind::Puback }
}
