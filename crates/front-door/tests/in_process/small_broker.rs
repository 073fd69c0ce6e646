//! A broker as small as the scenarios allow: sessions, subscriptions, retained messages and wills
//! in maps. It is naive on purpose; what it does is what MQTT says, and nothing is fast.

use std::collections::HashMap;

use fleetward_mqtt::packet::{Connect, OutgoingPublish, Publish};
use fleetward_mqtt::{ProtocolVersion, QoS, topic};
use tokio::sync::mpsc::UnboundedSender;

/// All that the broker knows.
#[derive(Default)]
pub(crate) struct SmallBroker {
    sessions: HashMap<String, Session>,
    retained: HashMap<String, Message>,
    connections: u64,
}

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
}

struct Session {
    version: ProtocolVersion,
    /// Where frames for the client go; none while it is away.
    client: Option<UnboundedSender<Vec<u8>>>,
    /// The number of the connection that holds it.
    connection: u64,
    filters: HashMap<String, QoS>,
    /// Messages that came while the client was away.
    waiting: Vec<Message>,
    stays: bool,
    last_id: u16,
}

impl Message {
    pub(crate) fn of(publish: &Publish<'_>) -> Self {
        Self {
            topic: publish.topic.to_owned(),
            payload: publish.payload.to_vec(),
            qos: publish.qos,
            retain: publish.retain,
        }
    }
}

impl SmallBroker {
    /// Takes a client in; the number of its connection, and whether it had a session. An older
    /// connection of the same client is told to end, by a frame of no bytes.
    pub(crate) fn connect(
        &mut self,
        connect: &Connect<'_>,
        client: UnboundedSender<Vec<u8>>,
    ) -> (u64, bool) {
        self.connections += 1;
        let stays = match connect.version.is_v5() {
            true => connect.session_expiry_seconds.is_some_and(|seconds| seconds > 0),
            false => !connect.clean_start,
        };
        let old = self.sessions.remove(connect.client_id);
        if let Some(client) = old.as_ref().and_then(|session| session.client.as_ref()) {
            let _ = client.send(Vec::new());
        }
        let old = old.filter(|_| !connect.clean_start);
        let was_there = old.is_some();
        let mut session = old.unwrap_or_else(|| Session {
            version: connect.version,
            client: None,
            connection: 0,
            filters: HashMap::new(),
            waiting: Vec::new(),
            stays,
            last_id: 0,
        });
        session.version = connect.version;
        session.connection = self.connections;
        session.stays = stays;
        session.client = Some(client);
        self.sessions.insert(connect.client_id.to_owned(), session);
        (self.connections, was_there)
    }

    /// Sends what waited, once the CONNACK is out.
    pub(crate) fn resume(&mut self, client_id: &str) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            for message in std::mem::take(&mut session.waiting) {
                session.send(&message);
            }
        }
    }

    /// The connection is over; false if another one took its session over before.
    pub(crate) fn leave(&mut self, client_id: &str, connection: u64) -> bool {
        let held = |session: &&mut Session| session.connection == connection;
        let Some(session) = self.sessions.get_mut(client_id).filter(held) else { return false };
        session.client = None;
        if !session.stays {
            self.sessions.remove(client_id);
        }
        true
    }

    pub(crate) fn subscribe(&mut self, client_id: &str, filter: &str, qos: QoS) {
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        session.filters.insert(filter.to_owned(), qos);
        for message in self.retained.values() {
            if topic::matches(filter, &message.topic) {
                session.send(&Message { qos: message.qos.min(qos), ..message.clone() });
            }
        }
    }

    pub(crate) fn unsubscribe(&mut self, client_id: &str, filter: &str) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.filters.remove(filter);
        }
    }

    /// Gives the message to everyone who wants it.
    pub(crate) fn publish(&mut self, message: &Message) {
        if message.retain && message.payload.is_empty() {
            self.retained.remove(&message.topic);
        } else if message.retain {
            self.retained.insert(message.topic.clone(), message.clone());
        }
        for session in self.sessions.values_mut() {
            let wanted = session.filters.iter();
            let wanted = wanted.filter(|(filter, _)| topic::matches(filter, &message.topic));
            let Some(qos) = wanted.map(|(_, qos)| *qos).max() else { continue };
            let message = Message { qos: message.qos.min(qos), retain: false, ..message.clone() };
            if session.client.is_some() {
                session.send(&message);
            } else if message.qos != QoS::AtMostOnce {
                session.waiting.push(message);
            }
        }
    }
}

impl Session {
    fn send(&mut self, message: &Message) {
        let packet_id = (message.qos != QoS::AtMostOnce).then(|| {
            self.last_id = self.last_id % u16::MAX + 1;
            self.last_id
        });
        let Message { topic, payload, retain, .. } = message;
        let publish =
            OutgoingPublish { topic, payload, retain: *retain, packet_id, content_type: None };
        let mut frame = publish.encode(self.version).unwrap();
        if message.qos == QoS::ExactlyOnce {
            frame[0] = frame[0] & !0b110 | 0b100;
        }
        if let Some(client) = &self.client {
            let _ = client.send(frame);
        }
    }
}
