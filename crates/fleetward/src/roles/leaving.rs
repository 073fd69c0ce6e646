//! Things leave thing groups that were deleted, some at a time beside the API.

use std::sync::Arc;
use std::time::Duration;

use fleetward_control::let_things_leave;
use fleetward_environment::Clock;
use fleetward_store::Store;
use tokio::sync::watch;

use super::Shared;
use super::role::Role;
use crate::failure::Failure;

/// How long to wait after a failure before trying again: nobody waits for it, since whoever asks is
/// told already that the group is gone.
const PAUSE: Duration = Duration::from_secs(30);

/// Starts to let things leave.
///
/// # Errors
/// None; what fails later is told and tried again.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let (store, clock) = (shared.store.clone(), shared.clock.clone());
    Ok(Role::start("leaving", shared, |stop| follow(store, clock, stop)))
}

async fn follow(
    store: Arc<dyn Store>,
    clock: Clock,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    // A group that goes is a change.
    let mut newest = store.newest_change();
    while !*stop.borrow() {
        let failed = match let_things_leave(&*store).await {
            Ok(true) => continue,
            Ok(false) => false,
            Err(error) => {
                tracing::error!("things do not leave a deleted group, trying again: {error}");
                true
            }
        };
        tokio::select! {
            changed = newest.changed(), if !failed =>
                changed.map_err(Failure::of("the store's feed of changes ended"))?,
            () = clock.sleep(PAUSE), if failed => {}
            _ = stop.changed() => return Ok(()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use fleetward_store::memory::MemoryStore;
    use fleetward_store::{DepartedGroup, Kind, Tx};

    use super::*;

    #[tokio::test]
    async fn things_leave_a_deleted_group_without_being_asked_to() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(follow(store.clone(), Clock::system(), stopped));
        let mut tx = Tx::default();
        tx.create(&DepartedGroup::named("racks"), store.format_level()).unwrap();
        tx.draw_edge(Kind::ThingOfGroup, "racks", "server-1");
        tx.changes.push(fleetward_domain::Change::GroupDeleted {
            name: fleetward_domain::GroupName::parse("racks").unwrap(),
            ancestors: Vec::new(),
        });
        store.commit(tx).await.unwrap();
        while store.count(Kind::Setting, &DepartedGroup::all()).await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.count(Kind::ThingOfGroup, "").await.unwrap(), 0);
        stop.send(true).unwrap();
        running.await.unwrap().unwrap();
    }
}
