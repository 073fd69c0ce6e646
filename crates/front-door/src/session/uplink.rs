//! What a client sends: each frame is checked, counted and passed on as it is.

use fleetward_domain::Metric;
use fleetward_mqtt::packet::{
    Answer, AnswerKind, Disconnect, Publish, Subscribe, TopicAliases, Unsubscribe, ping,
};
use fleetward_mqtt::topic::{DefenderTopic, TopicFilter, is_reserved};
use fleetward_mqtt::{Frame, MqttError, PacketType, QoS, ReasonCode};
use fleetward_policy::actions::IotAction;
use tokio::sync::mpsc;

use super::End;
use super::link::{Direction, Link, Step};
use super::reports::{ReportJob, Reports};
use super::subscribe::{PendingSubscribes, Split};
use super::verdict::Remembered;
use crate::limits::TOPIC_ALIASES;
use crate::meter::TopicSet;
use crate::seldom::beginning;

/// Checks the frames of one client.
pub(super) struct Uplink {
    link: Link,
    pending: PendingSubscribes,
    publishes: Remembered,
    retained: Remembered,
    aliases: TopicAliases,
    reports: Reports,
    to_client: mpsc::Sender<Vec<u8>>,
}

/// What a client's frame may lead to beside its being passed on.
pub(super) enum Aside {
    /// The client gets this answer.
    Answer(Vec<u8>),
    /// It is a device report.
    Report(ReportJob),
}

impl Uplink {
    pub(super) fn new(
        link: Link,
        pending: PendingSubscribes,
        to_client: mpsc::Sender<Vec<u8>>,
    ) -> Self {
        let aliases = if link.version.is_v5() { TOPIC_ALIASES } else { 0 };
        Self {
            pending,
            publishes: Remembered::new(IotAction::Publish),
            retained: Remembered::new(IotAction::RetainPublish),
            aliases: TopicAliases::new(aliases),
            reports: Reports::new(
                &link.door,
                link.version,
                &link.access.proof(),
                to_client.clone(),
            ),
            to_client,
            link,
        }
    }

    /// Waits for the reports that came before the end.
    pub(super) async fn finish(&mut self) {
        self.reports.finish().await;
    }

    /// Returns when the log did not take a report.
    pub(super) async fn unlogged(&mut self) {
        self.reports.unlogged().await;
    }

    fn publish(&mut self, flags: u8, body: &[u8]) -> Result<Step<Aside>, End> {
        let publish = Publish::parse(self.link.version, flags, body)?;
        publish.check_from_client()?;
        let topic = self.aliases.resolve(&publish)?;
        let mut verdict = self.link.verdict(&mut self.publishes, topic);
        if publish.retain && verdict.is_allowed {
            verdict = self.link.verdict(&mut self.retained, topic);
        }
        let report = DefenderTopic::parse(topic).filter(|topic| topic.response.is_none());
        if !verdict.is_allowed || (is_reserved(topic) && report.is_none()) {
            let (door, thing) = (&self.link.door, self.link.meter.thing.as_str());
            let topic = beginning(topic);
            door.refusals.tell(door.clock.instant(), |refusals| {
                tracing::info!(thing, topic, refusals, "publish refused");
            });
            self.link.counts.count(Metric::AuthorizationFailures, verdict.set);
            return refuse(&self.link, &publish);
        }
        if let Some(topic) = report {
            let reporter = self.reports.reporter();
            let job = ReportJob::new(reporter, topic, &self.link.meter.thing, &publish);
            let is_traffic = self.link.is_traffic(topic);
            return report_of(&mut self.link, job, &publish, (is_traffic, verdict.set));
        }
        self.link.sent(&publish, verdict.set);
        // Aliases end here: a message that was refused may have brought the name of one.
        match publish.topic_alias {
            Some(_) => Ok(Step::Replace(publish.encode_with_topic(self.link.version, topic)?)),
            None => Ok(Step::Forward),
        }
    }

    fn subscribe(&mut self, body: &[u8]) -> Result<Step<Aside>, End> {
        let subscribe = Subscribe::parse(self.link.version, body)?;
        let mut allowed = Vec::with_capacity(subscribe.filter_count);
        let mut refused = None;
        for wanted in subscribe.iter() {
            let is_allowed = self.link.access.allows(IotAction::Subscribe, wanted.filter);
            allowed.push(is_allowed);
            if !is_allowed {
                refused = refused.or(Some(wanted.filter));
            }
        }
        if let Some(filter) = refused {
            let (door, thing) = (&self.link.door, self.link.meter.thing.as_str());
            door.refusals.tell(door.clock.instant(), |refusals| {
                let filter = beginning(filter);
                tracing::info!(thing, filter, refusals, "subscribe refused");
            });
            let set = self.set_of_filter(filter);
            self.link.counts.count(Metric::AuthorizationFailures, set);
        }
        match self.pending.split(self.link.version, &subscribe, &allowed)? {
            Split::Allowed => Ok(Step::Forward),
            Split::Reduced(bytes) => Ok(Step::Replace(bytes)),
            Split::Refused(answer) => Ok(Step::Aside(Aside::Answer(answer))),
            Split::TooMany => Err(End::Overrun("unanswered SUBSCRIBE packets")),
        }
    }

    /// A filter without wildcards is a topic, and may be in dimensions.
    fn set_of_filter(&self, filter: &str) -> TopicSet {
        match TopicFilter::parse(filter) {
            Ok(filter) if !filter.has_wildcard() => self.link.counts.plan.set_of(filter.subject()),
            _ => TopicSet::NONE,
        }
    }
}

/// MQTT 3.1.1 has no way to refuse a message but to close the connection, and so does AWS; MQTT 5
/// has one for QoS 1 and 2.
fn refuse(link: &Link, publish: &Publish<'_>) -> Result<Step<Aside>, End> {
    let kind = match publish.qos {
        QoS::AtMostOnce => return Err(End::NotAuthorized),
        QoS::AtLeastOnce => AnswerKind::Puback,
        QoS::ExactlyOnce => AnswerKind::Pubrec,
    };
    match publish.packet_id {
        Some(id) if link.version.is_v5() => {
            Ok(Step::Aside(Aside::Answer(link.answer(kind, id, ReasonCode::NOT_AUTHORIZED)?)))
        }
        _ => Err(End::NotAuthorized),
    }
}

/// A report, unless it is the repetition of one in QoS 2.
fn report_of(
    link: &mut Link,
    job: ReportJob,
    publish: &Publish<'_>,
    (is_traffic, set): (bool, TopicSet),
) -> Result<Step<Aside>, End> {
    if let (QoS::ExactlyOnce, Some(id)) = (publish.qos, publish.packet_id)
        && !link.hold(id)?
    {
        let again = link.answer(AnswerKind::Pubrec, id, ReasonCode::SUCCESS)?;
        return Ok(Step::Aside(Aside::Answer(again)));
    }
    if is_traffic {
        link.sent(publish, set);
    }
    Ok(Step::Aside(Aside::Report(job)))
}

impl Direction for Uplink {
    type Aside = Aside;

    fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    fn inspect(&mut self, frame: Frame, bytes: &[u8]) -> Result<Step<Aside>, End> {
        let (version, body) = (self.link.version, frame.body(bytes));
        // What is passed on is parsed too, so that the broker sees nothing malformed.
        match frame.packet_type {
            PacketType::Publish => self.publish(frame.flags, body),
            PacketType::Subscribe => self.subscribe(body),
            PacketType::Unsubscribe => {
                Unsubscribe::parse(version, body)?;
                Ok(Step::Forward)
            }
            PacketType::Pubrel => Ok(match self.link.release(body)? {
                Some(complete) => Step::Aside(Aside::Answer(complete)),
                None => Step::Forward,
            }),
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

    /// Waits while the client does not read, or the log is behind: then the client is not read.
    async fn aside(&mut self, aside: Aside) -> Result<(), End> {
        match aside {
            Aside::Answer(frame) => self.to_client.send(frame).await.map_err(|_| End::ClientClosed),
            Aside::Report(job) => self.reports.push(job).await,
        }
    }

    fn malformed(error: MqttError) -> End {
        End::Malformed(error)
    }

    fn receiver_closed() -> End {
        End::UpstreamClosed
    }
}
