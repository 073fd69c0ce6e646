//! Device certificates.

use crate::EpochMs;
use crate::name::{CertificateId, PolicyName, ThingName};

/// A certificate that the registry knows. Private keys are never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the DER encoding.
    pub id: CertificateId,
    /// The certificate itself.
    pub pem: String,
    /// Whether a device may use it.
    pub status: CertificateStatus,
    /// Policies attached to it.
    pub policies: Vec<PolicyName>,
    /// Things attached to it.
    pub things: Vec<ThingName>,
    /// When it was made.
    pub created_ms: EpochMs,
    /// When it last changed.
    pub modified_ms: EpochMs,
}

/// A certificate's status (service model, `CertificateStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is AWS's status of the same name")]
pub enum CertificateStatus {
    Active,
    Inactive,
    Revoked,
    PendingTransfer,
    RegisterInactive,
    PendingActivation,
}
