//! Every role in one process: the composition of a single machine. The only file that knows which
//! store and which log there are, and the order in which roles start and stop.

use std::sync::Arc;
use std::time::Duration;

use fleetward_environment::{Chance, Clock, RecordClock};
use fleetward_front_door::{Awaited, Outgoing, Stamps};
use fleetward_log::EventLog;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_store::StoreError;
use fleetward_store::sqlite::SqliteStore;
use tokio::sync::{mpsc, watch};

use crate::both_ends;
use crate::data_dir::DataDir;
use crate::descriptors::Descriptors;
use crate::failure::Failure;
use crate::huge_pages;
use crate::ready_file::Ready;
use crate::roles::{
    Shared, alerts, api, detector, disk, front_door, housekeeping, leaving, relay, role::Role,
    thresholds,
};
use crate::secrets::Secrets;
use crate::settings::Settings;

#[cfg(test)]
mod tests;

/// A server that accepts.
pub(crate) struct Running {
    /// Where everything is.
    pub(crate) ready: Ready,
    /// The administrator's secret, if this start made the key.
    pub(crate) new_secret: Option<String>,
    failures: mpsc::Receiver<Failure>,
    roles: Vec<Role>,
    pub(crate) store: Arc<SqliteStore>,
    log: Arc<EmbeddedLog>,
    disk: disk::Disk,
    clock: Clock,
}

/// How long a stop may take: everything that devices were told is safe is in the log by then, so
/// that the next start finds it.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
/// The same while there is no room on the disk, where what waits for room may wait for ever.
const DRAIN_LIMIT_FULL: Duration = Duration::from_secs(3);

/// Starts everything; returns when every listener accepts.
///
/// # Errors
/// A sentence that names what could not start.
pub(crate) async fn start(
    settings: Settings,
    clock: Clock,
    chance: Chance,
) -> Result<Running, Failure> {
    huge_pages::refuse();
    let descriptors = Descriptors::raise();
    let data = DataDir::open(&settings.data)?;
    let tried = format!("cannot open the data in {}", settings.data.display());
    both_ends::store_is_there(&data).map_err(Failure::of(&tried))?;
    let had_state = data.state().exists(); // opening makes it
    let store = SqliteStore::open(&data.store()).map_err(|error| match error {
        StoreError::Failed { .. } => {
            Failure::new(format!("{tried}: {error}; {}", both_ends::advice(&data)))
        }
        error => Failure::of(&tried)(error),
    })?;
    both_ends::log_is_there(&data, &store).await.map_err(Failure::of(&tried))?;
    let log = EmbeddedLog::open(&data.log(), settings.partitions, settings.log_retention_bytes)
        .map_err(Failure::of(&tried))?;
    both_ends::introduce(&log, &store, &data, &chance).await.map_err(Failure::of(&tried))?;
    both_ends::compare_settings(&settings, log.partitions(), &store, &data)
        .await
        .map_err(Failure::of(&tried))?;
    if !had_state && both_ends::is_state_made_anew(&store).await? {
        let state = data.state().display().to_string();
        tracing::info!(state, "the detection state is missing; it is made anew from the log");
    }
    let (failed, failures) = mpsc::channel(1);
    let disk = disk::Disk::of(&*log, &*store);
    let shared = Shared {
        secrets: Secrets::open(&data, store.clone(), &settings.place, &clock, &chance).await?,
        settings,
        store: store.clone(),
        assignment: watch::channel((0..log.partitions()).collect()).1, // all of them, for good
        log: log.clone(),
        stamps: Arc::new(Stamps::new(RecordClock::new(clock.clone()))),
        clock: clock.clone(),
        chance,
        awaited: Awaited::default(),
        outgoing: Outgoing::default(),
        health: Arc::default(),
        disk: disk.clone(),
        connections: descriptors.connections(),
        api_connections: descriptors.api(),
        failures: failed,
    };
    // Data flows in this order. The front door comes first also because it logs that nothing is
    // connected yet: windows that passed while nobody counted must not be judged.
    let roles = vec![
        disk::start(&shared).await?,
        front_door::start(&shared).await?,
        relay::start(&shared).await?,
        detector::start(&shared).await?,
        thresholds::start(&shared).await?,
        alerts::start(&shared).await?,
        housekeeping::start(&shared).await?,
        leaving::start(&shared).await?,
        api::start(&shared).await?,
    ];
    let ready = Ready::of(&roles, &shared.secrets)?;
    let new_secret = shared.secrets.new_secret;
    Ok(Running { ready, new_secret, failures, roles, store, log, disk, clock })
}

impl Running {
    /// Waits until a role fails; for ever if none does.
    pub(crate) async fn failed(&mut self) -> Failure {
        match self.failures.recv().await {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Stops the roles as they started, so that what the front door counted is in the log before
    /// the detector writes its state, and closes what they used. After a failure of the disk
    /// nothing more may be written to it, so nothing is stopped: the process is to end at once.
    ///
    /// # Errors
    /// The first that says that something acknowledged may not be where it should; the rest is
    /// stopped and closed nevertheless.
    pub(crate) async fn shutdown(self) -> Result<(), Failure> {
        if let Some(failure) = self.disk.failure() {
            return Err(failure);
        }
        let is_full = !self.disk.full().is_empty();
        let limit = if is_full { DRAIN_LIMIT_FULL } else { DRAIN_LIMIT };
        let clock = self.clock.clone();
        let stopped = clock.timeout(limit, self.stop()).await;
        stopped.map_err(|_| {
            let why = if is_full { "there is no room on the disk" } else { "it takes too long" };
            let seconds = limit.as_secs();
            Failure::new(format!(
                "not all was written within {seconds} s because {why}; the next start goes on \
                 from the event log, and nothing is lost"
            ))
        })?
    }

    async fn stop(mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for role in self.roles {
            outcome = outcome.and(role.stop().await);
        }
        outcome = outcome.and(self.failures.try_recv().map_or(Ok(()), Err));
        outcome =
            outcome.and(self.log.close().await.map_err(Failure::of("the log does not close")));
        outcome.and(self.store.close().await.map_err(Failure::of("the store does not close")))
    }
}
