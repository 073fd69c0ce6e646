//! Plain MQTT, from this machine only: whoever connects has no identity but that.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::directory::Principal;
use crate::session::{Door, Peer, serve as serve_session};

pub(super) async fn serve(
    door: &Arc<Door>,
    stream: TcpStream,
    address: SocketAddr,
    deadline: Instant,
) {
    let principal = Principal::Plain;
    match door.directory.resolve(&principal).await {
        Ok(identity) => {
            serve_session(door, stream, Peer { address, principal, identity }, deadline).await;
        }
        Err(error) => door.told.registry.tell(door.clock.instant(), |connections| {
            tracing::error!(%error, connections, "the registry cannot be read");
        }),
    }
}
