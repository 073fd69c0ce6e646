//! A broker, its keeper and its clients.

use std::collections::BTreeMap;

use fleetward_broker::keep::{Kept, Ticket};
use fleetward_broker::{
    Broker, Close, ConnectRequest, Deferral, Ending, Joined, Limits, LinkId, Output, Pace, Refusal,
};
use fleetward_mqtt::packet::{
    Answer, AnswerKind, Connect, Delivery, Disconnect, Publish, Subscribe, TopicAliases,
    Unsubscribe,
};
use fleetward_mqtt::{PacketType, ProtocolVersion, Scan, scan};

use super::frames::{encode, filter, subscribe_frame, words};
use ProtocolVersion::{V5, V311};

/// A broker and all around it.
pub(crate) struct Stage {
    pub(crate) broker: Broker,
    pub(crate) limits: Limits,
    pub(crate) now_ms: u64,
    /// What is on disk.
    pub(crate) kept: Kept,
    /// Keep at once what is to be kept.
    pub(crate) keeps_at_once: bool,
    pub(crate) clients: BTreeMap<LinkId, Client>,
    /// The principal of the next client.
    pub(crate) principal: u64,
    /// What the broker said of the last frame.
    pub(crate) pace: Pace,
    /// Topics that nobody may receive.
    pub(crate) forbidden: Vec<String>,
}

/// What the owner knows of a connection.
pub(crate) struct Client {
    pub(crate) version: ProtocolVersion,
    aliases: TopicAliases,
    pub(crate) last: Option<Output>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self {
            broker: Broker::new(limits.clone(), 7),
            limits,
            now_ms: 1_000_000,
            kept: Kept::default(),
            keeps_at_once: true,
            clients: BTreeMap::new(),
            principal: 1,
            pace: Pace::Go,
            forbidden: Vec::new(),
        }
    }

    /// Connects; what is not said is as the standard has it.
    pub(crate) fn connect(&mut self, connect: &Connect<'_>) -> Result<Joined, Refusal> {
        let request = ConnectRequest { connect, is_assigned: false, principal: self.principal };
        let joined = self.broker.connect(self.now_ms, &request)?;
        let aliases = TopicAliases::new(self.limits.topic_alias_maximum);
        let client = Client { version: connect.version, aliases, last: None };
        self.clients.insert(joined.link, client);
        self.settle();
        Ok(joined)
    }

    /// A client whose session ends with its connection.
    pub(crate) fn clean(&mut self, version: ProtocolVersion, id: &str) -> LinkId {
        self.connect(&Connect::new(version, id, 60)).unwrap().link
    }

    /// A client whose session goes on, and its CONNACK taken.
    pub(crate) fn lasting(&mut self, version: ProtocolVersion, id: &str) -> LinkId {
        let link = self.connect(&lasting(version, id)).unwrap().link;
        self.take(link);
        link
    }

    /// A client subscribed to these filters, its answers taken.
    pub(crate) fn subscribed(&mut self, link: LinkId, filters: &[(&str, usize)]) {
        let filters: Vec<_> = filters.iter().map(|(text, qos)| filter(text, *qos)).collect();
        let frame = subscribe_frame(self.clients[&link].version, 9, 0, &filters);
        self.send(link, &frame).unwrap();
        self.take(link);
    }

    pub(crate) fn publish(&mut self, link: LinkId, message: &Delivery<'_>) -> Result<(), Close> {
        let frame = encode(self.clients[&link].version, message);
        self.send(link, &frame)
    }

    pub(crate) fn acknowledge(&mut self, link: LinkId, kind: AnswerKind, id: u16) -> Vec<String> {
        let frame = super::frames::answer(self.clients[&link].version, kind, id, 0);
        self.send(link, &frame).unwrap();
        self.take(link)
    }

    /// One frame comes from a client, as the front door would hand it on.
    pub(crate) fn send(&mut self, link: LinkId, bytes: &[u8]) -> Result<(), Close> {
        let Ok(Scan::Frame(frame)) = scan(bytes, usize::MAX) else { panic!("no frame") };
        let (body, now_ms) = (frame.body(bytes), self.now_ms);
        let client = self.clients.get_mut(&link).unwrap();
        let version = client.version;
        let broker = &mut self.broker;
        let result = match frame.packet_type {
            PacketType::Publish => {
                let publish = Publish::parse(version, frame.flags, body)?;
                let topic = client.aliases.resolve(&publish)?;
                broker.publish(now_ms, link, topic, &publish)
            }
            PacketType::Subscribe => {
                let subscribe = Subscribe::parse(version, body)?;
                let allowed = vec![true; subscribe.filter_count];
                broker.subscribe(now_ms, link, &subscribe, &allowed)
            }
            PacketType::Unsubscribe => {
                broker.unsubscribe(now_ms, link, &Unsubscribe::parse(version, body)?)
            }
            PacketType::Pingreq => broker.ping(now_ms, link),
            PacketType::Disconnect => {
                let disconnect = Disconnect::parse(version, body)?;
                broker.disconnect(now_ms, link, &disconnect).map(|()| Pace::Wait)
            }
            other => {
                let kind = AnswerKind::from_packet_type(other).unwrap();
                broker.answer(now_ms, link, &Answer::parse(version, kind, body)?)
            }
        };
        self.settle();
        self.pace = result?;
        Ok(())
    }

    /// One PUBLISH that is for the server itself.
    pub(crate) fn defer(&mut self, link: LinkId, bytes: &[u8]) -> Result<Option<Deferral>, Close> {
        let Ok(Scan::Frame(frame)) = scan(bytes, usize::MAX) else { panic!("no frame") };
        let version = self.clients[&link].version;
        let publish = Publish::parse(version, frame.flags, frame.body(bytes))?;
        self.broker.defer_publish(link, &publish)
    }

    /// What the client gets, as words.
    pub(crate) fn take(&mut self, link: LinkId) -> Vec<String> {
        let mut bytes = Vec::new();
        loop {
            let output = self.take_some(link, &mut bytes, 1 << 20);
            if self.keeps_at_once {
                self.settle();
            }
            if output.end.is_some() || (!output.has_more && !self.is_dirty(link)) {
                break;
            }
        }
        words(self.clients[&link].version, &bytes)
    }

    fn is_dirty(&mut self, link: LinkId) -> bool {
        let mut dirty = Vec::new();
        self.broker.dirty(&mut dirty);
        dirty.contains(&link)
    }

    pub(crate) fn take_some(&mut self, link: LinkId, out: &mut Vec<u8>, most: usize) -> Output {
        let forbidden = &self.forbidden;
        let mut authority = |topic: &str| !forbidden.iter().any(|known| known == topic);
        let output = self.broker.take(self.now_ms, link, &mut authority, out, most);
        let client = self.clients.get_mut(&link).unwrap();
        if let Some(reason) = output.end {
            out.extend(Broker::goodbye(client.version, reason));
        }
        client.last = Some(output);
        output
    }

    pub(crate) fn is_go(&self) -> bool {
        self.pace == Pace::Go
    }

    pub(crate) fn may_read(&self, link: LinkId) -> bool {
        self.clients[&link].last.is_some_and(|output| output.may_read)
    }

    pub(crate) fn close(&mut self, link: LinkId) {
        self.broker.close(self.now_ms, link, Ending::Lost);
        self.settle();
    }

    /// Lets time pass and does all that is due.
    pub(crate) fn pass_seconds(&mut self, seconds: u64) {
        self.now_ms += seconds * 1_000;
        while self.broker.tick(self.now_ms) {}
        self.settle();
    }

    /// Keeps what is to be kept, if that goes at once.
    fn settle(&mut self) {
        if self.keeps_at_once {
            let ticket = self.write();
            self.broker.kept(ticket);
        }
    }

    /// Writes what is to be kept; the broker does not know yet.
    pub(crate) fn write(&mut self) -> Ticket {
        let mut keeps = Vec::new();
        let ticket = self.broker.take_keeps(&mut keeps);
        for keep in &keeps {
            self.kept.apply(keep);
        }
        ticket
    }

    /// The process dies, and starts again with what was kept.
    pub(crate) fn crash(&mut self) {
        self.broker = Broker::restore(self.limits.clone(), 8, &self.kept, self.now_ms);
        self.clients.clear();
    }
}

/// CONNECT of a client whose session goes on.
pub(crate) fn lasting(version: ProtocolVersion, id: &str) -> Connect<'_> {
    let session_expiry_seconds = (version == V5).then_some(600);
    Connect { clean_start: false, session_expiry_seconds, ..Connect::new(version, id, 60) }
}

pub(crate) const BOTH: [ProtocolVersion; 2] = [V311, V5];
