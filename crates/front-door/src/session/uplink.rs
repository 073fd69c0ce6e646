//! What a client sends: each frame is checked, counted and passed on as it is.

use std::collections::HashSet;
use std::sync::Arc;

use fleetward_mqtt::packet::{
    Answer, AnswerKind, Disconnect, Publish, Subscribe, Unsubscribe, ping,
};
use fleetward_mqtt::topic::{DefenderTopic, TopicAliases, TopicFilter, is_reserved};
use fleetward_mqtt::{Frame, MqttError, PacketType, ProtocolVersion, QoS, ReasonCode};
use fleetward_policy::actions::IotAction;

use super::access::{Access, Remembered};
use super::subscribe::{PendingSubscribes, Split};
use super::{Door, End};
use crate::limits::{TOPIC_ALIASES, UNRELEASED};
use crate::meter::{CloudSum, Tally, ThingMeter, TopicSet};
use crate::reports::ReportJob;

/// Checks the frames of one client.
pub(crate) struct Uplink {
    pub(super) door: Arc<Door>,
    pub(super) version: ProtocolVersion,
    pub(super) access: Access,
    pub(super) meter: Arc<ThingMeter>,
    pub(super) tally: Tally,
    pending: PendingSubscribes,
    publishes: Remembered,
    retained: Remembered,
    aliases: TopicAliases,
    /// QoS 2 reports whose PUBREL has not come.
    unreleased: HashSet<u16>,
}

/// What becomes of a frame.
pub(crate) enum Step {
    /// The broker gets it as it is.
    Forward,
    /// The broker gets these bytes instead.
    Replace(Vec<u8>),
    /// The client gets this answer, the broker nothing.
    Answer(Vec<u8>),
    /// It is a device report.
    Report(ReportJob),
    /// The broker gets it as it is, and the connection ends.
    Last(End),
}

impl Uplink {
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
            publishes: Remembered::new(IotAction::Publish),
            retained: Remembered::new(IotAction::RetainPublish),
            aliases: TopicAliases::new(if version.is_v5() { TOPIC_ALIASES } else { 0 }),
            unreleased: HashSet::new(),
        }
    }

    /// Looks at the registry and the plan again if they changed: to be called before frames.
    pub(crate) async fn refresh(&mut self) -> Result<(), End> {
        let is_renewed = match self.access.renew().await {
            Ok(is_renewed) => is_renewed,
            Err(error) => {
                tracing::error!(%error, "the registry cannot be read");
                return Err(End::NoRegistry);
            }
        };
        if is_renewed && !self.access.identity().is_active() {
            return Err(End::Deactivated);
        }
        let is_current = self.door.meter.is_current(&self.tally.plan);
        if is_renewed || !is_current {
            self.publishes.forget();
            self.retained.forget();
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
    pub(crate) fn inspect(&mut self, frame: Frame, bytes: &[u8]) -> Result<Step, End> {
        let (version, body) = (self.version, frame.body(bytes));
        match frame.packet_type {
            PacketType::Publish => self.publish(frame.flags, body),
            PacketType::Subscribe => self.subscribe(body),
            PacketType::Unsubscribe => {
                Unsubscribe::parse(version, body)?;
                Ok(Step::Forward)
            }
            PacketType::Pubrel => self.release(body),
            PacketType::Puback | PacketType::Pubrec | PacketType::Pubcomp => {
                if let Some(kind) = AnswerKind::from_packet_type(frame.packet_type) {
                    Answer::parse(version, kind, body)?;
                }
                Ok(Step::Forward)
            }
            PacketType::Pingreq => {
                ping::check_body(body)?;
                Ok(Step::Forward)
            }
            PacketType::Disconnect => {
                Disconnect::parse(version, body)?;
                Ok(Step::Last(End::Disconnected))
            }
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Suback
            | PacketType::Unsuback
            | PacketType::Pingresp
            | PacketType::Auth => Err(End::Malformed(MqttError::Protocol {
                field: "packet type",
                problem: "is not one that a connected client may send",
            })),
        }
    }

    fn publish(&mut self, flags: u8, body: &[u8]) -> Result<Step, End> {
        let publish = Publish::parse(self.version, flags, body)?;
        publish.check_from_client()?;
        let topic = self.aliases.resolve(&publish)?;
        let plan = &self.tally.plan;
        let mut verdict = self.publishes.verdict(topic, &mut self.access, plan);
        if publish.retain && verdict.is_allowed {
            verdict = self.retained.verdict(topic, &mut self.access, plan);
        }
        let report = DefenderTopic::parse(topic).filter(|topic| topic.response.is_none());
        if !verdict.is_allowed || (is_reserved(topic) && report.is_none()) {
            tracing::info!(thing = %self.meter.thing, topic, "publish refused");
            self.tally.count(CloudSum::AuthorizationFailures, verdict.set);
            return self.refuse(&publish);
        }
        if let Some(topic) = report {
            let at_ms = self.door.clock.now_ms();
            let job = ReportJob::new(topic, &publish, at_ms);
            return self.report(job, &publish, verdict.set);
        }
        self.tally.count(CloudSum::Sent, verdict.set);
        // Aliases end here: a message that was refused may have brought the name of one.
        match publish.topic_alias {
            Some(_) => Ok(Step::Replace(publish.encode_with_topic(self.version, topic)?)),
            None => Ok(Step::Forward),
        }
    }

    /// MQTT 3.1.1 has no way to refuse a message but to close the connection, and so does AWS;
    /// MQTT 5 has one for QoS 1 and 2.
    fn refuse(&mut self, publish: &Publish<'_>) -> Result<Step, End> {
        let kind = match publish.qos {
            QoS::AtMostOnce => return Err(End::NotAuthorized),
            QoS::AtLeastOnce => AnswerKind::Puback,
            QoS::ExactlyOnce => AnswerKind::Pubrec,
        };
        match publish.packet_id {
            Some(id) if self.version.is_v5() => {
                let answer = Answer::new(kind, id, ReasonCode::NOT_AUTHORIZED);
                Ok(Step::Answer(answer.encode(self.version)?))
            }
            _ => Err(End::NotAuthorized),
        }
    }

    fn report(
        &mut self,
        job: ReportJob,
        publish: &Publish<'_>,
        set: TopicSet,
    ) -> Result<Step, End> {
        if let (QoS::ExactlyOnce, Some(id)) = (publish.qos, publish.packet_id) {
            if self.unreleased.len() >= UNRELEASED {
                return Err(End::Overrun("unreleased QoS 2 reports"));
            }
            if !self.unreleased.insert(id) {
                let answer = Answer::new(AnswerKind::Pubrec, id, ReasonCode::SUCCESS);
                return Ok(Step::Answer(answer.encode(self.version)?));
            }
        }
        self.tally.count(CloudSum::Sent, set);
        Ok(Step::Report(job))
    }

    fn release(&mut self, body: &[u8]) -> Result<Step, End> {
        let release = Answer::parse(self.version, AnswerKind::Pubrel, body)?;
        if !self.unreleased.remove(&release.packet_id) {
            return Ok(Step::Forward);
        }
        let complete = Answer::new(AnswerKind::Pubcomp, release.packet_id, ReasonCode::SUCCESS);
        Ok(Step::Answer(complete.encode(self.version)?))
    }

    fn subscribe(&mut self, body: &[u8]) -> Result<Step, End> {
        let subscribe = Subscribe::parse(self.version, body)?;
        let mut allowed = Vec::with_capacity(subscribe.filter_count);
        let mut refused = None;
        for wanted in subscribe.iter() {
            let is_allowed = self.access.allows(IotAction::Subscribe, wanted.filter);
            allowed.push(is_allowed);
            if !is_allowed {
                refused = refused.or(Some(wanted.filter));
            }
        }
        if let Some(filter) = refused {
            tracing::info!(thing = %self.meter.thing, filter, "subscribe refused");
            self.tally.count(CloudSum::AuthorizationFailures, self.set_of_filter(filter));
        }
        match self.pending.split(self.version, &subscribe, &allowed)? {
            Split::Allowed => Ok(Step::Forward),
            Split::Reduced(bytes) => Ok(Step::Replace(bytes)),
            Split::Refused(answer) => Ok(Step::Answer(answer)),
            Split::TooMany => Err(End::Overrun("unanswered SUBSCRIBE packets")),
        }
    }

    /// A filter without wildcards is a topic, and may be in dimensions.
    fn set_of_filter(&self, filter: &str) -> TopicSet {
        match TopicFilter::parse(filter) {
            Ok(filter) if !filter.has_wildcard() => self.tally.plan.set_of(filter.subject()),
            _ => TopicSet::NONE,
        }
    }
}
