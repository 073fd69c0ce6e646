//! Follows the store's feed of changes, so that policies, certificates, profiles and dimensions
//! take effect on connections that are there already.

use std::sync::Arc;

use fleetward_domain::Change;
use fleetward_store::Store;

use crate::directory::Directory;
use crate::limits::{CHANGES_REST, STORE_PAGE};
use crate::meter::{Meter, MeterPlan};

/// Applies every change after `seq`, for ever.
pub(crate) async fn follow(
    store: Arc<dyn Store>,
    mut seq: u64,
    directory: Arc<Directory>,
    meter: Arc<Meter>,
) {
    let mut newest = store.newest_change();
    let mut plan_is_old = false;
    loop {
        match store.changes_after(seq, STORE_PAGE).await {
            Ok(changes) if changes.is_empty() => {
                if plan_is_old {
                    plan_is_old = !rebuild(&*store, &meter).await;
                    if plan_is_old {
                        tokio::time::sleep(CHANGES_REST).await;
                    }
                    continue;
                }
                if newest.changed().await.is_err() {
                    return;
                }
            }
            Ok(changes) => {
                for (number, change) in changes {
                    if number != seq.saturating_add(1) {
                        tracing::warn!(after = seq, number, "changes were missed");
                        directory.forget();
                        plan_is_old = true;
                    }
                    seq = number;
                    plan_is_old |= matches!(
                        change,
                        Change::Profile(..) | Change::ProfileDeleted(_) | Change::Dimension(_)
                    );
                    directory.apply(&change);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the feed of changes cannot be read");
                tokio::time::sleep(CHANGES_REST).await;
            }
        }
    }
}

async fn rebuild(store: &dyn Store, meter: &Meter) -> bool {
    match MeterPlan::load(store).await {
        Ok(plan) => {
            meter.set_plan(plan);
            true
        }
        Err(error) => {
            tracing::error!(%error, "profiles and dimensions cannot be read");
            false
        }
    }
}
