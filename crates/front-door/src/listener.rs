//! Takes connections. What is spoken on one before MQTT is a file each: `mqtt` nothing, `mqtts`
//! TLS.

mod mqtt;
mod mqtts;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::limits::ACCEPT_REST;
use crate::session::Door;

/// Takes connections from one address.
pub(crate) struct Listener {
    pub(crate) listener: TcpListener,
    pub(crate) kind: Kind,
    pub(crate) door: Arc<Door>,
    /// How many connections there may be.
    pub(crate) room: Arc<Semaphore>,
    /// Held by each connection: whoever waits for the other end to close waits for all of them.
    pub(crate) alive: mpsc::Sender<()>,
}

/// What is spoken before MQTT.
#[derive(Clone)]
pub(crate) enum Kind {
    /// Plain MQTT.
    Mqtt,
    /// MQTT over TLS.
    Mqtts(TlsAcceptor),
}

impl Listener {
    /// Takes connections until the front door stops.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match accepted {
                Ok((stream, address)) => self.take(stream, address),
                Err(error) => {
                    self.door.told.accepts.tell(self.door.clock.instant(), |failures| {
                        tracing::warn!(%error, failures, "accept failed");
                    });
                    self.door.clock.sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, address: SocketAddr) {
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            self.door.told.crowded.tell(self.door.clock.instant(), |closed| {
                tracing::warn!(peer = %address, closed, "too many connections: one is closed");
            });
            return;
        };
        let (door, kind, alive) = (Arc::clone(&self.door), self.kind.clone(), self.alive.clone());
        let deadline = door.clock.instant() + door.connect_limit;
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            match kind {
                Kind::Mqtt => mqtt::serve(&door, stream, address, deadline).await,
                Kind::Mqtts(tls) => mqtts::serve(&door, &tls, stream, address, deadline).await,
            }
            drop((permit, alive));
        });
    }
}
