//! Housekeeping: what is past its time goes.

use std::sync::Arc;
use std::time::Duration;

use fleetward_store::Store;
use tokio::sync::watch;

use crate::clock::now_ms;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3600);
/// Violation events are kept this long (AWS's guide: 30 days).
const EVENTS_KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// Expires events until told to stop.
pub(crate) async fn run(store: Arc<dyn Store>, mut stop: watch::Receiver<bool>) {
    loop {
        match store.expire_events(now_ms().saturating_sub(EVENTS_KEPT_MS)).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!("{gone} violation events older than 30 days removed"),
            Err(error) => tracing::error!("cannot remove old violation events: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}
