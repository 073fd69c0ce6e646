//! Certificates.

use fleetward_domain::{
    Certificate, CertificateId, CertificateStatus, EpochMs, FormatLevel, PolicyName, ThingName,
};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<Certificate>] = &[json::reader::<V1, Certificate>];

impl Noun for Certificate {
    const KIND: Kind = Kind::Certificate;
    const WORD: &'static str = "Certificate";

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1::from(self))
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, READERS)
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    id: CertificateId,
    pem: String,
    status: StatusV1,
    policies: Vec<PolicyName>,
    things: Vec<ThingName>,
    created_ms: EpochMs,
    modified_ms: EpochMs,
}

#[derive(Serialize, Deserialize)]
enum StatusV1 {
    Active,
    Inactive,
    Revoked,
    PendingTransfer,
    RegisterInactive,
    PendingActivation,
}

impl From<&Certificate> for V1 {
    fn from(certificate: &Certificate) -> Self {
        let Certificate { id, pem, status, policies, things, created_ms, modified_ms } =
            certificate.clone();
        let status = match status {
            CertificateStatus::Active => StatusV1::Active,
            CertificateStatus::Inactive => StatusV1::Inactive,
            CertificateStatus::Revoked => StatusV1::Revoked,
            CertificateStatus::PendingTransfer => StatusV1::PendingTransfer,
            CertificateStatus::RegisterInactive => StatusV1::RegisterInactive,
            CertificateStatus::PendingActivation => StatusV1::PendingActivation,
        };
        Self { id, pem, status, policies, things, created_ms, modified_ms }
    }
}

impl From<V1> for Certificate {
    fn from(stored: V1) -> Self {
        let V1 { id, pem, status, policies, things, created_ms, modified_ms } = stored;
        let status = match status {
            StatusV1::Active => CertificateStatus::Active,
            StatusV1::Inactive => CertificateStatus::Inactive,
            StatusV1::Revoked => CertificateStatus::Revoked,
            StatusV1::PendingTransfer => CertificateStatus::PendingTransfer,
            StatusV1::RegisterInactive => CertificateStatus::RegisterInactive,
            StatusV1::PendingActivation => CertificateStatus::PendingActivation,
        };
        Self { id, pem, status, policies, things, created_ms, modified_ms }
    }
}
