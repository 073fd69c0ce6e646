//! Takes connections: plain ones from this machine, TLS ones from anywhere.

use std::net::SocketAddr;
use std::sync::Arc;

use fleetward_domain::CertificateId;
use rustls_pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::directory::{Principal, Standing};
use crate::frames::close;
use crate::limits::ACCEPT_REST;
use crate::session::{Door, Peer, serve};
use crate::tls::certificate_id;

/// Takes connections from one address.
pub(crate) struct Listener {
    pub(crate) listener: TcpListener,
    /// TLS, or plain MQTT without.
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) door: Arc<Door>,
    /// How many connections there may be.
    pub(crate) room: Arc<Semaphore>,
    /// Held by each connection: whoever waits for the other end to close waits for all of them.
    pub(crate) alive: mpsc::Sender<()>,
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
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, address: SocketAddr) {
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            tracing::warn!(peer = %address, "too many connections: one is closed");
            return;
        };
        let (door, tls, alive) = (Arc::clone(&self.door), self.tls.clone(), self.alive.clone());
        let deadline = Instant::now() + door.connect_limit;
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            match tls {
                Some(tls) => serve_tls(&door, &tls, stream, address, deadline).await,
                None => serve_plain(&door, stream, address, deadline).await,
            }
            drop((permit, alive));
        });
    }
}

async fn serve_plain(door: &Arc<Door>, stream: TcpStream, address: SocketAddr, deadline: Instant) {
    let principal = Principal::Plain;
    match door.directory.resolve(&principal).await {
        Ok(identity) => {
            serve(door, stream, Peer { address, principal, identity }, deadline).await;
        }
        Err(error) => tracing::error!(%error, "the registry cannot be read"),
    }
}

async fn serve_tls(
    door: &Arc<Door>,
    tls: &TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    deadline: Instant,
) {
    let mut stream = match timeout_at(deadline, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::info!(peer = %address, %error, "TLS handshake failed");
            return;
        }
        Err(_) => {
            tracing::info!(peer = %address, "no TLS handshake in time");
            return;
        }
    };
    let Some(id) = client_certificate(&stream).and_then(certificate_id) else {
        return close(&mut stream).await;
    };
    let principal = Principal::Certificate(id.clone());
    let identity = match door.directory.resolve(&principal).await {
        Ok(identity) => identity,
        Err(error) => {
            tracing::error!(%error, "the registry cannot be read");
            return close(&mut stream).await;
        }
    };
    // Like AWS, it is told nothing at the MQTT level.
    if let Some(problem) = problem_of(identity.standing) {
        log_refusal(&id, address, problem);
        return close(&mut stream).await;
    }
    let peer = Peer { address, principal, identity };
    serve(door, &mut stream, peer, deadline).await;
}

fn client_certificate(stream: &TlsStream<TcpStream>) -> Option<&CertificateDer<'static>> {
    stream.get_ref().1.peer_certificates()?.first()
}

fn problem_of(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Active => None,
        Standing::Inactive => Some("it is not active"),
        Standing::Unknown => Some("it is not registered"),
    }
}

fn log_refusal(id: &CertificateId, address: SocketAddr, problem: &'static str) {
    tracing::warn!(certificate = %id, peer = %address, problem, "certificate refused");
}
