//! The transport of the small broker: two pipes in memory, and at their far end a task that
//! speaks MQTT.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use fleetward_front_door::{Pipe, Transport};
use fleetward_mqtt::packet::{
    Answer, AnswerKind, Connack, Connect, Publish, Suback, SubackKind, Subscribe, Unsubscribe, ping,
};
use fleetward_mqtt::{Frame, PacketType, ProtocolVersion, QoS, ReasonCode, Scan, scan};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::small_broker::{Message, SmallBroker};

/// Bytes that a pipe holds before its writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// Reaches a small broker of its own.
#[derive(Default)]
pub(crate) struct InProcess(Arc<Mutex<SmallBroker>>);

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcess")
    }
}

#[async_trait::async_trait]
impl Transport for InProcess {
    async fn dial(&self) -> std::io::Result<Pipe> {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(serve(Arc::clone(&self.0), far));
        let (reader, writer) = tokio::io::split(near);
        Ok(Pipe::new(reader, writer))
    }
}

/// One session's connection, behind its CONNECT.
struct Connection {
    broker: Arc<Mutex<SmallBroker>>,
    version: ProtocolVersion,
    client_id: String,
    to_client: UnboundedSender<Vec<u8>>,
    /// QoS 2 messages whose PUBREL has not come.
    received: HashSet<u16>,
}

async fn serve(broker: Arc<Mutex<SmallBroker>>, mut stream: DuplexStream) {
    let mut buffer = Vec::new();
    let Some((frame, bytes)) = read_frame(&mut stream, &mut buffer).await else { return };
    let connect = Connect::parse(frame.body(&bytes)).unwrap();
    let will = connect.will.map(|will| Message {
        topic: will.topic.to_owned(),
        payload: will.payload.to_vec(),
        qos: will.qos,
        retain: will.retain,
    });
    let (to_client, mut frames) = mpsc::unbounded_channel();
    let (number, was_there) = broker.lock().unwrap().connect(&connect, to_client.clone());
    let connection = Connection {
        broker: Arc::clone(&broker),
        version: connect.version,
        client_id: connect.client_id.to_owned(),
        to_client,
        received: HashSet::new(),
    };
    let connack = Connack::accepted(was_there).encode(connect.version).unwrap();
    stream.write_all(&connack).await.unwrap();
    broker.lock().unwrap().resume(connect.client_id);
    let said_goodbye = connection.run(&mut stream, &mut buffer, &mut frames).await;
    let held = broker.lock().unwrap().leave(connect.client_id, number);
    if let Some(will) = will.filter(|_| held && !said_goodbye) {
        broker.lock().unwrap().publish(&will);
    }
}

/// The next whole frame; none at the end.
pub(crate) async fn read_frame(
    stream: &mut DuplexStream,
    buffer: &mut Vec<u8>,
) -> Option<(Frame, Vec<u8>)> {
    loop {
        if let Scan::Frame(frame) = scan(buffer, usize::MAX).unwrap() {
            return Some((frame, buffer.drain(..frame.total_bytes).collect()));
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

impl Connection {
    /// Until it ends; whether the client said DISCONNECT.
    async fn run(
        mut self,
        stream: &mut DuplexStream,
        buffer: &mut Vec<u8>,
        frames: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    ) -> bool {
        loop {
            tokio::select! {
                read = read_frame(stream, buffer) => {
                    let Some((frame, bytes)) = read else { return false };
                    if frame.packet_type == PacketType::Disconnect {
                        return true;
                    }
                    self.take(frame, &bytes);
                }
                frame = frames.recv() => {
                    // No bytes: another connection took the session over.
                    let frame = frame.filter(|frame| !frame.is_empty());
                    let Some(frame) = frame else { return false };
                    if stream.write_all(&frame).await.is_err() {
                        return false;
                    }
                }
            }
        }
    }

    fn take(&mut self, frame: Frame, bytes: &[u8]) {
        let (version, body) = (self.version, frame.body(bytes));
        match frame.packet_type {
            PacketType::Publish => {
                self.publish(&Publish::parse(version, frame.flags, body).unwrap());
            }
            PacketType::Pubrel => {
                let id = Answer::parse(version, AnswerKind::Pubrel, body).unwrap().packet_id;
                self.received.remove(&id);
                self.answer(AnswerKind::Pubcomp, id);
            }
            PacketType::Pubrec => {
                let id = Answer::parse(version, AnswerKind::Pubrec, body).unwrap().packet_id;
                self.answer(AnswerKind::Pubrel, id);
            }
            PacketType::Subscribe => self.subscribe(&Subscribe::parse(version, body).unwrap()),
            PacketType::Unsubscribe => {
                let unsubscribe = Unsubscribe::parse(version, body).unwrap();
                let codes: Vec<u8> = unsubscribe.iter().map(|_| 0).collect();
                for filter in unsubscribe.iter() {
                    self.broker.lock().unwrap().unsubscribe(&self.client_id, filter);
                }
                let unsuback = Suback::new(SubackKind::Unsuback, unsubscribe.packet_id, &codes);
                self.say(unsuback.encode(version).unwrap());
            }
            PacketType::Pingreq => self.say(ping::PINGRESP.to_vec()),
            PacketType::Puback | PacketType::Pubcomp => {}
            other => panic!("a front door sent {other:?}"),
        }
    }

    fn publish(&mut self, publish: &Publish<'_>) {
        let is_new = match (publish.qos, publish.packet_id) {
            (QoS::ExactlyOnce, Some(id)) => self.received.insert(id),
            _ => true,
        };
        if is_new {
            self.broker.lock().unwrap().publish(&Message::of(publish));
        }
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => self.answer(AnswerKind::Puback, id),
            (QoS::ExactlyOnce, Some(id)) => self.answer(AnswerKind::Pubrec, id),
            _ => {}
        }
    }

    fn subscribe(&mut self, subscribe: &Subscribe<'_>) {
        let codes: Vec<u8> = subscribe.iter().map(|wanted| wanted.qos as u8).collect();
        let suback = Suback::new(SubackKind::Suback, subscribe.packet_id, &codes);
        self.say(suback.encode(self.version).unwrap());
        for wanted in subscribe.iter() {
            self.broker.lock().unwrap().subscribe(&self.client_id, wanted.filter, wanted.qos);
        }
    }

    fn answer(&self, kind: AnswerKind, id: u16) {
        let answer = Answer::new(kind, id, ReasonCode::SUCCESS);
        self.say(answer.encode(self.version).unwrap());
    }

    fn say(&self, frame: Vec<u8>) {
        let _ = self.to_client.send(frame);
    }
}
