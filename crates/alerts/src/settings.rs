//! Where alerts may go.

use std::collections::BTreeMap;

use fleetward_environment::{Chance, Clock};
use http::HeaderValue;
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;

use crate::error::AlertsError;
use crate::limits;
use crate::target::Target;

/// Where alerts go, and what may be dialled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What stands behind the ARNs of SNS topics that profiles name.
    pub targets: BTreeMap<String, Target>,
    /// Inward networks (loopback, private and so on) that webhooks may live in nevertheless, and
    /// the only ones that are spoken to without TLS.
    pub allow_addresses: Vec<IpNet>,
    /// Root certificates trusted beside the public ones, for receivers of one's own.
    pub trusted_roots: Vec<CertificateDer<'static>>,
    /// How long a failing alert is retried, from when it was made, in milliseconds.
    pub retry_for_ms: i64,
    /// Says when an alert is due.
    pub clock: Clock,
    /// Spreads the retries of what failed together.
    pub chance: Chance,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: BTreeMap::new(),
            allow_addresses: Vec::new(),
            trusted_roots: Vec::new(),
            retry_for_ms: limits::RETRY_FOR_MS,
            clock: Clock::system(),
            chance: Chance::system(),
        }
    }
}

impl Settings {
    /// Checks what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), AlertsError> {
        if self.targets.len() > limits::TARGETS {
            return Err(AlertsError::TooManyTargets(self.targets.len()));
        }
        let unfit = self.targets.keys().find(|arn| HeaderValue::from_str(arn).is_err());
        unfit.map_or(Ok(()), |arn| Err(AlertsError::TargetArn(arn.clone())))
    }
}
