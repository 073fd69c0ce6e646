//! Puts the parts together.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::{FormatLevel, Record};
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, LogError, record};
use fleetward_policy::actions::ResourceArns;
use fleetward_store::Documents;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::directory::Directory;
use crate::error::FrontDoorError;
use crate::ingest::Ingest;
use crate::listener::{Kind, Listener};
use crate::meter::{Flusher, Meter, MeterPlan, Sources};
use crate::running::{Parts, Running};
use crate::seldom::{OfAllPeers, Seldom};
use crate::session::Door;
use crate::settings::{Settings, Upstream};
use crate::upstream::{Broker, Embedded, Service, Tcp, Transport};
use crate::{changes, tls};

/// The front door: [`FrontDoor::start`] is the way in.
#[derive(Debug)]
pub struct FrontDoor;

impl FrontDoor {
    /// Starts a front door over this registry and this log. When it returns, all listeners take
    /// connections.
    ///
    /// # Errors
    /// [`FrontDoorError`], which names the setting and the problem.
    pub async fn start(
        mut settings: Settings,
        store: Arc<dyn Documents>,
        log: Arc<dyn EventLog>,
    ) -> Result<Running, FrontDoorError> {
        check(&settings)?;
        let acceptor = match settings.tls.take() {
            Some(identity) => Some(TlsAcceptor::from(tls::server_config(identity)?)),
            None => None,
        };
        let plain = bind(&settings.mqtt).await?;
        let secure = bind(&settings.mqtts).await?;
        let (mqtt, mqtts) = (addresses(&plain), addresses(&secure));
        let mut sockets: Vec<Socket> =
            plain.into_iter().map(|(listener, _)| (listener, Kind::Mqtt)).collect();
        if let Some(acceptor) = acceptor {
            let kind = |(listener, _)| (listener, Kind::Mqtts(acceptor.clone()));
            sockets.extend(secure.into_iter().map(kind));
        }
        let parts = start_parts(&settings, store, log, sockets).await?;
        Ok(Running { mqtt, mqtts, parts })
    }
}

/// A listening socket, and what is spoken there.
type Socket = (TcpListener, Kind);

async fn start_parts(
    settings: &Settings,
    store: Arc<dyn Documents>,
    log: Arc<dyn EventLog>,
    sockets: Vec<Socket>,
) -> Result<Parts, FrontDoorError> {
    // Numbered before anything is read, so that no change falls in between.
    let seen = *store.newest_change().borrow();
    let directory = Arc::new(Directory::new(Arc::clone(&store), settings.mqtt_policy.clone()));
    check_mqtt_policy(settings, &directory).await?;
    let plan = MeterPlan::load(&*store).await?;
    let meter = Arc::new(Meter::new(settings.stamps.clock().clone(), settings.period_ms, plan));
    let (embedded, broker) = open_upstream(settings).await?;
    let level = store.format_level();
    append_started(settings, level, &*log).await?;

    let (stop, stopped) = watch::channel(false);
    let (stop_flusher, flusher_stopped) = watch::channel(false);
    // A client id that could be guessed could be taken over.
    let service_id = format!("fleetward-{}", settings.chance.hex::<32>()?);
    let (service, service_task) =
        Service::start(broker.clone(), service_id, settings.outgoing.take_queue());
    let ingest = Arc::new(Ingest::new(settings, Arc::clone(&log), level)?);
    let unregistered = ingest.unregistered();
    let metrics = Arc::clone(&unregistered).follow(Arc::clone(&store), settings.clock.clone());
    let feed = changes::Feed {
        store,
        seen,
        directory: Arc::clone(&directory),
        meter: Arc::clone(&meter),
        clock: settings.clock.clone(),
        old_policies: BTreeSet::new(),
    };
    let flusher = Flusher::new(settings, level, Sources { meter: Arc::clone(&meter), log });
    let door = Arc::new(Door {
        directory,
        meter,
        arns: Arc::new(ResourceArns::new(&settings.place.region, &settings.place.account)),
        ingest,
        refusals: Seldom::default(),
        told: OfAllPeers::default(),
        unlogged: Seldom::default(),
        stamps: Arc::clone(&settings.stamps),
        counts_reports: settings.reports.counted,
        broker,
        service,
        clock: settings.clock.clone(),
        chance: settings.chance.clone(),
        connect_limit: Duration::from_millis(settings.connect_limit_ms),
        stop: stopped,
    });
    let (alive, connections) = mpsc::channel(1);
    let room = Arc::new(Semaphore::new(settings.connections.min(Semaphore::MAX_PERMITS)));
    Ok(Parts {
        clock: settings.clock.clone(),
        stop,
        connections,
        stop_flusher,
        flusher: tokio::spawn(flusher.run(flusher_stopped)),
        listeners: start_listeners(&door, sockets, (&alive, &room)),
        endless: vec![tokio::spawn(feed.follow()), tokio::spawn(metrics), service_task],
        embedded,
        unregistered,
    })
}

/// The broker behind the front door, and its process if it is the one that we bring.
async fn open_upstream(settings: &Settings) -> Result<(Option<Embedded>, Broker), FrontDoorError> {
    let transport: Arc<dyn Transport> = match &settings.upstream {
        Upstream::Embedded => {
            let embedded = Embedded::start(&settings.chance).await?;
            let broker = embedded.broker(&settings.clock);
            return Ok((Some(embedded), broker));
        }
        Upstream::Address(address) => Arc::new(Tcp(*address)),
        Upstream::Transport(transport) => Arc::clone(transport),
    };
    Ok((None, Broker::new(transport, None, &settings.clock)))
}

fn start_listeners(
    door: &Arc<Door>,
    sockets: Vec<Socket>,
    (alive, room): (&mpsc::Sender<()>, &Arc<Semaphore>),
) -> Vec<JoinHandle<()>> {
    let start = |(listener, kind): Socket| {
        let (door, room, alive) = (Arc::clone(door), Arc::clone(room), alive.clone());
        let stop = door.stop.clone();
        tokio::spawn(Listener { listener, kind, door, room, alive }.run(stop))
    };
    sockets.into_iter().map(start).collect()
}

fn check(settings: &Settings) -> Result<(), FrontDoorError> {
    if let Some(address) = settings.mqtt.iter().find(|address| !address.ip().is_loopback()) {
        return Err(FrontDoorError::PlainNotLoopback(*address));
    }
    if !settings.mqtts.is_empty() && settings.tls.is_none() {
        return Err(FrontDoorError::TlsIdentityMissing);
    }
    let (period_ms, flush_ms) = (settings.period_ms, settings.flush_ms);
    if period_ms < 4 {
        let (field, limit) = ("period", "4 ms or more");
        return Err(FrontDoorError::BadPeriod { field, value_ms: period_ms, limit });
    }
    if flush_ms < 1 || flush_ms > period_ms / 4 {
        let (field, limit) = ("flush interval", "1 ms to a quarter of the period");
        return Err(FrontDoorError::BadPeriod { field, value_ms: flush_ms, limit });
    }
    Ok(())
}

/// Without the policy that was named, plain connections would be more or less than was meant.
async fn check_mqtt_policy(
    settings: &Settings,
    directory: &Directory,
) -> Result<(), FrontDoorError> {
    let Some(name) = &settings.mqtt_policy else { return Ok(()) };
    match directory.has_policy(name).await? {
        true => Ok(()),
        false => Err(FrontDoorError::MqttPolicy {
            name: name.to_string(),
            problem: "is not a policy of the registry".to_owned(),
        }),
    }
}

async fn bind(wanted: &[SocketAddr]) -> Result<Vec<(TcpListener, SocketAddr)>, FrontDoorError> {
    let mut bound = Vec::with_capacity(wanted.len());
    for address in wanted {
        let failed = |source| FrontDoorError::Listen { address: *address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        bound.push((listener, local));
    }
    Ok(bound)
}

fn addresses(bound: &[(TcpListener, SocketAddr)]) -> Vec<SocketAddr> {
    bound.iter().map(|(_, address)| *address).collect()
}

async fn append_started(
    settings: &Settings,
    level: FormatLevel,
    log: &dyn EventLog,
) -> Result<(), FrontDoorError> {
    let record = Record::DoorStarted {
        door: settings.name.clone(),
        boot: settings.boot,
        at_ms: settings.stamps.clock().now_ms(),
    };
    let bytes = record::encode(&record, level).map_err(LogError::from)?;
    Ok(log.append(vec![Entry { partition: EVERY_PARTITION, bytes }]).await?)
}
