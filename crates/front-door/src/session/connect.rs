//! The begin of a connection: CONNECT is read, checked, and said again to the upstream broker.

use std::sync::Arc;
use std::time::Duration;

use fleetward_mqtt::packet::{Connack, Connect};
use fleetward_mqtt::{MqttError, PacketType, ProtocolVersion, ReasonCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::admit::{Admitted, admit};
use super::downlink::Downlink;
use super::pump::{self, Downward, Upward};
use super::subscribe::PendingSubscribes;
use super::uplink::Uplink;
use super::{Door, End, Peer};
use crate::frames::{Frames, close};
use crate::limits::{
    PACKET_MAX_BYTES, SESSION_END, TOPIC_ALIASES, UPSTREAM_ATTEMPTS, UPSTREAM_CONNECT,
    UPSTREAM_RETRY,
};
use crate::meter::{CloudSum, Tally, TopicSet};

/// MQTT 3.1.1's return code for a broker that is not there.
const SERVER_UNAVAILABLE: u8 = 3;
/// The same in MQTT 5.
const SERVER_UNAVAILABLE_V5: u8 = ReasonCode::SERVER_UNAVAILABLE.0;

/// Serves a connection until it ends. The client has until `deadline` to be connected.
pub(crate) async fn serve<S>(door: &Arc<Door>, mut stream: S, peer: Peer, deadline: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut frames = Frames::new();
    let problem = match timeout_at(deadline, read_connect(&mut stream, &mut frames)).await {
        Ok(Ok(connect)) => match Connect::parse(&connect) {
            Ok(connect) => {
                return serve_client(door, stream, frames, &peer, connect, deadline).await;
            }
            Err(error) => {
                if let Some(code) = error.connect_return_code() {
                    let refused = Connack::refused(code).encode(ProtocolVersion::V311);
                    send(&mut stream, &refused.unwrap_or_default()).await;
                }
                error.to_string()
            }
        },
        Ok(Err(problem)) => problem,
        Err(_) => "it did not come in time".to_owned(),
    };
    tracing::info!(peer = %peer.address, problem, "no CONNECT");
    close(&mut stream).await;
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
    let version = connect.version;
    let assigned = connect.client_id.is_empty().then(random_client_id);
    if let Some(assigned) = &assigned {
        connect.client_id = assigned;
    }
    let mut admitted = match admit(door, peer, &connect).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            tracing::info!(
                peer = %peer.address,
                client_id = connect.client_id,
                problem = refusal.problem,
                "CONNECT refused"
            );
            return refuse(&mut stream, version, refusal.code(version)).await;
        }
    };
    let joined = timeout_at(deadline, join(door, &connect, assigned.as_deref())).await;
    let joined = joined.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
    match joined {
        Ok(Joined::Accepted(broker, connack)) => {
            let end = if send(&mut stream, &connack).await {
                let links = (stream, frames, broker);
                pump_both(door, links, &connect, &mut admitted).await
            } else {
                End::ClientClosed
            };
            tracing::info!(thing = %admitted.meter.thing, %end, "connection over");
        }
        Ok(Joined::Refused(connack, code)) => {
            tracing::info!(thing = %admitted.meter.thing, code, "the upstream broker refused");
            send(&mut stream, &connack).await;
            close(&mut stream).await;
        }
        Err(problem) => {
            tracing::error!(problem, "the upstream broker is not available");
            let code = match version {
                ProtocolVersion::V311 => SERVER_UNAVAILABLE,
                ProtocolVersion::V5 => SERVER_UNAVAILABLE_V5,
            };
            refuse(&mut stream, version, code).await;
        }
    }
    let now_ms = door.clock.now_ms();
    door.meter.add(&admitted.meter, now_ms, &mut admitted.tally);
    door.meter.release(&admitted.meter);
}

/// What the upstream broker said to the CONNECT, and the CONNACK for the client.
enum Joined {
    Accepted(Box<(TcpStream, Frames)>, Vec<u8>),
    Refused(Vec<u8>, u8),
}

/// Joins the client to the broker. A broker that is not available is asked again: one that is
/// just ending an older session of the same client says so too.
async fn join(
    door: &Door,
    connect: &Connect<'_>,
    assigned: Option<&str>,
) -> Result<Joined, String> {
    let mut pause = UPSTREAM_RETRY;
    for _ in 1..UPSTREAM_ATTEMPTS {
        match join_once(door, connect, assigned).await? {
            Joined::Refused(_, SERVER_UNAVAILABLE | SERVER_UNAVAILABLE_V5) => {
                tokio::time::sleep(pause).await
            }
            joined => return Ok(joined),
        }
        pause = pause.saturating_mul(2);
    }
    join_once(door, connect, assigned).await
}

async fn join_once(
    door: &Door,
    connect: &Connect<'_>,
    assigned: Option<&str>,
) -> Result<Joined, String> {
    let io = |error: std::io::Error| error.to_string();
    let dial = timeout(UPSTREAM_CONNECT, door.broker.dial()).await;
    let mut stream = dial.map_err(|_| "it cannot be reached in time".to_owned())?.map_err(io)?;
    let bytes = door.broker.connect_frame(connect).map_err(|error| error.to_string())?;
    stream.write_all(&bytes).await.map_err(io)?;
    let mut frames = Frames::new();
    loop {
        if let Some((frame, bytes)) = frames.frame_at(0).map_err(|error| error.to_string())? {
            if frame.packet_type != PacketType::Connack {
                return Err(format!("it answers CONNECT with {:?}", frame.packet_type));
            }
            let answer = connack_for_client(connect.version, frame.body(bytes), assigned);
            let (code, connack) = answer.map_err(|error| error.to_string())?;
            frames.consume(frame.total_bytes);
            return Ok(match code {
                0 => Joined::Accepted(Box::new((stream, frames)), connack),
                code => Joined::Refused(connack, code),
            });
        }
        if frames.read(&mut stream).await == 0 {
            return Err("it closed before CONNACK".to_owned());
        }
    }
}

/// The broker's code, and its CONNACK with what the front door decides:
/// keep-alive, aliases and packet sizes.
fn connack_for_client(
    version: ProtocolVersion,
    body: &[u8],
    assigned: Option<&str>,
) -> Result<(u8, Vec<u8>), MqttError> {
    let mut connack = Connack::parse(version, body)?;
    if connack.is_accepted() && version.is_v5() {
        connack.assigned_client_id = assigned;
        connack.server_keep_alive_seconds = None;
        connack.topic_alias_maximum = Some(TOPIC_ALIASES);
        let ours = u32::try_from(PACKET_MAX_BYTES).unwrap_or(u32::MAX);
        connack.maximum_packet_bytes =
            Some(connack.maximum_packet_bytes.map_or(ours, |theirs| theirs.min(ours)));
    }
    Ok((connack.code, connack.encode(version)?))
}

async fn pump_both<S>(
    door: &Arc<Door>,
    (stream, frames, broker): (S, Frames, Box<(TcpStream, Frames)>),
    connect: &Connect<'_>,
    admitted: &mut Admitted,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (version, meter) = (connect.version, Arc::clone(&admitted.meter));
    let seconds = u64::from(connect.keep_alive_seconds);
    let pending = PendingSubscribes::default();
    let access = admitted.access.clone();
    let uplink = Uplink::new(door, version, access.clone(), Arc::clone(&meter), pending.clone());
    let downlink = Downlink::new(door, version, access, Arc::clone(&meter), pending);
    let (client_read, client_write) = tokio::io::split(stream);
    let (broker, broker_frames) = *broker;
    let (broker_read, broker_write) = broker.into_split();
    let upward = Upward {
        link: uplink,
        client: client_read,
        broker: broker_write,
        frames,
        keep_alive: (seconds > 0).then(|| Duration::from_secs(seconds)),
        stop: door.stop.clone(),
    };
    let downward = Downward {
        link: downlink,
        broker: broker_read,
        client: client_write,
        frames: broker_frames,
    };
    let now_ms = door.clock.now_ms();
    door.meter.presence(&meter, now_ms, true, &mut admitted.tally);
    let end = pump::run(door, version, upward, downward).await;
    let mut tally = Tally::new(door.meter.plan());
    if end.is_of_thing() {
        tally.count(CloudSum::Disconnects, TopicSet::NONE);
    }
    door.meter.presence(&meter, door.clock.now_ms(), false, &mut tally);
    end
}

/// Writes and flushes; whether that went well.
async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    let sending = async { stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() };
    timeout(SESSION_END, sending).await.unwrap_or(false)
}

/// Says no, and closes.
async fn refuse<S>(stream: &mut S, version: ProtocolVersion, code: u8)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Ok(bytes) = Connack::refused(code).encode(version) {
        send(stream, &bytes).await;
    }
    close(stream).await;
}

/// A client id for a client that leaves the choice to the server.
fn random_client_id() -> String {
    let mut bytes = [0u8; 16];
    // It fails only if the system has no randomness; a taken id would then take a session over.
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("the system gives no random bytes");
    }
    format!("auto-{}", hex::encode(bytes))
}
