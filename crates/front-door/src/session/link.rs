//! What both directions of a connection have: rights, counters, and the QoS 2 exchanges in which
//! the front door stands in for the other side.

use std::collections::HashSet;
use std::sync::Arc;

use fleetward_mqtt::packet::{Answer, AnswerKind, Publish};
use fleetward_mqtt::topic::DefenderTopic;
use fleetward_mqtt::{Frame, MqttError, ProtocolVersion, ReasonCode};

use super::access::Access;
use super::verdict::{Remembered, Verdict};
use super::{Door, End};
use crate::limits::UNRELEASED;
use crate::meter::{Counts, ThingMeter, TopicSet};

/// One direction of a connection: what it makes of the frames.
pub(super) trait Direction {
    /// What may become of a frame beside its being passed on.
    type Aside;

    /// Rights and counters.
    fn link(&mut self) -> &mut Link;

    /// What becomes of this frame.
    fn inspect(&mut self, frame: Frame, bytes: &[u8]) -> Result<Step<Self::Aside>, End>;

    /// Does what [`Step::Aside`] asks for; waits if that must wait.
    async fn aside(&mut self, aside: Self::Aside) -> Result<(), End>;

    /// The sender's bytes are no MQTT.
    fn malformed(error: MqttError) -> End;

    /// The receiver takes no more.
    fn receiver_closed() -> End;
}

/// What becomes of a frame.
pub(super) enum Step<A> {
    /// The receiver gets it as it is.
    Forward,
    /// The receiver gets these bytes instead.
    Replace(Vec<u8>),
    /// Nobody gets it.
    Swallow,
    /// The receiver gets nothing; something else is done.
    Aside(A),
    /// The receiver gets it as it is, and the connection ends.
    Last(End),
}

/// Rights and counters of one direction of a connection.
pub(super) struct Link {
    pub(super) door: Arc<Door>,
    pub(super) version: ProtocolVersion,
    pub(super) access: Access,
    pub(super) meter: Arc<ThingMeter>,
    pub(super) counts: Counts,
    /// Grows when rights or dimensions changed: what was decided before is decided again.
    generation: u64,
    /// QoS 2 messages that were answered in the receiver's place and whose PUBREL has not come.
    unreleased: HashSet<u16>,
}

impl Link {
    pub(super) fn new(
        door: &Arc<Door>,
        version: ProtocolVersion,
        access: Access,
        meter: &Arc<ThingMeter>,
    ) -> Self {
        Self {
            door: Arc::clone(door),
            version,
            access,
            meter: Arc::clone(meter),
            counts: Counts::new(door.meter.plan()),
            generation: 0,
            unreleased: HashSet::new(),
        }
    }

    /// Looks at the registry and the plan again if they changed: to be called before frames.
    pub(super) async fn refresh(&mut self) -> Result<(), End> {
        let is_renewed = match self.access.renew().await {
            Ok(is_renewed) => is_renewed,
            Err(error) => {
                self.door.told.registry.tell(self.door.clock.instant(), |connections| {
                    tracing::error!(%error, connections, "the registry cannot be read");
                });
                return Err(End::NoRegistry);
            }
        };
        if is_renewed && !self.access.identity().is_active() {
            return Err(End::Deactivated);
        }
        let is_current = self.door.meter.is_current(&self.counts.plan);
        if is_renewed || !is_current {
            self.generation = self.generation.wrapping_add(1);
        }
        if !is_current {
            // What was counted by the old plan must not be read by the new one.
            self.count();
            self.counts = Counts::new(self.door.meter.plan());
        }
        Ok(())
    }

    /// Adds what was counted to the thing's counters: to be called after frames.
    pub(super) fn count(&mut self) {
        if !self.counts.is_empty() {
            self.door.meter.add(&self.meter, &mut self.counts);
        }
    }

    /// What may be done with the topic, remembered from message to message.
    pub(super) fn verdict(&mut self, remembered: &mut Remembered, topic: &str) -> Verdict {
        remembered.verdict(self.generation, topic, &mut self.access, &self.counts.plan)
    }

    /// Whether a message of this topic counts as one: a thing's own reports and the answers to
    /// them are the measurement, not the traffic, unless a setting says else.
    pub(super) fn is_traffic(&self, topic: DefenderTopic<'_>) -> bool {
        self.door.counts_reports || topic.thing_name != self.meter.thing.as_str()
    }

    /// Counts a message of the client's.
    pub(super) fn sent(&mut self, publish: &Publish<'_>, set: TopicSet) {
        self.counts.sent(set, publish.payload.len(), self.access.source());
    }

    /// An answer in the receiver's place.
    pub(super) fn answer(
        &self,
        kind: AnswerKind,
        packet_id: u16,
        reason: ReasonCode,
    ) -> Result<Vec<u8>, MqttError> {
        Answer::new(kind, packet_id, reason).encode(self.version)
    }

    /// Notes a QoS 2 message that the receiver does not get; false if it was noted already and
    /// came again.
    pub(super) fn hold(&mut self, packet_id: u16) -> Result<bool, End> {
        if self.unreleased.len() >= UNRELEASED {
            return Err(End::Overrun("unreleased QoS 2 messages"));
        }
        Ok(self.unreleased.insert(packet_id))
    }

    /// PUBREL: the PUBCOMP for it if the message was held here, else it is the receiver's.
    pub(super) fn release(&mut self, body: &[u8]) -> Result<Option<Vec<u8>>, MqttError> {
        let release = Answer::parse(self.version, AnswerKind::Pubrel, body)?;
        if !self.unreleased.remove(&release.packet_id) {
            return Ok(None);
        }
        self.answer(AnswerKind::Pubcomp, release.packet_id, ReasonCode::SUCCESS).map(Some)
    }
}
