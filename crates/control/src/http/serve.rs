//! Serving connections: how many, how slow, and how they end.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use fleetward_environment::Clock;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{DRAIN_TIMEOUT, HEAD_BYTES, HEAD_TIMEOUT, TOLD_ONE_IN};

/// Serves the router until `shutdown` is done; then no more connections are accepted, and open
/// requests may end within [`DRAIN_TIMEOUT`]. At most so many `connections` are open at once, each
/// a descriptor: whoever connects has shown no key yet.
///
/// # Errors
/// None while it serves: what fails on one connection ends that connection.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    clock: Clock,
    connections: usize,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(connections.max(1)));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES);
    // One future for all rounds: made anew in each, it would miss a stop in between.
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (slot, stream) = tokio::select! {
            accepted = accept_within(&slots, &listener, &clock) => accepted,
            () = &mut shutdown => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the API ended early");
            }
            drop(slot);
        });
    }
    drop(listener);
    if clock.timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still open when the API stopped");
    }
    Ok(())
}

/// A slot comes before the connection: those over the limit wait in the kernel's queue.
async fn accept_within(
    slots: &Arc<Semaphore>,
    listener: &TcpListener,
    clock: &Clock,
) -> (Option<OwnedSemaphorePermit>, TcpStream) {
    // The semaphore is never closed, so there always is a slot in the end.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    (slot, accept(listener, clock).await)
}

/// A failure to accept is about one connection, or about a shortage that passes.
async fn accept(listener: &TcpListener, clock: &Clock) -> TcpStream {
    let mut failures = 0_u32;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and written at once; waiting to fill a packet gains nothing.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a socket could not be set up");
                }
                return stream;
            }
            Err(error) => {
                // About once a second: a shortage may last, and the log is on a disk.
                if failures.is_multiple_of(TOLD_ONE_IN) {
                    tracing::warn!(%error, failures, "a connection could not be accepted");
                }
                failures = failures.saturating_add(1);
                clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Out of file descriptors, say: trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
