//! A small MQTT client that says exactly what it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fleetward_environment::Clock;
pub(crate) use fleetward_mqtt::ProtocolVersion as Version;
use fleetward_mqtt::packet::{
    Answer, AnswerKind, Connack, Connect, OutgoingPublish, Publish, Suback, SubackKind,
    SubscribeFilter, subscribe,
};
use fleetward_mqtt::{Frame, PacketType, Properties, QoS, Scan, scan};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::pki::Leaf;

/// How long anything may take.
const WAIT: Duration = Duration::from_secs(5);
/// How long to make sure that nothing comes.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) struct Client {
    pub(crate) version: Version,
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// A message that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) packet_id: Option<u16>,
}

impl Client {
    pub(crate) async fn plain(address: SocketAddr, version: Version) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self { version, stream: Box::new(stream), buffer: Vec::new() }
    }

    /// A TLS handshake; an error if it fails on this side.
    pub(crate) async fn secure(
        address: SocketAddr,
        version: Version,
        ca: &CertificateDer<'static>,
        device: Option<Leaf>,
        protocols: &[&[u8]],
    ) -> std::io::Result<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca.clone()).unwrap();
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match device {
            Some(leaf) => builder.with_client_auth_cert(vec![leaf.der], leaf.key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Self { version, stream: Box::new(stream), buffer: Vec::new() })
    }

    /// Connects and checks that it was accepted.
    pub(crate) async fn connected(mut self, id: &str) -> Self {
        let connect = Connect::new(self.version, id, 0);
        assert_eq!(self.connect(&connect).await, Some((0, false)));
        self
    }

    /// The code and whether there was a session; `None` if the connection closed instead.
    pub(crate) async fn connect(&mut self, connect: &Connect<'_>) -> Option<(u8, bool)> {
        self.send(&connect.encode().unwrap()).await;
        let (frame, bytes) = self.frame().await?;
        assert_eq!(frame.packet_type, PacketType::Connack);
        let connack = Connack::parse(self.version, frame.body(&bytes)).unwrap();
        Some((connack.code, connack.session_present))
    }

    /// Writes; that nobody reads any more is seen when reading.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    pub(crate) async fn publish(&mut self, topic: &str, payload: &[u8], qos: QoS, id: u16) {
        self.publish_with(topic, payload, qos, id, false).await;
    }

    pub(crate) async fn publish_with(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        id: u16,
        retain: bool,
    ) {
        let packet_id = (qos != QoS::AtMostOnce).then_some(id);
        let publish = OutgoingPublish { topic, payload, retain, packet_id, content_type: None };
        let mut bytes = publish.encode(self.version).unwrap();
        if qos == QoS::ExactlyOnce {
            bytes[0] = bytes[0] & !0b110 | 0b100;
        }
        self.send(&bytes).await;
    }

    /// Subscribes and returns the codes of the SUBACK.
    pub(crate) async fn subscribe(&mut self, filters: &[(&str, QoS)]) -> Vec<u8> {
        let filters: Vec<_> =
            filters.iter().map(|(filter, qos)| SubscribeFilter::new(filter, *qos)).collect();
        let bytes = subscribe::encode(self.version, 77, Properties::default(), &filters).unwrap();
        self.send(&bytes).await;
        let (frame, bytes) = self.frame().await.expect("a SUBACK");
        assert_eq!(frame.packet_type, PacketType::Suback);
        let suback = Suback::parse(self.version, SubackKind::Suback, frame.body(&bytes)).unwrap();
        assert_eq!(suback.packet_id, 77);
        suback.codes.to_vec()
    }

    /// The next message. It is acknowledged.
    pub(crate) async fn message(&mut self) -> Message {
        let (frame, bytes) = self.frame().await.expect("a message");
        self.take_message(frame, &bytes).await
    }

    pub(crate) async fn take_message(&mut self, frame: Frame, bytes: &[u8]) -> Message {
        assert_eq!(frame.packet_type, PacketType::Publish);
        let publish = Publish::parse(self.version, frame.flags, frame.body(bytes)).unwrap();
        if let (QoS::AtLeastOnce, Some(id)) = (publish.qos, publish.packet_id) {
            self.answer(AnswerKind::Puback, id).await;
        }
        Message {
            topic: publish.topic.to_owned(),
            payload: publish.payload.to_vec(),
            qos: publish.qos,
            retain: publish.retain,
            packet_id: publish.packet_id,
        }
    }

    pub(crate) async fn answer(&mut self, kind: AnswerKind, id: u16) {
        let reason = fleetward_mqtt::ReasonCode::SUCCESS;
        let bytes = Answer::new(kind, id, reason).encode(self.version).unwrap();
        self.send(&bytes).await;
    }

    /// The next frame is this acknowledgement; its reason.
    pub(crate) async fn acknowledged(&mut self, kind: AnswerKind, id: u16) -> u8 {
        let (frame, bytes) = self.frame().await.expect("an acknowledgement");
        assert_eq!(frame.packet_type, kind.packet_type());
        let answer = Answer::parse(self.version, kind, frame.body(&bytes)).unwrap();
        assert_eq!(answer.packet_id, id);
        answer.reason.0
    }

    /// The next frame; `None` if the connection closes first. Fails if neither happens.
    pub(crate) async fn frame(&mut self) -> Option<(Frame, Vec<u8>)> {
        Clock::system()
            .timeout(WAIT, self.read_frame())
            .await
            .expect("a frame or the end within 5 s")
    }

    /// Nothing comes for a while, and the connection stays.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        Clock::system().timeout(QUIET, self.read_frame()).await.is_err()
    }

    /// The connection closes, after whatever may come before.
    pub(crate) async fn closes(&mut self) -> bool {
        while let Some(_frame) = self.frame().await {}
        true
    }

    async fn read_frame(&mut self) -> Option<(Frame, Vec<u8>)> {
        loop {
            if let Scan::Frame(frame) = scan(&self.buffer, usize::MAX).unwrap() {
                let bytes = self.buffer.drain(..frame.total_bytes).collect();
                return Some((frame, bytes));
            }
            let mut chunk = [0u8; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
            }
        }
    }
}
