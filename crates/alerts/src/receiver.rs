//! A receiver of alerts on a loopback port, for the tests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, Uri};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: serde_json::Value,
}

impl Received {
    /// `lamp-1 in-alarm`.
    pub(crate) fn summary(&self) -> String {
        let text = |member: &str| self.body[member].as_str().unwrap_or("?").to_owned();
        format!("{} {}", text("thingName"), text("violationEventType"))
    }
}

/// How to answer.
pub(crate) enum Answer {
    Status(u16),
    Response(Response<Body>),
    Never,
}

/// Keeps what arrived.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// Listens; `answer` sees what arrived and how much arrived before.
    pub(crate) async fn listen(
        answer: impl Fn(&Received, usize) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let (receiver, routes, listener) = Self::bind(answer).await;
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    /// The same over TLS, with a certificate for `name` from an authority of its own, which is
    /// given back.
    pub(crate) async fn listen_tls(name: &str) -> (Self, CertificateDer<'static>) {
        let (receiver, routes, listener) = Self::bind(|_, _| Answer::Status(200)).await;
        let mut authority = CertificateParams::new(vec![]).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            // By hand, because axum's own server takes no TLS.
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, routes) = (acceptor.clone(), routes.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = hyper_util::service::TowerToHyperService::new(routes);
                    let stream = hyper_util::rt::TokioIo::new(stream);
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(stream, service)
                        .await;
                });
            }
        });
        (receiver, authority.der().clone())
    }

    pub(crate) fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn summaries(&self) -> Vec<String> {
        self.seen().iter().map(Received::summary).collect()
    }

    async fn bind(
        answer: impl Fn(&Received, usize) -> Answer + Clone + Send + Sync + 'static,
    ) -> (Self, Router, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let routes = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let (answer, log) = (answer.clone(), Arc::clone(&log));
            async move {
                let received = Received {
                    path: uri.to_string(),
                    headers,
                    body: serde_json::from_slice(&body).unwrap_or_default(),
                };
                // Noted before it is answered: who waits for the answer finds it in the log.
                let before = {
                    let mut log = log.lock().unwrap();
                    log.push(received.clone());
                    log.len() - 1
                };
                match answer(&received, before) {
                    Answer::Response(response) => response,
                    Answer::Never => std::future::pending().await,
                    Answer::Status(status) => {
                        Response::builder().status(status).body(Body::empty()).unwrap()
                    }
                }
            }
        });
        (Self { address, seen }, routes, listener)
    }
}
