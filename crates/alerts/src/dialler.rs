//! The one place in Fleetward that dials out.
//!
//! The host is resolved once; every address is checked; the connection goes to an address that
//! was checked, never to the name again, so a second answer of the DNS changes nothing.
//! Redirects are not followed, no proxy is asked, and every wait has an end.

mod bounded;
mod exchange;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use fleetward_environment::Clock;
use http::Request;
use http_body_util::Full;
use ipnet::IpNet;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use crate::address::AddressRules;
use crate::endpoint::Endpoint;
use crate::error::AlertsError;
use crate::limits::{ADDRESSES_TRIED, CONNECT_TIMEOUT, DELIVERY_TIMEOUT};

/// Sends requests to where alerts go.
pub struct Dialler {
    rules: AddressRules,
    tls: TlsConnector,
    clock: Clock,
}

impl Dialler {
    /// A dialler that may reach the Internet over TLS, and the allowed networks.
    ///
    /// # Errors
    /// [`AlertsError::Tls`] if one of `trusted_roots` is no certificate.
    pub fn new(
        allow_addresses: Vec<IpNet>,
        trusted_roots: Vec<CertificateDer<'static>>,
        clock: Clock,
    ) -> Result<Self, AlertsError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in trusted_roots {
            roots.add(root).map_err(AlertsError::Tls)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(AlertsError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            rules: AddressRules::new(allow_addresses),
            tls: TlsConnector::from(Arc::new(config)),
            clock,
        })
    }

    /// Sends a request to an endpoint, whose host and path it gets; returns when the receiver has
    /// answered with success.
    ///
    /// # Errors
    /// Why it was not delivered. Whether the receiver saw it is not known then.
    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<(), AlertsError> {
        let delivery = self.dial(endpoint, request);
        let delivered = self.clock.timeout(DELIVERY_TIMEOUT, delivery).await;
        delivered.unwrap_or(Err(AlertsError::Timeout))
    }

    async fn dial(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<(), AlertsError> {
        let addresses = resolve(endpoint).await?;
        let checked = self.permitted(endpoint, &addresses)?;
        let stream = connect(&checked, &self.clock).await?;
        // A request is one write; waiting for more to send only delays it.
        let _ = stream.set_nodelay(true);
        match &endpoint.tls_name {
            None => exchange::run(stream, endpoint, request).await,
            Some(name) => {
                let handshake = self.tls.connect(name.clone(), stream);
                let stream = handshake.await.map_err(AlertsError::Handshake)?;
                exchange::run(stream, endpoint, request).await
            }
        }
    }

    /// Those of the addresses that may be dialled.
    fn permitted(
        &self,
        endpoint: &Endpoint,
        addresses: &[SocketAddr],
    ) -> Result<Vec<SocketAddr>, AlertsError> {
        let mut permitted = Vec::new();
        let mut refusal = None;
        for address in addresses {
            match self.check(endpoint, address.ip().to_canonical()) {
                Ok(ip) if permitted.len() < ADDRESSES_TRIED => {
                    permitted.push(SocketAddr::new(ip, endpoint.port));
                }
                Ok(_) => break,
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        match refusal {
            Some(refusal) if permitted.is_empty() => Err(refusal),
            _ => Ok(permitted),
        }
    }

    fn check(&self, endpoint: &Endpoint, address: IpAddr) -> Result<IpAddr, AlertsError> {
        let host = || endpoint.host.clone();
        self.rules.check(address).map_err(|kind| AlertsError::AddressRefused {
            host: host(),
            address,
            kind,
        })?;
        if endpoint.tls_name.is_none() && !self.rules.is_allowed(address) {
            return Err(AlertsError::PlainHttpRefused { host: host(), address });
        }
        Ok(address)
    }
}

async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, AlertsError> {
    let failed = |reason: String| AlertsError::Resolve { host: endpoint.host.clone(), reason };
    let found = lookup_host((endpoint.host.as_str(), endpoint.port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|e| failed(e.to_string()))?.collect();
    if addresses.is_empty() { Err(failed("it has no address".to_owned())) } else { Ok(addresses) }
}

/// Tries the addresses in turn; each gets an equal part of the time that is left.
async fn connect(addresses: &[SocketAddr], clock: &Clock) -> Result<TcpStream, AlertsError> {
    let end = clock.instant() + CONNECT_TIMEOUT;
    let mut failure = AlertsError::Timeout;
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len().saturating_sub(tried)).unwrap_or(1).max(1);
        let now = clock.instant();
        let until = now + end.saturating_duration_since(now) / left;
        let reason = match clock.timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        failure = AlertsError::Connect { address: address.ip(), reason };
    }
    Err(failure)
}
