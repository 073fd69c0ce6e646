//! Housekeeping: what is past its time goes.

use std::time::Duration;

use tokio::sync::watch;

use super::Shared;
use super::role::Role;
use crate::failure::Failure;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3600);
/// Violation events are kept this long (AWS's guide: 30 days).
const EVENTS_KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// Starts to expire events.
///
/// # Errors
/// None.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let (store, clock) = (shared.store.clone(), shared.clock.clone());
    let work = |mut stop: watch::Receiver<bool>| async move {
        loop {
            // Old events harm nobody for an hour: a failure is told and tried again.
            match store.expire_events(clock.now_ms().saturating_sub(EVENTS_KEPT_MS)).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!("{gone} violation events older than 30 days removed"),
                Err(error) => tracing::error!("cannot remove old violation events: {error}"),
            }
            tokio::select! {
                () = clock.sleep(EVERY) => {}
                _ = stop.changed() => return Ok(()),
            }
        }
    };
    Ok(Role::start("housekeeping", shared, work))
}
