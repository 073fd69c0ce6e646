//! Brokers that are not as they should be: what a client is told, and who is asked again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fleetward_front_door::{Pipe, Transport, Upstream};
use fleetward_mqtt::packet::{Connack, Connect, ping};
use fleetward_mqtt::{PacketType, ProtocolVersion};
use tokio::io::{AsyncWriteExt, DuplexStream};

use crate::client::{Client, Version};
use crate::connection::read_frame;
use crate::stack::Stack;

const BOTH: [Version; 2] = [Version::V311, Version::V5];

/// What a broker does with a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Accept,
    /// It is not available just now.
    Busy,
    /// It refuses, with MQTT 3.1.1's code for that.
    Refuse,
    Close,
    /// It answers with something else.
    Ping,
    Nothing,
}

/// Does one after the other, the last for ever. The front door's own session is always accepted.
#[derive(Debug)]
struct Scripted {
    script: &'static [Does],
    asked: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Transport for Scripted {
    async fn dial(&self) -> io::Result<Pipe> {
        let (near, far) = tokio::io::duplex(4096);
        tokio::spawn(answer(far, self.script, Arc::clone(&self.asked)));
        let (reader, writer) = tokio::io::split(near);
        Ok(Pipe::new(reader, writer))
    }
}

async fn answer(mut stream: DuplexStream, script: &[Does], asked: Arc<AtomicUsize>) {
    let mut buffer = Vec::new();
    let Some((frame, bytes)) = read_frame(&mut stream, &mut buffer).await else { return };
    let connect = Connect::parse(frame.body(&bytes)).unwrap();
    let does = match connect.client_id.starts_with("fleetward-") {
        true => Does::Accept,
        false => {
            let place = asked.fetch_add(1, Ordering::SeqCst);
            script.get(place).or(script.last()).copied().unwrap()
        }
    };
    let v5 = connect.version == ProtocolVersion::V5;
    let connack = match does {
        Does::Accept => Connack::accepted(false),
        Does::Busy => Connack::refused(if v5 { 0x88 } else { 3 }),
        Does::Refuse => Connack::refused(if v5 { 0x8A } else { 4 }),
        Does::Close => return,
        Does::Ping => {
            let _ = stream.write_all(&ping::PINGRESP).await;
            return;
        }
        Does::Nothing => return std::future::pending().await,
    };
    let _ = stream.write_all(&connack.encode(connect.version).unwrap()).await;
    while read_frame(&mut stream, &mut buffer).await.is_some() {}
}

/// The code of the client's CONNACK, and how often the broker was asked.
async fn connect(script: &'static [Does], version: Version) -> (u8, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::Transport(Arc::new(Scripted { script, asked: Arc::clone(&asked) }));
    let stack = Stack::start_with(|settings| {
        settings.upstream = upstream;
        settings.connect_limit_ms = if script == [Does::Nothing] { 300 } else { 10_000 };
    })
    .await;
    let mut client = Client::plain(stack.plain(), version).await;
    let (code, _) = client.connect(&Connect::new(version, "pump", 0)).await.unwrap();
    if code != 0 {
        assert!(client.closes().await);
    }
    (code, asked.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_busy_is_asked_again() {
    use Does::{Accept, Busy};
    for version in BOTH {
        assert_eq!(connect(&[Busy, Busy, Accept], version).await, (0, 3));
    }
    assert_eq!(connect(&[Busy], Version::V311).await, (3, 6));
    assert_eq!(connect(&[Busy], Version::V5).await, (0x88, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_passed_on_and_not_asked_for_again() {
    assert_eq!(connect(&[Does::Refuse], Version::V311).await, (4, 1));
    assert_eq!(connect(&[Does::Refuse], Version::V5).await, (0x8A, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_a_broker_does_the_client_is_told_that_it_is_not_available() {
    for script in [&[Does::Close], &[Does::Ping], &[Does::Nothing]] {
        assert_eq!(connect(script, Version::V311).await, (3, 1), "{script:?}");
        assert_eq!(connect(script, Version::V5).await, (0x88, 1), "{script:?}");
    }
}

/// Cannot be reached; counts how often it was tried.
#[derive(Debug, Default)]
struct Unreachable {
    dialled: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Transport for Unreachable {
    async fn dial(&self) -> io::Result<Pipe> {
        self.dialled.fetch_add(1, Ordering::SeqCst);
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_cannot_be_reached_refuses_clients_and_is_dialled_again_for_answers() {
    let broker = Unreachable::default();
    let dialled = Arc::clone(&broker.dialled);
    let upstream = Upstream::Transport(Arc::new(broker));
    let stack = Stack::start_with(|settings| settings.upstream = upstream).await;
    let mut client = Client::plain(stack.plain(), Version::V5).await;
    client.send(&Connect::new(Version::V5, "pump", 0).encode().unwrap()).await;
    let (frame, bytes) = client.frame().await.unwrap();
    assert_eq!(frame.packet_type, PacketType::Connack);
    assert_eq!(Connack::parse(Version::V5, frame.body(&bytes)).unwrap().code, 0x88);
    crate::stack::eventually("the front door's own session dials again", || {
        dialled.load(Ordering::SeqCst) >= 4
    })
    .await;
}
