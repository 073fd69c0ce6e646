//! What can go wrong with alerts.

use std::net::IpAddr;

use crate::address::AddressKind;
use crate::limits;

/// Why the settings were refused, or why a delivery failed.
#[derive(Debug, thiserror::Error)]
pub enum AlertsError {
    /// A webhook's URL cannot be used. The URL is not told: it may hold a secret.
    #[error("webhook {0}")]
    Webhook(String),
    /// A target's settings name no kind.
    #[error("an alert target must have one of the keys: {0}")]
    TargetKind(String),
    /// A target's ARN cannot stand in a header.
    #[error("alert target {0:?} must be visible ASCII characters")]
    TargetArn(String),
    /// Too many targets.
    #[error("alert targets: {0} are more than {max}", max = limits::TARGETS)]
    TooManyTargets(usize),
    /// TLS cannot be set up: a root certificate is not one.
    #[error("TLS to webhooks: {0}")]
    Tls(rustls::Error),
    /// The body could not be written as JSON.
    #[error("alert body: {0}")]
    Body(serde_json::Error),
    /// The target's ARN has no target in the settings.
    #[error("nothing is set for alert target {0}; set alerts.targets.\"{0}\"")]
    NoTarget(String),
    /// The host's name has no address.
    #[error("host {host} cannot be resolved: {reason}")]
    Resolve {
        /// The webhook's host.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Every address of the host is inward and not allowed.
    #[error("host {host} is at {address}, which is {kind}; allow_addresses does not hold it")]
    AddressRefused {
        /// The webhook's host.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
        /// What kind of address it is.
        kind: AddressKind,
    },
    /// `http://` to an address that is not in `allow_addresses`.
    #[error("host {host} is at {address}: http:// goes to allow_addresses only, use https://")]
    PlainHttpRefused {
        /// The webhook's host.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// No address took the connection.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// The last address that was tried.
        address: IpAddr,
        /// What the system said.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("TLS handshake failed: {0}")]
    Handshake(std::io::Error),
    /// The exchange broke off, or was no HTTP.
    #[error("HTTP exchange failed: {0}")]
    Http(hyper::Error),
    /// The receiver answered with something other than success.
    #[error("answered with status {status}{excerpt}")]
    Status {
        /// The response's status.
        status: u16,
        /// The beginning of its body, after a colon; empty if it had none.
        excerpt: String,
    },
    /// The delivery took too long.
    #[error("no answer within {} s", limits::DELIVERY_TIMEOUT.as_secs())]
    Timeout,
}
