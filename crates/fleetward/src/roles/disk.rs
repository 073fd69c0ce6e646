//! The disk: watches whether log and store can do their work, and ends the process at once if one
//! of them never will. A full disk is no reason to end: it shows in `/healthz`, and passes.

use std::time::Duration;

use fleetward_domain::Condition;
use fleetward_log::EventLog;
use fleetward_store::Store;
use futures_util::future::select_all;
use tokio::sync::watch;

use super::Shared;
use super::role::Role;
use crate::failure::Failure;

/// What is written to a disk, and waits where there is no room on it.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// What it is, in a sentence.
    name: &'static str,
    /// What is so while there is no room for it.
    while_full: &'static str,
}

const LOG: Written =
    Written { name: "the event log", while_full: "reports and counts are not taken" };
const STORE: Written =
    Written { name: "the store", while_full: "changes are not taken and violations wait" };
const STATE: Written =
    Written { name: "detection state", while_full: "detection state waits to be written" };

/// What log, store and detection state say of their disks.
#[derive(Clone, Debug)]
pub(crate) struct Disk([(Written, watch::Receiver<Condition>); 3]);

impl Disk {
    /// That of these.
    pub(crate) fn of(log: &dyn EventLog, store: &dyn Store) -> Self {
        Self([(LOG, log.condition()), (STORE, store.condition()), (STATE, store.state_condition())])
    }

    /// One that never fails.
    #[cfg(test)]
    pub(crate) fn that_works() -> Self {
        Self([LOG, STORE, STATE].map(|written| (written, watch::channel(Condition::Works).1)))
    }

    /// Why the process must end, if it must: what is on disk is unknown, and only the next start
    /// finds out.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.0.iter().find_map(|(written, condition)| match &*condition.borrow() {
            Condition::Failed(why) => {
                Some(Failure::new(format!("{} cannot go on: {why}", written.name)))
            }
            Condition::Works | Condition::Full(_) => None,
        })
    }

    /// What waits for room, in a sentence a line.
    pub(crate) fn full(&self) -> Vec<String> {
        let full = self.0.iter().filter_map(|(written, condition)| match &*condition.borrow() {
            Condition::Full(why) => Some(format!("{}: {why}", written.while_full)),
            Condition::Works | Condition::Failed(_) => None,
        });
        full.collect()
    }

    /// Waits until the process must end; for ever, if it never must.
    pub(crate) async fn failed(&mut self) -> Failure {
        loop {
            if let Some(failure) = self.failure() {
                return failure;
            }
            let changes = self.0.iter_mut().map(|(_, condition)| Box::pin(changed(condition)));
            select_all(changes).await;
        }
    }
}

/// A sender that is gone leaves things as they are.
async fn changed(condition: &mut watch::Receiver<Condition>) {
    if condition.changed().await.is_err() {
        std::future::pending().await
    }
}

/// How often to look whether a full disk still is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts to watch.
///
/// # Errors
/// None.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let (mut disk, looking) = (shared.disk.clone(), shared.disk.clone());
    let (log, store, clock) = (shared.log.clone(), shared.store.clone(), shared.clock.clone());
    let look = async move {
        loop {
            clock.sleep(LOOK_EVERY).await;
            // Nobody may write for long, and then nobody else would find out.
            if !looking.full().is_empty() {
                log.look_for_room().await;
                store.look_for_room().await;
            }
        }
    };
    Ok(Role::start("disk", shared, |mut stop| async move {
        tokio::select! {
            failure = disk.failed() => Err(failure),
            () = look => Ok(()),
            _ = stop.changed() => Ok(()),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_told_and_a_failed_one_ends_the_process() {
        let (log_says, log) = watch::channel(Condition::Works);
        let (store_says, store) = watch::channel(Condition::Works);
        let (state_says, state) = watch::channel(Condition::Works);
        let mut disk = Disk([(LOG, log), (STORE, store), (STATE, state)]);
        assert!(disk.failure().is_none() && disk.full().is_empty());
        log_says.send(Condition::Full("no room for the log".to_owned())).unwrap();
        store_says.send(Condition::Full("no room for the store".to_owned())).unwrap();
        let said = [
            "reports and counts are not taken: no room for the log",
            "changes are not taken and violations wait: no room for the store",
        ];
        assert_eq!(disk.full(), said);
        state_says.send(Condition::Full("no room for it".to_owned())).unwrap();
        assert_eq!(disk.full()[2], "detection state waits to be written: no room for it");
        assert!(disk.failure().is_none());
        log_says.send(Condition::Works).unwrap();
        let waiting = tokio::spawn(async move { disk.failed().await.to_string() });
        tokio::task::yield_now().await;
        store_says.send(Condition::Failed("disk I/O error".to_owned())).unwrap();
        assert_eq!(waiting.await.unwrap(), "the store cannot go on: disk I/O error");
    }
}
