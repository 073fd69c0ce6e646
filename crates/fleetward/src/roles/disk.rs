//! The disk: watches whether log and store can do their work, and ends the process at once if one
//! of them never will. A full disk is no reason to end: it shows in `/healthz`, and passes.

use std::time::Duration;

use fleetward_log as log;
use fleetward_store as store;
use tokio::sync::watch;

use super::Shared;
use super::role::Role;
use crate::failure::Failure;

/// What log and store say of their disks.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    log: watch::Receiver<log::Condition>,
    store: watch::Receiver<store::Condition>,
    state: watch::Receiver<store::Condition>,
}

impl Disk {
    /// That of these.
    pub(crate) fn of(log: &dyn log::EventLog, store: &dyn store::Store) -> Self {
        let (of_store, state) = (store.condition(), store.state_condition());
        Self { log: log.condition(), store: of_store, state }
    }

    /// One that never fails.
    #[cfg(test)]
    pub(crate) fn that_works() -> Self {
        Self {
            log: watch::channel(log::Condition::Works).1,
            store: watch::channel(store::Condition::Works).1,
            state: watch::channel(store::Condition::Works).1,
        }
    }

    /// Why the process must end, if it must: what is on disk is unknown, and only the next start
    /// finds out.
    pub(crate) fn failure(&self) -> Option<Failure> {
        if let log::Condition::Failed(why) = &*self.log.borrow() {
            return Some(Failure::new(format!("the event log cannot go on: {why}")));
        }
        for (file, condition) in [("store", &self.store), ("detection state", &self.state)] {
            if let store::Condition::Failed(why) = &*condition.borrow() {
                return Some(Failure::new(format!("the {file} cannot go on: {why}")));
            }
        }
        None
    }

    /// What waits for room, in a sentence a line.
    pub(crate) fn full(&self) -> Vec<String> {
        let mut said = Vec::new();
        if let log::Condition::Full(why) = &*self.log.borrow() {
            said.push(format!("reports and counts are not taken: {why}"));
        }
        if let store::Condition::Full(why) = &*self.store.borrow() {
            said.push(format!("changes are not taken and violations wait: {why}"));
        }
        if let store::Condition::Full(why) = &*self.state.borrow() {
            said.push(format!("detection state waits to be written: {why}"));
        }
        said
    }

    /// Waits until the process must end; for ever, if it never must.
    pub(crate) async fn failed(&mut self) -> Failure {
        loop {
            if let Some(failure) = self.failure() {
                return failure;
            }
            tokio::select! {
                () = changed(&mut self.log) => {}
                () = changed(&mut self.store) => {}
                () = changed(&mut self.state) => {}
            }
        }
    }
}

/// A sender that is gone leaves things as they are.
async fn changed<T>(condition: &mut watch::Receiver<T>) {
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
        let (log_says, log) = watch::channel(log::Condition::Works);
        let (store_says, store) = watch::channel(store::Condition::Works);
        let (state_says, state) = watch::channel(store::Condition::Works);
        let mut disk = Disk { log, store, state };
        assert!(disk.failure().is_none() && disk.full().is_empty());
        log_says.send(log::Condition::Full("no room for the log".to_owned())).unwrap();
        store_says.send(store::Condition::Full("no room for the store".to_owned())).unwrap();
        let said = [
            "reports and counts are not taken: no room for the log",
            "changes are not taken and violations wait: no room for the store",
        ];
        assert_eq!(disk.full(), said);
        state_says.send(store::Condition::Full("no room for it".to_owned())).unwrap();
        assert_eq!(disk.full()[2], "detection state waits to be written: no room for it");
        assert!(disk.failure().is_none());
        log_says.send(log::Condition::Works).unwrap();
        let waiting = tokio::spawn(async move { disk.failed().await.to_string() });
        tokio::task::yield_now().await;
        store_says.send(store::Condition::Failed("disk I/O error".to_owned())).unwrap();
        assert_eq!(waiting.await.unwrap(), "the store cannot go on: disk I/O error");
    }
}
