//! What a front door is told when it starts.

use std::net::SocketAddr;
use std::sync::Arc;

use fleetward_domain::{Place, PolicyName};
use fleetward_environment::{Chance, Clock, RecordClock};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::limits::{
    CONNECT_LIMIT_MS, CONNECTIONS, FLUSH_MS, PRINCIPAL_RATE_PER_SECOND, REPORT_BURST,
    REPORT_MEMORY_BYTES, REPORT_RATE_PER_SECOND,
};
use crate::{Awaited, Outgoing, Stamps, Transport};

/// What a front door is told when it starts.
#[derive(Debug)]
pub struct Settings {
    /// Tells this front door from others; in its records.
    pub name: String,
    /// Must grow with each start of this front door.
    pub boot: u64,
    /// Account and region of the ARNs that policies speak of.
    pub place: Place,
    /// Addresses of plain MQTT; refused unless loopback. Port 0 picks one.
    pub mqtt: Vec<SocketAddr>,
    /// Addresses of MQTT over TLS. Port 0 picks one.
    pub mqtts: Vec<SocketAddr>,
    /// The policy that plain connections are checked against; without one they may do all.
    pub mqtt_policy: Option<PolicyName>,
    /// What TLS listeners show.
    pub tls: Option<TlsIdentity>,
    /// Length of a detector's period in milliseconds; no record spans two of them.
    pub period_ms: i64,
    /// How often counters are sent in milliseconds; a quarter of the period at most.
    pub flush_ms: i64,
    /// How long a client has until its CONNECT is accepted, in milliseconds.
    pub connect_limit_ms: u64,
    /// Which device reports are taken.
    pub reports: ReportSettings,
    /// Most connections at once; further ones are closed.
    pub connections: usize,
    /// The broker behind the front door.
    pub upstream: Upstream,
    /// Measures every wait, and dates answers.
    pub clock: Clock,
    /// Stamps the records, by the same wall clock; whoever else appends to the log has the same.
    pub stamps: Arc<Stamps>,
    /// Who waits for the door's watermark.
    pub awaited: Awaited,
    /// What the server itself has to publish.
    pub outgoing: Outgoing,
    /// Names what nobody may guess.
    pub chance: Chance,
}

/// Which device reports are taken.
#[derive(Clone, Debug)]
pub struct ReportSettings {
    /// Reports of one thing a second, after a burst; zero: neither things nor certificates are
    /// limited.
    pub rate_per_second: f64,
    /// How many are taken at once.
    pub burst: u32,
    /// Reports of one certificate a second, about whatever things it may report; as many times the
    /// burst at once.
    pub principal_rate_per_second: f64,
    /// How much memory the ids of the last ten minutes may take, in bytes. When it is full, new
    /// reports are refused and none is forgotten.
    pub memory_bytes: u64,
    /// Whether a thing's own reports, and the answers to them, count in the metrics of messages.
    pub counted: bool,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self {
            rate_per_second: REPORT_RATE_PER_SECOND,
            burst: REPORT_BURST,
            principal_rate_per_second: PRINCIPAL_RATE_PER_SECOND,
            memory_bytes: REPORT_MEMORY_BYTES,
            counted: false,
        }
    }
}

/// Who the front door is to its clients.
#[derive(Debug)]
pub struct TlsIdentity {
    /// The server's certificate, and those between it and the CA.
    pub cert_chain: Vec<CertificateDer<'static>>,
    /// The key of the first.
    pub key: PrivateKeyDer<'static>,
    /// The CA of device certificates, as a hint to clients that choose among several. Any
    /// registered certificate is taken, whoever issued it.
    pub ca: CertificateDer<'static>,
}

/// The broker behind the front door.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// One in this process, on a private port.
    Embedded,
    /// Another one, reached over plain TCP.
    Address(SocketAddr),
    /// Another one, reached as the transport knows.
    Transport(Arc<dyn Transport>),
}

impl Settings {
    /// No listeners, the embedded broker, periods of 300 s, the system's clock and randomness.
    #[must_use]
    pub fn new(name: impl Into<String>, boot: u64, place: Place) -> Self {
        Self {
            name: name.into(),
            boot,
            place,
            mqtt: Vec::new(),
            mqtts: Vec::new(),
            connections: CONNECTIONS,
            mqtt_policy: None,
            tls: None,
            period_ms: 300_000,
            flush_ms: FLUSH_MS,
            connect_limit_ms: CONNECT_LIMIT_MS,
            reports: ReportSettings::default(),
            upstream: Upstream::Embedded,
            clock: Clock::system(),
            stamps: Arc::new(Stamps::new(RecordClock::new(Clock::system()))),
            awaited: Awaited::default(),
            outgoing: Outgoing::default(),
            chance: Chance::system(),
        }
    }
}
