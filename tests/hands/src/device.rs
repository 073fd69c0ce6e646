//! A device on the plain MQTT listener, written with our own packets over a blocking socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use fleetward_mqtt::packet::{Connack, Connect, OutgoingPublish, SubscribeFilter, subscribe};
use fleetward_mqtt::{PacketType, Properties, ProtocolVersion, QoS, Scan, scan};

use crate::PATIENCE;

const VERSION: ProtocolVersion = ProtocolVersion::V311;

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

    /// Publishes at QoS 1; true once the PUBACK is there.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> bool {
        self.packet_id = self.packet_id % 60_000 + 1;
        let publish = OutgoingPublish {
            topic,
            payload,
            retain: false,
            packet_id: Some(self.packet_id),
            content_type: None,
        };
        if self.stream.write_all(&publish.encode(VERSION).unwrap()).is_err() {
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
        let ports: Vec<_> = ports.iter().map(|port| serde_json::json!({"port": port})).collect();
        let report = serde_json::json!({
            "header": {"report_id": report_id, "version": "1.0"},
            "metrics": {"listening_tcp_ports": {"ports": ports, "total": ports.len()}}
        });
        let topic = format!("$aws/things/{thing}/defender/metrics/json");
        self.publish(&topic, report.to_string().as_bytes())
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
