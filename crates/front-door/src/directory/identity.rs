//! Who a connection is, as the registry has it at some moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fleetward_domain::{CertificateId, ThingName};
use tokio::sync::watch;

use super::policies::PolicySlot;

/// What a connection proved to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Principal {
    /// The holder of a certificate's key.
    Certificate(CertificateId),
    /// Somebody on this machine, over plain MQTT.
    Plain,
}

/// A principal as the registry had it when it was looked up.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Whether it may connect at all.
    pub(crate) standing: Standing,
    /// What it may do; `None` is everything (plain connections without a policy).
    pub(crate) policies: Option<Vec<Arc<PolicySlot>>>,
    /// The things attached to the certificate.
    pub(crate) things: Vec<ThingName>,
    is_stale: AtomicBool,
    stale: watch::Sender<bool>,
}

/// Whether a principal may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may.
    Active,
    /// The registry does not know the certificate.
    Unknown,
    /// The registry knows it, and it is not ACTIVE.
    Inactive,
}

impl Identity {
    pub(super) fn new(standing: Standing) -> Self {
        Self {
            standing,
            policies: Some(Vec::new()),
            things: Vec::new(),
            is_stale: AtomicBool::new(false),
            stale: watch::Sender::new(false),
        }
    }

    /// Another number after each change of what its policies say.
    pub(crate) fn policies_version(&self) -> u64 {
        // Each only grows, so the sum is another one if one of them is.
        let versions = self.policies.iter().flatten().map(|slot| slot.version());
        versions.fold(0, u64::wrapping_add)
    }

    /// Whether it may connect.
    pub(crate) fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whether the registry has changed since: it must be looked up again before it is relied on.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Acquire)
    }

    /// Returns when it is stale.
    pub(crate) async fn wait_stale(self: Arc<Self>) {
        let mut stale = self.stale.subscribe();
        // The sender lives as long as `self`, so this ends only when the value is true.
        let _ = stale.wait_for(|stale| *stale).await;
    }

    pub(super) fn mark_stale(&self) {
        self.is_stale.store(true, Ordering::Release);
        self.stale.send_replace(true);
    }
}
