//! A device on the plain MQTT listener, written with our own packets over a blocking socket.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use fleetward_mqtt::packet::{Connack, Connect, OutgoingPublish, SubscribeFilter, subscribe};
use fleetward_mqtt::{PacketType, Properties, ProtocolVersion, QoS, Scan, scan};
use serde_json::{Value, json};

use crate::PATIENCE;

const VERSION: ProtocolVersion = ProtocolVersion::V311;

/// Where a thing's reports go.
pub fn report_topic(thing: &str) -> String {
    format!("$aws/things/{thing}/defender/metrics/json")
}

/// A report with these metrics.
pub fn report(report_id: i64, metrics: &Value) -> String {
    json!({"header": {"report_id": report_id, "version": "1.0"}, "metrics": metrics}).to_string()
}

/// A connected device.
pub struct Device {
    stream: TcpStream,
    buffer: Vec<u8>,
    packet_id: u16,
}

impl Device {
    /// Connects; none if the server refuses or is gone.
    pub fn try_connect(address: SocketAddr, client_id: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut device = Self { stream, buffer: Vec::new(), packet_id: 0 };
        device.stream.write_all(&Connect::new(VERSION, client_id, 60).encode().unwrap()).ok()?;
        let (kind, body) = device.receive()?;
        (kind == PacketType::Connack && Connack::parse(VERSION, &body).unwrap().is_accepted())
            .then_some(device)
    }

    /// Connects, or fails.
    pub fn connect(address: SocketAddr, client_id: &str) -> Self {
        Self::try_connect(address, client_id).expect("the device connects")
    }

    /// Subscribes at QoS 0 and waits for the SUBACK.
    pub fn subscribe(&mut self, filter: &str) {
        self.packet_id += 1;
        let filters = [SubscribeFilter::new(filter, QoS::AtMostOnce)];
        let packet =
            subscribe::encode(VERSION, self.packet_id, Properties::default(), &filters).unwrap();
        self.stream.write_all(&packet).unwrap();
        assert_eq!(self.receive().unwrap().0, PacketType::Suback);
    }

    /// Publishes at QoS 1 and waits for nothing; the packet's id, or none if nobody listens.
    pub fn send(&mut self, topic: &str, payload: &[u8]) -> Option<u16> {
        self.packet_id = self.packet_id % 60_000 + 1;
        self.write(topic, payload, Some(self.packet_id)).then_some(self.packet_id)
    }

    /// Publishes at QoS 0; false if nobody listens.
    pub fn tell(&mut self, topic: &str, payload: &[u8]) -> bool {
        self.write(topic, payload, None)
    }

    fn write(&mut self, topic: &str, payload: &[u8], packet_id: Option<u16>) -> bool {
        let publish =
            OutgoingPublish { topic, payload, retain: false, packet_id, content_type: None };
        self.stream.write_all(&publish.encode(VERSION).unwrap()).is_ok()
    }

    /// The id of the next packet that is acknowledged; none once the server is gone.
    pub fn acknowledged(&mut self) -> Option<u16> {
        loop {
            let (kind, body) = self.receive()?;
            if let (PacketType::Puback, [high, low, ..]) = (kind, body.as_slice()) {
                return Some(u16::from_be_bytes([*high, *low]));
            }
        }
    }

    /// Whether the server has ended the connection.
    pub fn is_closed(&mut self) -> bool {
        // A read that runs out of time is an error, too, and says that it is open.
        let end = self.stream.read(&mut [0]);
        matches!(end, Ok(0)) || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
    }

    /// How long to wait for what the server sends; past that it counts as gone.
    pub fn be_patient_for(&mut self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
    }

    /// Publishes at QoS 1; true once the PUBACK is there.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> bool {
        if self.send(topic, payload).is_none() {
            return false;
        }
        loop {
            match self.receive() {
                Some((PacketType::Puback, _)) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Sends a report at QoS 1 with these listening ports; true once acknowledged.
    pub fn report(&mut self, thing: &str, report_id: i64, ports: &[u16]) -> bool {
        let ports: Vec<_> = ports.iter().map(|port| json!({"port": port})).collect();
        let metrics = json!({"listening_tcp_ports": {"ports": ports, "total": ports.len()}});
        self.publish(&report_topic(thing), report(report_id, &metrics).as_bytes())
    }

    /// The next message as text: topic and payload together.
    pub fn message(&mut self) -> String {
        loop {
            let (kind, body) = self.receive().expect("a message");
            if kind == PacketType::Publish {
                return String::from_utf8_lossy(&body).into_owned();
            }
        }
    }

    fn receive(&mut self) -> Option<(PacketType, Vec<u8>)> {
        loop {
            if let Scan::Frame(frame) = scan(&self.buffer, 1 << 20).unwrap() {
                let body = frame.body(&self.buffer).to_vec();
                self.buffer.drain(..frame.total_bytes);
                return Some((frame.packet_type, body));
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).ok().filter(|&count| count > 0)?;
            self.buffer.extend_from_slice(&bytes[..count]);
        }
    }
}
