//! Every role in one process: the composition of a single machine. The only file that knows which
//! store and which log there are, and the order in which roles start and stop.

use std::sync::Arc;

use fleetward_environment::{Chance, Clock};
use fleetward_log::EventLog;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_store::sqlite::SqliteStore;
use tokio::sync::{mpsc, watch};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::ready_file::Ready;
use crate::roles::{Shared, alerts, api, detector, front_door, housekeeping, relay, role::Role};
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
}

/// Starts everything; returns when every listener accepts.
///
/// # Errors
/// A sentence that names what could not start.
pub(crate) async fn start(
    settings: Settings,
    clock: Clock,
    chance: Chance,
) -> Result<Running, Failure> {
    let data = DataDir::open(&settings.data)?;
    let tried = format!("cannot open the data in {}", settings.data.display());
    let store = SqliteStore::open(&data.store()).map_err(Failure::of(&tried))?;
    let log = EmbeddedLog::open(&data.log(), settings.partitions, settings.log_retention_bytes)
        .map_err(Failure::of(&tried))?;
    let (failed, failures) = mpsc::channel(1);
    let shared = Shared {
        secrets: Secrets::open(&data, store.clone(), &settings.place, &clock, &chance).await?,
        settings,
        store: store.clone(),
        assignment: watch::channel((0..log.partitions()).collect()).1, // all of them, for good
        log: log.clone(),
        clock,
        chance,
        health: Arc::default(),
        failures: failed,
    };
    // Data flows in this order. The front door comes first also because it logs that nothing is
    // connected yet: windows that passed while nobody counted must not be judged.
    let roles = vec![
        front_door::start(&shared).await?,
        relay::start(&shared).await?,
        detector::start(&shared).await?,
        alerts::start(&shared).await?,
        housekeeping::start(&shared).await?,
        api::start(&shared).await?,
    ];
    let ready = Ready::of(&roles, &shared.secrets)?;
    Ok(Running { ready, new_secret: shared.secrets.new_secret, failures, roles, store, log })
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
    /// the detector writes its state, and closes what they used.
    ///
    /// # Errors
    /// The first that says that something acknowledged may not be where it should; the rest is
    /// stopped and closed nevertheless.
    pub(crate) async fn shutdown(mut self) -> Result<(), Failure> {
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
