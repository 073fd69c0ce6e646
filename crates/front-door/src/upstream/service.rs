//! The front door's own connection to the broker: answers to device reports are published
//! through it, so that subscriptions, sessions and other subscribers see them like any message.

use fleetward_mqtt::packet::{Connack, Connect, OutgoingPublish, ping};
use fleetward_mqtt::{PacketType, ProtocolVersion};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Broker;
use crate::frames::Frames;
use crate::limits::{ANSWER_WAIT, SERVICE_FRAMES, SERVICE_PING, SERVICE_RETRY, UPSTREAM_CONNECT};

const VERSION: ProtocolVersion = ProtocolVersion::V311;

/// Publishes through the service connection.
#[derive(Clone)]
pub(crate) struct Service {
    frames: mpsc::Sender<Vec<u8>>,
}

impl Service {
    /// Keeps a connection to the broker until every `Service` is dropped.
    pub(crate) fn start(broker: Broker, client_id: String) -> (Self, JoinHandle<()>) {
        let (frames, queue) = mpsc::channel(SERVICE_FRAMES);
        (Self { frames }, tokio::spawn(run(broker, client_id, queue)))
    }

    /// Publishes with QoS 0. What the broker does not take in time is dropped: devices have
    /// given up by then.
    pub(crate) async fn publish(&self, topic: &str, payload: &[u8]) {
        let publish =
            OutgoingPublish { topic, payload, retain: false, packet_id: None, content_type: None };
        match publish.encode(VERSION) {
            Ok(frame) => {
                if self.frames.send_timeout(frame, ANSWER_WAIT).await.is_err() {
                    tracing::warn!(topic, "the broker does not take messages: one is dropped");
                }
            }
            Err(error) => tracing::error!(topic, %error, "a message cannot be encoded"),
        }
    }
}

async fn run(broker: Broker, client_id: String, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut unsent = None;
    while !(queue.is_closed() && queue.is_empty()) {
        match timeout(UPSTREAM_CONNECT, connect(&broker, &client_id)).await {
            Ok(Ok(stream)) => {
                if let Err(problem) = serve(stream, &mut queue, &mut unsent).await {
                    tracing::warn!(problem, "the service connection broke");
                } else {
                    return;
                }
            }
            Ok(Err(problem)) => tracing::warn!(problem, "no service connection"),
            Err(_) => tracing::warn!("no service connection: the broker does not answer"),
        }
        tokio::time::sleep(SERVICE_RETRY).await;
    }
}

async fn connect(broker: &Broker, client_id: &str) -> Result<TcpStream, String> {
    let mut stream = broker.dial().await.map_err(|error| error.to_string())?;
    let connect = Connect::new(VERSION, client_id, 0);
    let bytes = broker.connect_frame(&connect).map_err(|error| error.to_string())?;
    stream.write_all(&bytes).await.map_err(|error| error.to_string())?;
    let mut frames = Frames::new();
    loop {
        if let Some((frame, bytes)) = frames.frame_at(0).map_err(|error| error.to_string())? {
            if frame.packet_type != PacketType::Connack {
                return Err(format!("CONNECT is answered with {:?}", frame.packet_type));
            }
            let connack = Connack::parse(VERSION, frame.body(bytes));
            return match connack.map_err(|error| error.to_string())? {
                connack if connack.is_accepted() => Ok(stream),
                connack => Err(format!("CONNECT is refused with code {}", connack.code)),
            };
        }
        if frames.read(&mut stream).await == 0 {
            return Err("closed before CONNACK".to_owned());
        }
    }
}

/// Sends what is queued. Ok when nobody is left to queue anything.
async fn serve(
    mut stream: TcpStream,
    queue: &mut mpsc::Receiver<Vec<u8>>,
    unsent: &mut Option<Vec<u8>>,
) -> Result<(), String> {
    let (mut reader, mut writer) = stream.split();
    let mut frames = Frames::new();
    let mut alive = interval(SERVICE_PING);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if let Some(frame) = unsent.as_ref() {
            writer.write_all(frame).await.map_err(|error| error.to_string())?;
            *unsent = None;
        }
        tokio::select! {
            frame = queue.recv() => match frame {
                Some(frame) => *unsent = Some(frame),
                None => return Ok(()),
            },
            count = frames.read(&mut reader) => {
                if count == 0 {
                    return Err("the broker closed".to_owned());
                }
                // Only PINGRESP comes, and says nothing but that the broker is there.
                while let Some((frame, _)) =
                    frames.frame_at(0).map_err(|error| error.to_string())?
                {
                    frames.consume(frame.total_bytes);
                }
            }
            _ = alive.tick() => {
                writer.write_all(&ping::PINGREQ).await.map_err(|error| error.to_string())?;
            }
        }
    }
}
