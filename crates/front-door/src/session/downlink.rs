//! What a client is sent: each frame is checked, counted and passed on as it is.

use fleetward_domain::Metric;
use fleetward_mqtt::packet::{AnswerKind, Publish};
use fleetward_mqtt::topic::DefenderTopic;
use fleetward_mqtt::{Frame, MqttError, PacketType, QoS, ReasonCode};
use fleetward_policy::actions::IotAction;
use tokio::sync::mpsc;

use super::End;
use super::link::{Direction, Link, Step};
use super::subscribe::PendingSubscribes;
use super::verdict::Remembered;

/// Checks the frames for one client.
pub(super) struct Downlink {
    link: Link,
    pending: PendingSubscribes,
    receives: Remembered,
    to_broker: mpsc::Sender<Vec<u8>>,
}

/// What the broker gets in the client's place.
pub(super) struct Answer(Vec<u8>);

impl Downlink {
    pub(super) fn new(
        link: Link,
        pending: PendingSubscribes,
        to_broker: mpsc::Sender<Vec<u8>>,
    ) -> Self {
        Self { link, pending, receives: Remembered::new(IotAction::Receive), to_broker }
    }

    fn look(&mut self, frame: Frame, body: &[u8]) -> Result<Step<Answer>, End> {
        match frame.packet_type {
            PacketType::Publish => self.publish(frame.flags, body),
            PacketType::Suback => Ok(match self.pending.complete(self.link.version, body)? {
                Some(suback) => Step::Replace(suback),
                None => Step::Forward,
            }),
            PacketType::Pubrel => Ok(match self.link.release(body)? {
                Some(complete) => Step::Aside(Answer(complete)),
                None => Step::Forward,
            }),
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Subscribe
            | PacketType::Unsubscribe
            | PacketType::Pingreq
            | PacketType::Auth => Err(End::Malformed(MqttError::Protocol {
                field: "packet type",
                problem: "is not one that a broker may send",
            })),
            PacketType::Puback
            | PacketType::Pubrec
            | PacketType::Pubcomp
            | PacketType::Unsuback
            | PacketType::Pingresp
            | PacketType::Disconnect => Ok(Step::Forward),
        }
    }

    /// The client gets what its policies let it receive. What it does not get is acknowledged in
    /// its place, lest the broker send it again for ever.
    fn publish(&mut self, flags: u8, body: &[u8]) -> Result<Step<Answer>, End> {
        let publish = Publish::parse(self.link.version, flags, body)?;
        if let Some(alias) = publish.topic_alias {
            // The CONNECT that the broker got allows none.
            return Err(End::Malformed(MqttError::UnknownTopicAlias { alias }));
        }
        let verdict = self.link.verdict(&mut self.receives, publish.topic);
        if verdict.is_allowed {
            let report = DefenderTopic::parse(publish.topic);
            if report.is_none_or(|topic| self.link.is_traffic(topic)) {
                self.link.counts.count(Metric::MessagesReceived, verdict.set);
            }
            return Ok(Step::Forward);
        }
        let (kind, id) = match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => (AnswerKind::Puback, id),
            (QoS::ExactlyOnce, Some(id)) => {
                self.link.hold(id)?;
                (AnswerKind::Pubrec, id)
            }
            _ => return Ok(Step::Swallow),
        };
        Ok(Step::Aside(Answer(self.link.answer(kind, id, ReasonCode::SUCCESS)?)))
    }
}

impl Direction for Downlink {
    type Aside = Answer;

    fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    fn inspect(&mut self, frame: Frame, bytes: &[u8]) -> Result<Step<Answer>, End> {
        self.look(frame, frame.body(bytes)).map_err(End::of_broker)
    }

    /// Never waits: the broker may be waiting for this client to read.
    async fn aside(&mut self, Answer(frame): Answer) -> Result<(), End> {
        self.to_broker
            .try_send(frame)
            .map_err(|_| End::Overrun("acknowledgements of dropped messages"))
    }

    fn malformed(error: MqttError) -> End {
        End::UpstreamMalformed(error)
    }

    fn receiver_closed() -> End {
        End::ClientClosed
    }
}
