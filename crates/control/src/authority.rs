//! The internal certificate authority: issues the certificates of devices and of our listeners.
//!
//! Its own key is made on the first start and kept in the store, encrypted with the master key.
//! Private keys of devices are given out once and never kept.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest;
use fleetward_domain::EpochMs;
use fleetward_environment::Chance;
use fleetward_store::{Documents, SealedAuthority, Tx, find};
use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::sync::Semaphore;

use crate::error::ControlError;
use crate::limits::{KEYS_MADE_AT_ONCE, KEYS_WAITED_FOR};
use crate::master_key::MasterKey;
use crate::prepared::Prepared;
use crate::turns::Turns;

mod params;
mod pkcs1;
#[cfg(test)]
mod tests;

/// The internal CA, ready to issue.
pub struct Authority {
    ca_pem: String,
    issuer: Arc<Issuer<'static, KeyPair>>,
    chance: Chance,
    making: Arc<Semaphore>,
    waiting: Semaphore,
}

/// What a device gets. Only the certificate is kept by anyone else.
#[derive(Clone)]
pub struct IssuedDevice {
    /// The certificate, signed by the internal CA.
    pub certificate_pem: String,
    /// SHA-256 of its DER encoding, in lower-case hexadecimal.
    pub id: String,
    /// Its RSA key of 2048 bits, as `RSA PRIVATE KEY` (PKCS#1).
    pub private_key_pem: String,
    /// The public half, as `PUBLIC KEY`.
    pub public_key_pem: String,
}

/// What a listener needs.
#[derive(Clone)]
pub struct IssuedServer {
    /// The certificate and the CA's, in this order.
    pub chain_pem: String,
    /// Its ECDSA P-256 key, as `PRIVATE KEY` (PKCS#8).
    pub private_key_pem: String,
}

impl Authority {
    /// Reads the authority from the store, or makes it if there is none yet. Serial numbers are
    /// drawn from `chance`; keys are drawn by the cryptographic library itself.
    ///
    /// # Errors
    /// [`ControlError::WrongMasterKey`] where it was stored under another master key; errors of
    /// the store and of the cryptographic library.
    pub async fn load_or_create(
        documents: &dyn Documents,
        master_key: &MasterKey,
        chance: &Chance,
        now_ms: EpochMs,
    ) -> Result<Self, ControlError> {
        // Another process may start at the same time and be first: then it is read after all.
        let prepare = async || {
            if let Some(stored) = find(documents, SealedAuthority::KEY).await? {
                return Ok(Prepared::read(stored.value));
            }
            let new = new_authority(master_key, chance, now_ms)?;
            let mut tx = Tx::default();
            tx.create(&new, documents.format_level())?;
            Ok::<_, ControlError>(Prepared::write(tx, new))
        };
        let stored = Turns::default().commit(documents, prepare).await?;
        Self::open(stored, master_key, chance)
    }

    fn open(
        stored: SealedAuthority,
        master_key: &MasterKey,
        chance: &Chance,
    ) -> Result<Self, ControlError> {
        let der = master_key.decrypt(SealedAuthority::KEY, &stored.sealed_key)?;
        let key = KeyPair::try_from(der)?;
        Ok(Self {
            issuer: Arc::new(Issuer::from_ca_cert_pem(&stored.certificate_pem, key)?),
            ca_pem: stored.certificate_pem,
            chance: chance.clone(),
            making: Arc::new(Semaphore::new(KEYS_MADE_AT_ONCE)),
            waiting: Semaphore::new(KEYS_WAITED_FOR),
        })
    }

    /// The CA's certificate: what devices trust, and what the front door trusts of them.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Makes an RSA key and a certificate for a device. It takes some tenths of a second on a
    /// blocking thread; only some are made at once.
    ///
    /// # Errors
    /// [`ControlError::Busy`] where too many wait already; errors of the cryptographic library.
    pub async fn issue_device(&self, now_ms: EpochMs) -> Result<IssuedDevice, ControlError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| ControlError::Busy)?;
        let making = Arc::clone(&self.making).acquire_owned().await;
        let making = making.map_err(|_| ControlError::Busy)?;
        let (issuer, chance) = (Arc::clone(&self.issuer), self.chance.clone());
        let task = tokio::task::spawn_blocking(move || {
            // Held until the key is made, also if the caller went away meanwhile.
            let _making = making;
            new_device(&issuer, &chance, now_ms)
        });
        task.await.map_err(|error| ControlError::Crypto(error.to_string()))?
    }

    /// Makes a key and a certificate for a listener that is reached by these names and addresses.
    ///
    /// # Errors
    /// [`ControlError::Certificate`] where a name is not a DNS name.
    pub fn issue_server(
        &self,
        names: &[String],
        addresses: &[IpAddr],
        now_ms: EpochMs,
    ) -> Result<IssuedServer, ControlError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let certificate = params::server(names, addresses, &self.chance, now_ms)?
            .signed_by(&key, &self.issuer)?;
        Ok(IssuedServer {
            chain_pem: format!("{}{}", certificate.pem(), self.ca_pem),
            private_key_pem: key.serialize_pem(),
        })
    }
}

fn new_authority(
    master_key: &MasterKey,
    chance: &Chance,
    now_ms: EpochMs,
) -> Result<SealedAuthority, ControlError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = params::authority(chance, now_ms)?.self_signed(&key)?;
    Ok(SealedAuthority {
        certificate_pem: certificate.pem(),
        sealed_key: master_key.encrypt(SealedAuthority::KEY, key.serialized_der())?,
    })
}

fn new_device(
    issuer: &Issuer<'static, KeyPair>,
    chance: &Chance,
    now_ms: EpochMs,
) -> Result<IssuedDevice, ControlError> {
    let size = rcgen::RsaKeySize::_2048;
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)?;
    let params: CertificateParams = params::device(chance, now_ms)?;
    let certificate = params.signed_by(&key, issuer)?;
    let id = hex::encode(digest::digest(&digest::SHA256, certificate.der()));
    let private_key_pem = pkcs1::pem_of_pkcs8(key.serialized_der())
        .ok_or_else(|| ControlError::Crypto("an RSA key is not in PKCS#8".to_owned()))?;
    Ok(IssuedDevice {
        certificate_pem: certificate.pem(),
        id,
        private_key_pem,
        public_key_pem: key.public_key_pem(),
    })
}
