//! A front door that runs.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use fleetward_environment::Clock;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::ingest::Unregistered;
use crate::limits::SHUTDOWN;
use crate::upstream::Embedded;

/// A front door that runs. Dropping it stops it without waiting for anything;
/// [`Running::shutdown`] loses nothing.
pub struct Running {
    /// Where plain MQTT is served, in the order of the settings.
    pub mqtt: Vec<SocketAddr>,
    /// Where MQTT over TLS is served, in the order of the settings.
    pub mqtts: Vec<SocketAddr>,
    pub(crate) parts: Parts,
}

/// The tasks of a front door.
pub(crate) struct Parts {
    /// Measures how long the end may take.
    pub(crate) clock: Clock,
    /// True: listeners and connections end.
    pub(crate) stop: watch::Sender<bool>,
    /// Closed when the last connection is over.
    pub(crate) connections: mpsc::Receiver<()>,
    /// True: the flusher ends, when all is flushed.
    pub(crate) stop_flusher: watch::Sender<bool>,
    pub(crate) flusher: JoinHandle<()>,
    pub(crate) listeners: Vec<JoinHandle<()>>,
    /// Tasks that have nothing to finish.
    pub(crate) endless: Vec<JoinHandle<()>>,
    pub(crate) embedded: Option<Embedded>,
    pub(crate) unregistered: Arc<Unregistered>,
}

impl Running {
    /// How many values of custom metrics came that nobody registered, by name; and how many of
    /// names beyond [`UNREGISTERED_METRICS`](crate::limits::UNREGISTERED_METRICS). Since the start.
    #[must_use]
    pub fn unregistered_metrics(&self) -> (Vec<(String, u64)>, u64) {
        self.parts.unregistered.counted()
    }

    /// Waits until a part ends that should run for ever, and names it.
    pub async fn ended(&mut self) -> &'static str {
        let Parts { flusher, listeners, endless, embedded, .. } = &mut self.parts;
        let broker = embedded.as_mut().map(|embedded| &mut embedded.server);
        tokio::select! {
            () = first_of(listeners) => "listener",
            () = first_of(endless) => "feed of changes or its own client",
            () = first_of(std::slice::from_mut(flusher)) => "flusher",
            () = first_of(broker.map(std::slice::from_mut).unwrap_or_default()) => "broker",
        }
    }

    /// Takes no more connections, ends those that are there, waits for their reports, and sends
    /// what was counted to the log.
    pub async fn shutdown(mut self) {
        let parts = &mut self.parts;
        parts.stop.send_replace(true);
        for listener in parts.listeners.drain(..) {
            let _ = listener.await;
        }
        if parts.clock.timeout(SHUTDOWN, parts.connections.recv()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        parts.stop_flusher.send_replace(true);
        if parts.clock.timeout(SHUTDOWN, &mut parts.flusher).await.is_err() {
            tracing::error!("what was counted last was not logged in time");
        }
    }
}

/// Waits until one of the tasks has ended; for ever if there is none.
async fn first_of(tasks: &mut [JoinHandle<()>]) {
    poll_fn(|context| {
        let is_over = |task: &mut JoinHandle<()>| Pin::new(task).poll(context).is_ready();
        if tasks.iter_mut().any(is_over) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Drop for Running {
    fn drop(&mut self) {
        self.parts.stop.send_replace(true);
        self.parts.stop_flusher.send_replace(true);
        for task in self.parts.endless.iter().chain(&self.parts.listeners) {
            task.abort();
        }
        if let Some(embedded) = &self.parts.embedded {
            embedded.stop();
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("mqtt", &self.mqtt).field("mqtts", &self.mqtts).finish()
    }
}
