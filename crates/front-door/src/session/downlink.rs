//! What a client is sent: each frame is checked, counted and passed on as it is.

use std::collections::HashSet;
use std::sync::Arc;

use fleetward_mqtt::packet::{Answer, AnswerKind, Publish};
use fleetward_mqtt::{Frame, MqttError, PacketType, ProtocolVersion, QoS, ReasonCode};
use fleetward_policy::actions::IotAction;

use super::access::{Access, Remembered};
use super::subscribe::PendingSubscribes;
use super::{Door, End};
use crate::limits::UNRELEASED;
use crate::meter::{CloudSum, Tally, ThingMeter};

/// Checks the frames for one client.
pub(crate) struct Downlink {
    door: Arc<Door>,
    version: ProtocolVersion,
    access: Access,
    meter: Arc<ThingMeter>,
    pub(super) tally: Tally,
    pending: PendingSubscribes,
    receives: Remembered,
    /// QoS 2 messages that were dropped and whose PUBREL has not come.
    unreleased: HashSet<u16>,
}

/// What becomes of a frame of the broker.
pub(crate) enum Delivery {
    /// The client gets it as it is.
    Forward,
    /// The client gets these bytes instead.
    Replace(Vec<u8>),
    /// Nobody gets it.
    Swallow,
    /// The broker gets this answer, the client nothing.
    Answer(Vec<u8>),
}

impl Downlink {
    pub(crate) fn new(
        door: &Arc<Door>,
        version: ProtocolVersion,
        access: Access,
        meter: Arc<ThingMeter>,
        pending: PendingSubscribes,
    ) -> Self {
        Self {
            door: Arc::clone(door),
            version,
            access,
            meter,
            tally: Tally::new(door.meter.plan()),
            pending,
            receives: Remembered::new(IotAction::Receive),
            unreleased: HashSet::new(),
        }
    }

    /// Looks at the registry and the plan again if they changed: to be called before frames.
    pub(crate) async fn refresh(&mut self) -> Result<(), End> {
        let is_renewed = self.access.renew().await.map_err(|_| End::NoRegistry)?;
        if is_renewed && !self.access.identity().is_active() {
            return Err(End::Deactivated);
        }
        let is_current = self.door.meter.is_current(&self.tally.plan);
        if is_renewed || !is_current {
            self.receives.forget();
        }
        if !is_current {
            self.count();
            self.tally = Tally::new(self.door.meter.plan());
        }
        Ok(())
    }

    /// Adds what was counted to the thing's counters: to be called after frames.
    pub(crate) fn count(&mut self) {
        if !self.tally.is_empty() {
            let now_ms = self.door.clock.now_ms();
            self.door.meter.add(&self.meter, now_ms, &mut self.tally);
        }
    }

    /// What becomes of this frame.
    pub(crate) fn inspect(&mut self, frame: Frame, bytes: &[u8]) -> Result<Delivery, End> {
        let body = frame.body(bytes);
        self.look(frame, body).map_err(|problem| match problem {
            Problem::Malformed(error) => End::UpstreamMalformed(error),
            Problem::Overrun => End::Overrun("unreleased QoS 2 messages"),
        })
    }

    fn look(&mut self, frame: Frame, body: &[u8]) -> Result<Delivery, Problem> {
        match frame.packet_type {
            PacketType::Publish => self.publish(frame.flags, body),
            PacketType::Suback => Ok(match self.pending.complete(self.version, body)? {
                Some(suback) => Delivery::Replace(suback),
                None => Delivery::Forward,
            }),
            PacketType::Pubrel => {
                let release = Answer::parse(self.version, AnswerKind::Pubrel, body)?;
                if !self.unreleased.remove(&release.packet_id) {
                    return Ok(Delivery::Forward);
                }
                self.answer(AnswerKind::Pubcomp, release.packet_id)
            }
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Subscribe
            | PacketType::Unsubscribe
            | PacketType::Pingreq
            | PacketType::Auth => Err(Problem::Malformed(MqttError::Protocol {
                field: "packet type",
                problem: "is not one that a broker may send",
            })),
            PacketType::Puback
            | PacketType::Pubrec
            | PacketType::Pubcomp
            | PacketType::Unsuback
            | PacketType::Pingresp
            | PacketType::Disconnect => Ok(Delivery::Forward),
        }
    }

    fn publish(&mut self, flags: u8, body: &[u8]) -> Result<Delivery, Problem> {
        let publish = Publish::parse(self.version, flags, body)?;
        if let Some(alias) = publish.topic_alias {
            // The CONNECT that the broker got allows none.
            return Err(Problem::Malformed(MqttError::UnknownTopicAlias { alias }));
        }
        let verdict = self.receives.verdict(publish.topic, &mut self.access, &self.tally.plan);
        if verdict.is_allowed {
            self.tally.count(CloudSum::Received, verdict.set);
            return Ok(Delivery::Forward);
        }
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => self.answer(AnswerKind::Puback, id),
            (QoS::ExactlyOnce, Some(id)) => {
                if self.unreleased.len() >= UNRELEASED {
                    return Err(Problem::Overrun);
                }
                self.unreleased.insert(id);
                self.answer(AnswerKind::Pubrec, id)
            }
            _ => Ok(Delivery::Swallow),
        }
    }

    fn answer(&self, kind: AnswerKind, packet_id: u16) -> Result<Delivery, Problem> {
        let answer = Answer::new(kind, packet_id, ReasonCode::SUCCESS);
        Ok(Delivery::Answer(answer.encode(self.version)?))
    }
}

enum Problem {
    Malformed(MqttError),
    Overrun,
}

impl From<MqttError> for Problem {
    fn from(error: MqttError) -> Self {
        Self::Malformed(error)
    }
}
