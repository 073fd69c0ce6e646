//! The front door's own connection to the broker: answers to device reports are published
//! through it, so that subscriptions, sessions and other subscribers see them like any message.

use fleetward_environment::Clock;
use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::{Connect, OutgoingPublish, ping};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::{Broker, Joined, Pipe};
use crate::limits::{ANSWER_WAIT, SERVICE_FRAMES, SERVICE_PING, SERVICE_RETRY};

const VERSION: ProtocolVersion = ProtocolVersion::V311;

/// Publishes through the service connection.
#[derive(Clone)]
pub(crate) struct Service {
    frames: mpsc::Sender<Vec<u8>>,
    clock: Clock,
}

impl Service {
    /// Keeps a connection to the broker until every `Service` is dropped.
    pub(crate) fn start(
        broker: Broker,
        client_id: String,
        published: mpsc::Receiver<Vec<u8>>,
    ) -> (Self, JoinHandle<()>) {
        let (frames, answers) = mpsc::channel(SERVICE_FRAMES);
        let clock = broker.clock().clone();
        let outgoing = Outgoing { answers, published, unsent: None };
        (Self { frames, clock }, tokio::spawn(run(broker, client_id, outgoing)))
    }

    /// A message of QoS 0, as it goes out; none if it cannot be said.
    pub(crate) fn frame(topic: &str, payload: &[u8]) -> Option<Vec<u8>> {
        let publish =
            OutgoingPublish { topic, payload, retain: false, packet_id: None, content_type: None };
        let frame = publish.encode(VERSION);
        frame
            .inspect_err(|error| tracing::error!(topic, %error, "a message cannot be encoded"))
            .ok()
    }

    /// A place for one frame. None if the broker does not take what waits already in time: devices
    /// have given up by then.
    pub(crate) async fn place(&self) -> Option<mpsc::Permit<'_, Vec<u8>>> {
        match self.clock.timeout(ANSWER_WAIT, self.frames.reserve()).await {
            Ok(place) => place.ok(),
            Err(_) => {
                tracing::warn!("the broker does not take messages: an answer is dropped");
                None
            }
        }
    }
}

/// What is to be sent.
struct Outgoing {
    /// To device reports, within two seconds.
    answers: mpsc::Receiver<Vec<u8>>,
    /// Messages of the server's own, which take nothing from the answers.
    published: mpsc::Receiver<Vec<u8>>,
    /// What is being sent.
    unsent: Option<Vec<u8>>,
}

async fn run(broker: Broker, client_id: String, mut outgoing: Outgoing) {
    while !(outgoing.answers.is_closed() && outgoing.answers.is_empty()) {
        match broker.join(&Connect::new(VERSION, &client_id, 0)).await {
            Ok(joined) => match serve(broker.clock(), joined, &mut outgoing).await {
                Ok(()) => return,
                Err(problem) => tracing::warn!(problem, "the service connection broke"),
            },
            Err(problem) => tracing::warn!(%problem, "no service connection"),
        }
        broker.clock().sleep(SERVICE_RETRY).await;
    }
}

/// Sends what is queued. Ok when nobody is left to queue anything.
async fn serve(clock: &Clock, joined: Joined, outgoing: &mut Outgoing) -> Result<(), String> {
    let Joined { pipe: Pipe { mut reader, mut writer }, mut frames, .. } = joined;
    let mut alive = clock.interval_at(clock.instant(), SERVICE_PING);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if let Some(frame) = outgoing.unsent.as_ref() {
            writer.write_all(frame).await.map_err(|error| error.to_string())?;
            writer.flush().await.map_err(|error| error.to_string())?;
            outgoing.unsent = None;
        }
        tokio::select! {
            frame = outgoing.answers.recv() => match frame {
                Some(frame) => outgoing.unsent = Some(frame),
                None => return Ok(()),
            },
            Some(frame) = outgoing.published.recv() => outgoing.unsent = Some(frame),
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
                writer.flush().await.map_err(|error| error.to_string())?;
            }
        }
    }
}
