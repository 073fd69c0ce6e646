//! MQTT over TLS: the client's certificate says who it is.

use std::net::SocketAddr;
use std::sync::Arc;

use fleetward_domain::CertificateId;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::directory::{Principal, Standing};
use crate::frames::close;
use crate::session::{Door, Peer, serve as serve_session};
use crate::tls::certificate_id;

pub(super) async fn serve(
    door: &Arc<Door>,
    tls: &TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    deadline: Instant,
) {
    let mut stream = match door.clock.timeout_at(deadline, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return log_no_handshake(door, address, &error.to_string()),
        Err(_) => return log_no_handshake(door, address, "it did not come in time"),
    };
    let Some(id) = client_certificate(&stream).and_then(certificate_id) else {
        return close(&door.clock, &mut stream).await;
    };
    let principal = Principal::Certificate(id.clone());
    let identity = match door.directory.resolve(&principal).await {
        Ok(identity) => identity,
        Err(error) => {
            door.told.registry.tell(door.clock.instant(), |connections| {
                tracing::error!(%error, connections, "the registry cannot be read");
            });
            return close(&door.clock, &mut stream).await;
        }
    };
    // Like AWS, it is told nothing at the MQTT level.
    if let Some(problem) = problem_of(identity.standing) {
        log_refusal(door, &id, address, problem);
        return close(&door.clock, &mut stream).await;
    }
    let peer = Peer { address, principal, identity };
    serve_session(door, &mut stream, peer, deadline).await;
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

fn log_no_handshake(door: &Door, address: SocketAddr, problem: &str) {
    door.told.handshakes.tell(door.clock.instant(), |count| {
        tracing::info!(peer = %address, problem, count, "no TLS handshake");
    });
}

fn log_refusal(door: &Door, id: &CertificateId, address: SocketAddr, problem: &'static str) {
    door.told.certificates.tell(door.clock.instant(), |count| {
        tracing::warn!(certificate = %id, peer = %address, problem, count, "certificate refused");
    });
}
