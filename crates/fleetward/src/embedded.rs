//! Every role in one process: the composition of a single machine.
//!
//! The only file that knows which store and which log there are, and the order in which roles
//! start and stop: the front door stops first, so that what it counted is in the log before the
//! detector writes its state.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use fleetward_alerts::Alerts;
use fleetward_control::{Authority, Control, ControlSettings, Keys, MasterKey};
use fleetward_domain::format_level::FormatLevel;
use fleetward_environment::Clock;
use fleetward_front_door::{FrontDoor, TlsIdentity};
use fleetward_log::EventLog;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{Kind, Store, Tx};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::api;
use crate::clock::now_ms;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::ready_file::Ready;
use crate::roles::{detector, housekeeping, relay};
use crate::settings::Settings;

/// A window stays open this long after its end for counts that are still on their way: a flush of
/// the front door and a commit of the log, with room to spare.
const GRACE_MS: i64 = 500;
/// A violation of a thing that is silent for this long is invalidated (AWS: two days).
const SILENCE_MS: i64 = 2 * 24 * 3600 * 1000;

/// A server that accepts.
pub(crate) struct Running {
    ready: Ready,
    new_secret: Option<String>,
    stop: watch::Sender<bool>,
    failures: mpsc::Receiver<Failure>,
    roles: Vec<JoinHandle<()>>,
    front_door: fleetward_front_door::Running,
    alerts: fleetward_alerts::Running,
    store: Arc<SqliteStore>,
    log: Arc<EmbeddedLog>,
}

/// Starts everything; returns when every listener accepts.
///
/// # Errors
/// A sentence that names what could not start.
pub(crate) async fn start(settings: Settings) -> Result<Running, Failure> {
    let data = DataDir::open(&settings.data)?;
    let tried = format!("cannot open the store in {}", settings.data.display());
    let store = SqliteStore::open(&data.store()).map_err(Failure::of(&tried))?;
    let tried = format!("cannot open the event log in {}", data.log().display());
    let log = EmbeddedLog::open(&data.log(), settings.partitions, settings.log_retention_bytes)
        .map_err(Failure::of(&tried))?;
    let shared: Arc<dyn Store> = store.clone();
    let log_shared: Arc<dyn EventLog> = log.clone();
    let master_key = MasterKey::new(data.master_key()?);
    let authority = Authority::load_or_create(&*shared, &master_key, now_ms())
        .await
        .map_err(Failure::of("no certificate authority"))?;
    let ca_file = data.write_ca(authority.ca_pem())?;
    let keys =
        Keys::new(shared.clone(), master_key.clone(), settings.place.clone(), Clock::system());
    let administrator =
        keys.create_administrator().await.map_err(Failure::of("no administrator key"))?;
    let access_key_id = administrator_id(&keys).await?;

    let (stop, stopped) = watch::channel(false);
    let (failed, failures) = mpsc::channel(4);
    let identity = tls_identity(&authority, &settings.mqtts)?;
    let front_door = FrontDoor::start(
        front_door_settings(&settings, identity, &*shared).await?,
        shared.clone(),
        log_shared.clone(),
    )
    .await
    .map_err(Failure::of("the front door does not open"))?;
    // After the front door, which logs first that nothing is connected: a detector that told the
    // time before that would judge windows that passed while nobody counted.
    let mut roles = start_roles(&settings, &shared, &log_shared, &failed, &stopped);
    let alerts = Alerts::start(alert_settings(&settings)?, shared.clone())
        .map_err(Failure::of("alerts do not start"))?;
    let listener = TcpListener::bind(settings.api)
        .await
        .map_err(Failure::of(&format!("cannot listen on {}", settings.api)))?;
    let api_address = listener.local_addr().map_err(Failure::of("no API address"))?;
    let control = Control::new(
        ControlSettings {
            place: settings.place.clone(),
            period_seconds: u32::try_from(settings.period_ms / 1000).unwrap_or(300),
            endpoint_host: "127.0.0.1".to_owned(),
            paging_key: master_key.derive("paging"),
            clock: Clock::system(),
        },
        shared.clone(),
        Arc::new(authority),
    );
    let served = api::Served {
        listener,
        control,
        keys,
        auth: settings.auth,
        store: shared.clone(),
        place: settings.place.clone(),
        stopped: stopped.clone(),
    };
    roles.push(tokio::spawn(api::serve(served)));
    let mqtts_all = front_door.mqtts.clone();
    let first = |addresses: &[SocketAddr]| {
        addresses.first().copied().ok_or_else(|| Failure::new("a listener is missing"))
    };
    let ready = Ready {
        api: api_address,
        mqtt: first(&front_door.mqtt)?,
        mqtts: first(&mqtts_all)?,
        mqtts_all,
        ca_file: ca_file.display().to_string(),
        access_key_id,
        pid: std::process::id(),
    };
    let new_secret = administrator.map(|made| made.secret);
    Ok(Running { ready, new_secret, stop, failures, roles, front_door, alerts, store, log })
}

impl Running {
    /// Where everything is.
    pub(crate) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The administrator's secret, if this start made the key.
    pub(crate) fn new_secret(&self) -> Option<&str> {
        self.new_secret.as_deref()
    }

    /// Waits until a role fails; for ever if none does.
    pub(crate) async fn failed(&mut self) -> Failure {
        match self.failures.recv().await {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Drains and stops, in the order in which data flows.
    ///
    /// # Errors
    /// A sentence, if something that was acknowledged may not be where it should.
    pub(crate) async fn shutdown(self) -> Result<(), Failure> {
        self.front_door.shutdown().await;
        // The detector stops after what the front door flushed; the rest is replayed.
        let _ = self.stop.send(true);
        for role in self.roles {
            role.await.map_err(Failure::of("a role did not stop cleanly"))?;
        }
        self.alerts.shutdown().await;
        self.log.close().await.map_err(Failure::of("the log does not close"))?;
        self.store.close().await.map_err(Failure::of("the store does not close"))
    }
}

fn start_roles(
    settings: &Settings,
    store: &Arc<dyn Store>,
    log: &Arc<dyn EventLog>,
    failed: &mpsc::Sender<Failure>,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let detection = fleetward_detect::Settings {
        period_ms: settings.period_ms,
        grace_ms: GRACE_MS,
        silence_ms: SILENCE_MS,
        partitions: log.partitions(),
        ..fleetward_detect::Settings::default()
    };
    // What the store will say once it keeps the level.
    let level = FormatLevel::FIRST;
    let detector = detector::run(detection, level, store.clone(), log.clone(), stopped.clone());
    let failed = failed.clone();
    let detector = async move {
        if let Err(failure) = detector.await {
            let _ = failed.send(failure).await;
        }
    };
    vec![
        tokio::spawn(detector),
        tokio::spawn(relay::run(level, store.clone(), log.clone(), stopped.clone())),
        tokio::spawn(housekeeping::run(store.clone(), stopped.clone())),
    ]
}

/// The id of the administrator's key: the oldest that is there.
async fn administrator_id(keys: &Keys) -> Result<String, Failure> {
    let listed = keys.list().await.map_err(Failure::of("cannot list access keys"))?;
    listed
        .into_iter()
        .min_by_key(|key| key.created_ms)
        .map(|key| key.id)
        .ok_or_else(|| Failure::new("there is no access key; make one: fleetward keys create"))
}

/// A certificate for the addresses that devices dial.
fn tls_identity(authority: &Authority, listeners: &[SocketAddr]) -> Result<TlsIdentity, Failure> {
    let tried = "no certificate for MQTT over TLS";
    let mut addresses: Vec<IpAddr> = vec![IpAddr::from([127, 0, 0, 1])];
    addresses.extend(listeners.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified()));
    addresses.sort();
    addresses.dedup();
    let mut names = vec!["localhost".to_owned()];
    names.extend(host_name());
    let issued =
        authority.issue_server(&names, &addresses, now_ms()).map_err(Failure::of(tried))?;
    let certificates = |pem: &str| {
        CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Failure::new(format!("{tried}: {error:?}")))
    };
    let ca = certificates(authority.ca_pem())?.into_iter().next();
    Ok(TlsIdentity {
        cert_chain: certificates(&issued.chain_pem)?,
        key: PrivateKeyDer::from_pem_slice(issued.private_key_pem.as_bytes())
            .map_err(|error| Failure::new(format!("{tried}: {error:?}")))?,
        ca: ca.ok_or_else(|| Failure::new(tried))?,
    })
}

/// The machine's name, if it is one that a certificate can hold.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?.trim().to_owned();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    (!name.is_empty() && name.len() <= 253 && name.bytes().all(fits)).then_some(name)
}

async fn front_door_settings(
    settings: &Settings,
    identity: TlsIdentity,
    store: &dyn Store,
) -> Result<fleetward_front_door::Settings, Failure> {
    let boot = next_boot(store).await?;
    let place = settings.place.clone();
    let mut door = fleetward_front_door::Settings::new("door-1", boot, place);
    door.mqtt = vec![settings.mqtt];
    door.mqtts.clone_from(&settings.mqtts);
    door.mqtt_policy.clone_from(&settings.mqtt_policy);
    door.tls = Some(identity);
    door.period_ms = settings.period_ms;
    Ok(door)
}

/// Counts the starts of the front door: the version of a document that each start writes.
async fn next_boot(store: &dyn Store) -> Result<u64, Failure> {
    let puts = vec![(Kind::Setting, "front-door-boot".to_owned(), Vec::new())];
    let committed = store
        .commit(Tx { puts, ..Tx::default() })
        .await
        .map_err(Failure::of("cannot count this start"))?;
    committed.versions.first().copied().ok_or_else(|| Failure::new("cannot count this start"))
}

fn alert_settings(settings: &Settings) -> Result<fleetward_alerts::Settings, Failure> {
    let mut alerts = fleetward_alerts::Settings {
        allow_addresses: settings.alerts.allow_addresses.clone(),
        ..fleetward_alerts::Settings::default()
    };
    for (arn, target) in &settings.alerts.targets {
        let tried = format!("setting alerts.targets.\"{arn}\"");
        alerts.targets.insert(arn.clone(), target.read().map_err(Failure::of(&tried))?);
    }
    Ok(alerts)
}
