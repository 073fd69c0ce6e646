//! TLS of the listeners: any certificate gets through the handshake if its holder proves to have
//! the key. Whether the registry knows it, and as what, is looked up afterwards, so that a
//! refusal can be logged with the certificate's id.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use fleetward_domain::CertificateId;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme, client::danger::HandshakeSignatureValid,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::limits::CERTIFICATE_MAX_BYTES;
use crate::settings::TlsIdentity;

/// AWS's device SDKs say the first on port 443 ("Device communication protocols" in the AWS IoT
/// Core developer guide), others the second; a client may also say nothing.
const PROTOCOLS: [&[u8]; 2] = [b"x-amzn-mqtt-ca", b"mqtt"];

/// TLS 1.2 and 1.3 with a client certificate.
pub(crate) fn server_config(identity: TlsIdentity) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        HolderOfKey { provider: Arc::clone(&provider), hints: vec![subject_of(&identity.ca)?] };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(identity.cert_chain, identity.key)?;
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// The id that the registry knows a certificate by: SHA-256 of its DER encoding.
pub(crate) fn certificate_id(der: &CertificateDer<'_>) -> Option<CertificateId> {
    CertificateId::parse(hex::encode(digest(&SHA256, der))).ok()
}

fn subject_of(der: &CertificateDer<'_>) -> Result<DistinguishedName, Error> {
    let bad = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| bad())?;
    Ok(DistinguishedName::from(certificate.subject().as_raw().to_vec()))
}

/// Takes any certificate that can be read and is valid now, from the holder of its key.
#[derive(Debug)]
struct HolderOfKey {
    provider: Arc<CryptoProvider>,
    hints: Vec<DistinguishedName>,
}

impl ClientCertVerifier for HolderOfKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let bad = |problem| Err(Error::InvalidCertificate(problem));
        if end_entity.len() > CERTIFICATE_MAX_BYTES {
            return bad(CertificateError::BadEncoding);
        }
        let Ok((_, certificate)) = X509Certificate::from_der(end_entity) else {
            return bad(CertificateError::BadEncoding);
        };
        let now_seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now_seconds > certificate.validity().not_after.timestamp() {
            return bad(CertificateError::Expired);
        }
        if now_seconds < certificate.validity().not_before.timestamp() {
            return bad(CertificateError::NotValidYet);
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
