//! A simulated light: connects over real MQTTS with a certificate of its own, publishes its state
//! and sends the reports of an AWS device agent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fleetward_environment::Clock;
use fleetward_mqtt::packet::{Connack, Connect, OutgoingPublish, SubscribeFilter, subscribe};
use fleetward_mqtt::{PacketType, Properties, ProtocolVersion, QoS, Scan, scan};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::Failure;

const VERSION: ProtocolVersion = ProtocolVersion::V311;
const MAX_PACKET_BYTES: usize = 64 * 1024;
const KEEP_ALIVE_SECONDS: u16 = 60;
/// How long the server may take for a CONNACK or a verdict on a report.
const PATIENCE: Duration = Duration::from_secs(5);

/// A light's papers.
pub(super) struct Papers {
    pub(super) certificate_pem: String,
    pub(super) private_key_pem: String,
}

/// A light that is connected.
pub(super) struct Light {
    name: String,
    write: WriteHalf<TlsStream<TcpStream>>,
    read: ReadHalf<TlsStream<TcpStream>>,
    buffer: Vec<u8>,
}

impl Light {
    /// Connects, and subscribes to the verdicts on its reports.
    pub(super) async fn connect(
        name: &str,
        server: SocketAddr,
        ca_pem: &str,
        papers: &Papers,
    ) -> Result<Self, Failure> {
        let tried = format!("{name} cannot connect");
        let config = tls(ca_pem, papers).map_err(Failure::of(&tried))?;
        let socket = TcpStream::connect(server).await.map_err(Failure::of(&tried))?;
        socket.set_nodelay(true).map_err(Failure::of(&tried))?;
        let host = ServerName::IpAddress(server.ip().into());
        let stream = TlsConnector::from(Arc::new(config))
            .connect(host, socket)
            .await
            .map_err(Failure::of(&tried))?;
        let (read, write) = split(stream);
        let mut light = Self { name: name.to_owned(), write, read, buffer: Vec::new() };
        let hello = Connect::new(VERSION, name, KEEP_ALIVE_SECONDS).encode();
        light.send(hello.map_err(Failure::of(&tried))?).await?;
        let (kind, body) = light.receive().await?;
        let accepted = kind == PacketType::Connack
            && Connack::parse(VERSION, &body).is_ok_and(|connack| connack.is_accepted());
        if !accepted {
            return Err(Failure::new(format!("{tried}: the server refused")));
        }
        // Before the first report: the answer to it comes to who has subscribed already.
        let filter = format!("$aws/things/{name}/defender/metrics/json/+");
        let filters = [SubscribeFilter::new(&filter, QoS::AtLeastOnce)];
        let packet = subscribe::encode(VERSION, 1, Properties::default(), &filters);
        light.send(packet.map_err(Failure::of(&tried))?).await?;
        if light.receive().await?.0 != PacketType::Suback {
            return Err(Failure::new(format!("{tried}: no SUBACK")));
        }
        Ok(light)
    }

    /// Publishes, and says when the last byte left.
    pub(super) async fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
    ) -> Result<Instant, Failure> {
        let publish =
            OutgoingPublish { topic, payload, retain: false, packet_id: None, content_type: None };
        let frame = publish.encode(VERSION).map_err(Failure::of("cannot write a publish"))?;
        self.send(frame).await?;
        Ok(Clock::system().instant())
    }

    /// Sends a report with these listening TCP ports, waits for the verdict on it, and says when
    /// the report left.
    pub(super) async fn report(&mut self, ports: &[u16]) -> Result<Instant, Failure> {
        let ports: Vec<_> = ports
            .iter()
            .map(|port| serde_json::json!({"interface": "eth0", "port": port}))
            .collect();
        let report = serde_json::json!({
            "header": {"report_id": Clock::system().now_ms(), "version": "1.0"},
            "metrics": {
                "listening_tcp_ports": {"ports": ports, "total": ports.len()},
                "network_stats": {
                    "bytes_in": 2_140, "bytes_out": 1_270, "packets_in": 18, "packets_out": 14
                },
            }
        });
        let topic = format!("$aws/things/{}/defender/metrics/json", self.name);
        let left = self.publish(&topic, report.to_string().as_bytes()).await?;
        loop {
            let (kind, body) = self.receive().await?;
            if kind != PacketType::Publish {
                continue;
            }
            // QoS 0 on our side of the subscription or 1: the topic stands first in both.
            let text = String::from_utf8_lossy(&body);
            if text.contains("/accepted") {
                return Ok(left);
            }
            if text.contains("/rejected") {
                return Err(Failure::new(format!("{}'s report was rejected: {text}", self.name)));
            }
        }
    }

    async fn send(&mut self, frame: Vec<u8>) -> Result<(), Failure> {
        let tried = format!("{} cannot send", self.name);
        self.write.write_all(&frame).await.map_err(Failure::of(&tried))?;
        self.write.flush().await.map_err(Failure::of(&tried))
    }

    /// The next packet: its type and body.
    async fn receive(&mut self) -> Result<(PacketType, Vec<u8>), Failure> {
        let tried = format!("{} hears nothing", self.name);
        let clock = Clock::system();
        let deadline = clock.instant() + PATIENCE;
        loop {
            let found = scan(&self.buffer, MAX_PACKET_BYTES).map_err(Failure::of(&tried))?;
            if let Scan::Frame(frame) = found {
                let body = frame.body(&self.buffer).to_vec();
                self.buffer.drain(..frame.total_bytes);
                return Ok((frame.packet_type, body));
            }
            let mut bytes = [0; 4096];
            let count = clock
                .timeout_at(deadline, self.read.read(&mut bytes))
                .await
                .map_err(Failure::of(&tried))?
                .map_err(Failure::of(&tried))?;
            if count == 0 {
                return Err(Failure::new(format!("{}: the server closed", self.name)));
            }
            self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
    }
}

fn tls(ca_pem: &str, papers: &Papers) -> Result<rustls::ClientConfig, String> {
    let text = |error: rustls::pki_types::pem::Error| format!("{error:?}");
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).map_err(text)?;
    roots.add(ca).map_err(|error| error.to_string())?;
    let chain =
        vec![CertificateDer::from_pem_slice(papers.certificate_pem.as_bytes()).map_err(text)?];
    let key = PrivateKeyDer::from_pem_slice(papers.private_key_pem.as_bytes()).map_err(text)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|error| error.to_string())
}
