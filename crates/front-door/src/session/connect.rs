//! The begin of a connection: CONNECT is read, checked, and said again to the upstream broker.

use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::Metric;
use fleetward_environment::{Chance, Clock};
use fleetward_mqtt::packet::{Connack, Connect};
use fleetward_mqtt::{MqttError, PacketType, ProtocolVersion, ReasonCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::admit::{Admitted, Refusal, admit, connack_code};
use super::downlink::Downlink;
use super::link::Link;
use super::pump::{self, Limits, Pump};
use super::subscribe::PendingSubscribes;
use super::uplink::Uplink;
use super::{Door, End, Peer};
use crate::frames::{Frames, close};
use crate::limits::{
    FRAMES_TO_CLIENT, FRAMES_TO_UPSTREAM, PACKET_MAX_BYTES, SESSION_END, TOPIC_ALIASES,
};
use crate::meter::{Counts, Presence, TopicSet};
use crate::seldom::beginning;
use crate::upstream::{JoinError, Joined};

/// Serves a connection until it ends. The client has until `deadline` to be connected.
pub(crate) async fn serve<S>(door: &Arc<Door>, mut stream: S, peer: Peer, deadline: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut frames = Frames::new();
    let problem =
        match door.clock.timeout_at(deadline, read_connect(&mut stream, &mut frames)).await {
            Ok(Ok(connect)) => match Connect::parse(&connect) {
                Ok(connect) => {
                    return serve_client(door, stream, frames, &peer, connect, deadline).await;
                }
                Err(error) => {
                    if let Some(code) = error.connect_return_code() {
                        let refused = Connack::refused(code).encode(ProtocolVersion::V311);
                        send(&door.clock, &mut stream, &refused.unwrap_or_default()).await;
                    }
                    error.to_string()
                }
            },
            Ok(Err(problem)) => problem,
            Err(_) => "it did not come in time".to_owned(),
        };
    door.told.connects.tell(door.clock.instant(), |count| {
        tracing::info!(peer = %peer.address, problem, count, "no CONNECT");
    });
    close(&door.clock, &mut stream).await;
}

/// Reads the first frame, which must be CONNECT; its body. What follows stays in `frames`.
async fn read_connect(
    stream: &mut (impl AsyncRead + Unpin),
    frames: &mut Frames,
) -> Result<Vec<u8>, String> {
    loop {
        if let Some((frame, bytes)) = frames.frame_at(0).map_err(|error| error.to_string())? {
            if frame.packet_type != PacketType::Connect {
                return Err(format!("the first packet is {:?}", frame.packet_type));
            }
            let body = frame.body(bytes).to_vec();
            frames.consume(frame.total_bytes);
            return Ok(body);
        }
        if frames.read(stream).await == 0 {
            return Err("the client closed".to_owned());
        }
    }
}

async fn serve_client<S>(
    door: &Arc<Door>,
    mut stream: S,
    frames: Frames,
    peer: &Peer,
    mut connect: Connect<'_>,
    deadline: Instant,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let assigned = connect.client_id.is_empty().then(|| random_client_id(&door.chance));
    let assigned = match assigned.transpose() {
        Ok(assigned) => assigned,
        Err(refusal) => return refuse(door, &mut stream, peer, &connect, &refusal).await,
    };
    if let Some(assigned) = &assigned {
        connect.client_id = assigned;
    }
    let mut admitted = match admit(door, peer, &connect).await {
        Ok(admitted) => admitted,
        Err(refusal) => return refuse(door, &mut stream, peer, &connect, &refusal).await,
    };
    match join(door, &connect, assigned.as_deref(), deadline).await {
        Ok((joined, connack)) => {
            let end = if send(&door.clock, &mut stream, &connack).await {
                pump_both(door, (stream, frames), joined, &connect, &mut admitted).await
            } else {
                End::ClientClosed
            };
            let thing = admitted.meter.thing.as_str();
            door.told.ends.tell(door.clock.instant(), |count| {
                tracing::info!(thing, %end, count, "connections over");
            });
        }
        Err(refusal) => {
            send(&door.clock, &mut stream, &refusal).await;
            close(&door.clock, &mut stream).await;
        }
    }
    // Of a client that the broker did not take, the attempt is still to be counted.
    door.meter.add(&admitted.meter, &mut admitted.counts);
    door.meter.release(&admitted.meter);
}

/// Joins the client to the broker; the session and the CONNACK for the client, or the CONNACK
/// that says no.
async fn join(
    door: &Door,
    connect: &Connect<'_>,
    assigned: Option<&str>,
    deadline: Instant,
) -> Result<(Joined, Vec<u8>), Vec<u8>> {
    let version = connect.version;
    let joined = door.clock.timeout_at(deadline, door.broker.join(connect)).await;
    let problem = match joined.unwrap_or(Err(JoinError::Timeout)) {
        Ok(joined) => match connack_for_client(version, &joined.connack, assigned) {
            Ok(connack) => return Ok((joined, connack)),
            Err(error) => JoinError::Malformed(error),
        },
        // The broker's own reason is more than ours.
        Err(JoinError::Refused { connack, .. }) => {
            match connack_for_client(version, &connack, None) {
                Ok(connack) => return Err(connack),
                Err(error) => JoinError::Malformed(error),
            }
        }
        Err(problem) => problem,
    };
    door.told.broker.tell(door.clock.instant(), |connections| {
        tracing::error!(%problem, connections, "the upstream broker is not available");
    });
    let code = connack_code(version, ReasonCode::SERVER_UNAVAILABLE);
    Err(Connack::refused(code).encode(version).unwrap_or_default())
}

/// The broker's CONNACK with what the front door decides: keep-alive, aliases and packet sizes.
fn connack_for_client(
    version: ProtocolVersion,
    body: &[u8],
    assigned: Option<&str>,
) -> Result<Vec<u8>, MqttError> {
    let mut connack = Connack::parse(version, body)?;
    if connack.is_accepted() && version.is_v5() {
        connack.assigned_client_id = assigned;
        connack.server_keep_alive_seconds = None;
        connack.topic_alias_maximum = Some(TOPIC_ALIASES);
        let ours = u32::try_from(PACKET_MAX_BYTES).unwrap_or(u32::MAX);
        connack.maximum_packet_bytes =
            Some(connack.maximum_packet_bytes.map_or(ours, |theirs| theirs.min(ours)));
    }
    connack.encode(version)
}

async fn pump_both<S>(
    door: &Arc<Door>,
    (stream, frames): (S, Frames),
    joined: Joined,
    connect: &Connect<'_>,
    admitted: &mut Admitted,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (version, meter) = (connect.version, Arc::clone(&admitted.meter));
    let link = || Link::new(door, version, admitted.access.clone(), &meter);
    let pending = PendingSubscribes::default();
    let (to_client, own_to_client) = mpsc::channel(FRAMES_TO_CLIENT);
    let (to_broker, own_to_broker) = mpsc::channel(FRAMES_TO_UPSTREAM);
    let (client_read, client_write) = tokio::io::split(stream);
    let upward = Pump {
        direction: Uplink::new(link(), pending.clone(), to_client),
        from: client_read,
        to: joined.pipe.writer,
        frames,
        own: own_to_broker,
    };
    let downward = Pump {
        direction: Downlink::new(link(), pending, to_broker),
        from: joined.pipe.reader,
        to: client_write,
        frames: joined.frames,
        own: own_to_client,
    };
    let seconds = u64::from(connect.keep_alive_seconds);
    let limits = Limits {
        keep_alive: (seconds > 0).then(|| Duration::from_secs(seconds)),
        stop: door.stop.clone(),
        clock: door.clock.clone(),
    };
    // The attempt, too, is counted in the record that says the thing is there.
    admitted.counts.connected(admitted.access.source());
    door.meter.presence(&meter, Presence::Up, &mut admitted.counts);
    let end = pump::run(version, limits, upward, downward).await;
    let mut counts = Counts::new(door.meter.plan());
    let presence = if end.is_of_thing() { Presence::Down } else { Presence::Stopped };
    if presence == Presence::Down {
        counts.count(Metric::Disconnects, TopicSet::NONE);
    }
    door.meter.presence(&meter, presence, &mut counts);
    end
}

/// Writes and flushes; whether that went well.
async fn send(clock: &Clock, stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    let sending = async { stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() };
    clock.timeout(SESSION_END, sending).await.unwrap_or(false)
}

/// Says no, and closes.
async fn refuse<S>(
    door: &Door,
    stream: &mut S,
    peer: &Peer,
    connect: &Connect<'_>,
    refusal: &Refusal,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client_id, problem) = (beginning(connect.client_id), refusal.problem);
    door.refusals.tell(door.clock.instant(), |refusals| {
        tracing::info!(peer = %peer.address, client_id, problem, refusals, "CONNECT refused");
    });
    let code = refusal.code(connect.version);
    if let Ok(bytes) = Connack::refused(code).encode(connect.version) {
        send(&door.clock, stream, &bytes).await;
    }
    close(&door.clock, stream).await;
}

/// A client id for a client that leaves the choice to the server. An id that can be guessed could
/// be taken over, so without randomness there is none.
fn random_client_id(chance: &Chance) -> Result<String, Refusal> {
    match chance.hex::<16>() {
        Ok(digits) => Ok(format!("auto-{digits}")),
        Err(error) => {
            tracing::error!(%error, "no client id can be made up");
            Err(Refusal::new(ReasonCode::SERVER_UNAVAILABLE, "no client id can be made up"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_randomness_a_client_without_an_id_is_refused() {
        for (version, code) in [(ProtocolVersion::V311, 3), (ProtocolVersion::V5, 0x88)] {
            let refusal = random_client_id(&Chance::exhausted()).unwrap_err();
            assert_eq!(refusal.code(version), code);
        }
        let id = random_client_id(&Chance::system()).unwrap();
        assert_eq!(id.len(), "auto-".len() + 32);
    }
}
