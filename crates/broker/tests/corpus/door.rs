//! What stands before the broker: bytes of one client become packets, its faults an end.

use fleetward_broker::{Broker, Close, ConnectRequest, Ending, Limits, LinkId, Notice};
use fleetward_mqtt::packet::{
    Answer, AnswerKind, Connack, Connect, Disconnect, Publish, Subscribe, TopicAliases,
    Unsubscribe, ping,
};
use fleetward_mqtt::{Frame, MqttError, PacketType, ProtocolVersion, QoS, ReasonCode, Scan, scan};

/// One client, and a broker for it alone.
pub(crate) struct Door {
    broker: Broker,
    limits: Limits,
    client: Option<Client>,
    buffer: Vec<u8>,
    out: Vec<u8>,
    is_closed: bool,
}

struct Client {
    link: LinkId,
    version: ProtocolVersion,
    aliases: TopicAliases,
}

/// Why a frame of a client ends the connection.
enum Fault {
    /// It is told why, under MQTT 5.
    Told(ReasonCode),
    /// It said goodbye.
    Goodbye,
}

/// What a client is told of a packet that cannot be parsed.
fn malformed(packet_type: PacketType) -> impl Fn(MqttError) -> Fault {
    move |error| match error.disconnect_code(Some(packet_type)) {
        Some(reason) => Fault::Told(reason),
        None => Fault::Goodbye,
    }
}

impl From<Close> for Fault {
    fn from(close: Close) -> Self {
        Self::Told(close.0)
    }
}

impl Door {
    pub(crate) fn new() -> Self {
        // The numbers that the corpus expects, and topics as deep as it likes.
        let limits = Limits {
            receive_maximum: 20,
            topic_alias_maximum: 10,
            packet_max_bytes: 2_000_000,
            topic_max_bytes: 65_535,
            topic_max_slashes: 15,
            ..Limits::default()
        };
        let broker = Broker::new(limits.clone(), 7);
        let (buffer, out) = (Vec::new(), Vec::new());
        Self { broker, limits, client: None, buffer, out, is_closed: false }
    }

    pub(crate) fn connect_first(&mut self, version: ProtocolVersion, name: &str) {
        let id: String = name.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        self.feed(&Connect::new(version, &id, 60).encode().unwrap());
        self.read(usize::MAX);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(crate) fn read(&mut self, most: usize) -> Vec<u8> {
        let rest = self.out.split_off(most.min(self.out.len()));
        std::mem::replace(&mut self.out, rest)
    }

    pub(crate) fn other(&mut self, topic: &str, payload: &str, qos: u64) {
        let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][qos as usize];
        let payload = payload.as_bytes();
        let notice =
            Notice { topic, qos, retain: false, properties: &[], expiry_seconds: None, payload };
        self.broker.announce(0, &notice);
        self.take();
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        while !self.is_closed {
            match scan(&self.buffer, 2_000_000) {
                Ok(Scan::Incomplete { .. }) => break,
                Ok(Scan::Frame(frame)) => {
                    let rest = self.buffer.split_off(frame.total_bytes);
                    let bytes = std::mem::replace(&mut self.buffer, rest);
                    self.frame(frame, &bytes);
                }
                Err(error) => self.end(error.disconnect_code(None)),
            }
        }
        self.take();
    }

    fn frame(&mut self, frame: Frame, bytes: &[u8]) {
        let body = frame.body(bytes);
        let result = match &self.client {
            None if frame.packet_type == PacketType::Connect => return self.connect(body),
            None => Err(Fault::Goodbye),
            Some(_) => self.packet(frame, body),
        };
        match result {
            Ok(()) => self.take(),
            Err(Fault::Told(reason)) => self.end(Some(reason)),
            Err(Fault::Goodbye) => self.end(None),
        }
    }

    fn connect(&mut self, body: &[u8]) {
        let connect = match Connect::parse(body) {
            Ok(connect) => connect,
            Err(error) => {
                self.out.extend(Connack::to_malformed(body, &error).unwrap_or_default());
                return self.end(None);
            }
        };
        let version = connect.version;
        if connect.authentication_method().is_some() {
            let refused = Connack::refused(ReasonCode::BAD_AUTHENTICATION_METHOD.0);
            self.out.extend(refused.encode(version).unwrap());
            return self.end(None);
        }
        let is_assigned = connect.client_id.is_empty();
        let client_id = if is_assigned { "assigned" } else { connect.client_id };
        let connect = Connect { client_id, ..connect };
        let request = ConnectRequest { connect: &connect, is_assigned, principal: 1 };
        match self.broker.connect(0, &request) {
            Ok(joined) => {
                let aliases = TopicAliases::new(self.limits.topic_alias_maximum);
                self.client = Some(Client { link: joined.link, version, aliases });
                self.take();
            }
            Err(refusal) => {
                if let Some(code) = refusal.code(version) {
                    self.out.extend(Connack::refused(code).encode(version).unwrap());
                }
                self.end(None);
            }
        }
    }

    fn packet(&mut self, frame: Frame, body: &[u8]) -> Result<(), Fault> {
        let Some(client) = &mut self.client else { return Err(Fault::Goodbye) };
        let (link, version, broker) = (client.link, client.version, &mut self.broker);
        let bad = malformed(frame.packet_type);
        match frame.packet_type {
            PacketType::Publish => {
                let publish = Publish::parse(version, frame.flags, body).map_err(&bad)?;
                let topic = client.aliases.resolve(&publish).map_err(&bad)?;
                let _ = broker.publish(0, link, topic, &publish)?;
            }
            PacketType::Subscribe => {
                let subscribe = Subscribe::parse(version, body).map_err(&bad)?;
                let allowed = vec![true; subscribe.filter_count];
                let _ = broker.subscribe(0, link, &subscribe, &allowed)?;
            }
            PacketType::Unsubscribe => {
                let _ = broker.unsubscribe(
                    0,
                    link,
                    &Unsubscribe::parse(version, body).map_err(&bad)?,
                )?;
            }
            PacketType::Pingreq => {
                ping::check_body(body).map_err(&bad)?;
                let _ = broker.ping(0, link)?;
            }
            PacketType::Disconnect => {
                broker.disconnect(0, link, &Disconnect::parse(version, body).map_err(&bad)?)?;
                return Err(Fault::Goodbye);
            }
            other => match AnswerKind::from_packet_type(other) {
                Some(kind) => {
                    let _ = broker.answer(
                        0,
                        link,
                        &Answer::parse(version, kind, body).map_err(&bad)?,
                    )?;
                }
                None => {
                    if other == PacketType::Pingresp {
                        ping::check_body(body).map_err(&bad)?;
                    }
                    return Err(Fault::Told(ReasonCode::PROTOCOL_ERROR));
                }
            },
        }
        Ok(())
    }

    fn take(&mut self) {
        let Some(client) = &self.client else { return };
        let mut keeps = Vec::new();
        let ticket = self.broker.take_keeps(&mut keeps);
        self.broker.kept(ticket);
        self.broker.take(0, client.link, &mut |_: &str| true, &mut self.out, usize::MAX);
    }

    fn end(&mut self, reason: Option<ReasonCode>) {
        self.is_closed = true;
        let Some(client) = self.client.take() else { return };
        if let Some(reason) = reason {
            self.out.extend(Broker::goodbye(client.version, reason));
        }
        self.broker.close(0, client.link, Ending::Lost);
    }
}
