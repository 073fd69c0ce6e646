//! The demo's receiver of alerts: a real webhook on a loopback port.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use fleetward_environment::Clock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::failure::Failure;

/// Alerts that wait for the story at most; the server keeps the rest and tries again.
const WAITING: usize = 64;

/// An alert, and when it arrived.
pub(super) struct Arrived {
    pub(super) body: Value,
    pub(super) at: Instant,
}

/// Listens; alerts come out of the channel.
pub(super) async fn listen() -> Result<(SocketAddr, mpsc::Receiver<Arrived>), Failure> {
    let tried = "cannot listen for alerts";
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::of(tried))?;
    let address = listener.local_addr().map_err(Failure::of(tried))?;
    let (sender, arrived) = mpsc::channel(WAITING);
    let routes = Router::new().route("/alerts", post(receive)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok((address, arrived))
}

async fn receive(State(sender): State<mpsc::Sender<Arrived>>, body: Bytes) -> StatusCode {
    let at = Clock::system().instant();
    let Ok(body) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
    match sender.try_send(Arrived { body, at }) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
