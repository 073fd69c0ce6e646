//! Follows the store's feed of changes, so that policies, certificates, profiles and dimensions
//! take effect on connections that are there already.

use std::collections::BTreeSet;
use std::sync::Arc;

use fleetward_domain::{Change, PolicyName};
use fleetward_environment::Clock;
use fleetward_store::Documents;

use crate::directory::Directory;
use crate::limits::{CHANGES_REST, STORE_PAGE};
use crate::meter::{Meter, MeterPlan};

/// Applies changes to what connections look at.
pub(crate) struct Feed {
    pub(crate) store: Arc<dyn Documents>,
    /// The number of the last change that is known.
    pub(crate) seen: u64,
    pub(crate) directory: Arc<Directory>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) clock: Clock,
    /// Policies that changed and were not read since.
    pub(crate) old_policies: BTreeSet<PolicyName>,
}

impl Feed {
    /// Applies every change after the one that is known, until the store is gone.
    pub(crate) async fn follow(mut self) {
        let mut newest = self.store.newest_change();
        let mut plan_is_old = false;
        loop {
            match self.store.changes_after(self.seen, STORE_PAGE).await {
                Ok(changes) if !changes.is_empty() => {
                    for (number, change) in changes {
                        plan_is_old |= self.apply(number, &change);
                    }
                    self.reload_policies().await;
                }
                Ok(_) if !self.old_policies.is_empty() => {
                    self.clock.sleep(CHANGES_REST).await;
                    self.reload_policies().await;
                }
                // Once for all changes that are there: it reads every profile.
                Ok(_) if plan_is_old => {
                    plan_is_old = !self.rebuild_plan().await;
                    if plan_is_old {
                        self.clock.sleep(CHANGES_REST).await;
                    }
                }
                Ok(_) => {
                    if newest.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the feed of changes cannot be read");
                    // It stands still here, and what it would have marked is not known: so
                    // everything is looked up again for as long as that lasts.
                    if error.is_about_what_is_stored() {
                        self.directory.forget();
                    }
                    self.clock.sleep(CHANGES_REST).await;
                }
            }
        }
    }

    /// Tells the directory; whether the meter's plan is old now.
    fn apply(&mut self, number: u64, change: &Change) -> bool {
        let is_next = number == self.seen.saturating_add(1);
        if !is_next {
            tracing::warn!(after = self.seen, number, "changes were missed");
            self.directory.forget();
        }
        self.seen = number;
        self.old_policies.extend(self.directory.apply(change));
        let is_of_plan = matches!(
            change,
            Change::Profile(..) | Change::ProfileDeleted(_) | Change::Dimension(_)
        );
        is_of_plan || !is_next
    }

    /// Reads the policies again that changed, each once for all connections. What cannot be read
    /// now is tried again, and is as it was until then.
    async fn reload_policies(&mut self) {
        for name in std::mem::take(&mut self.old_policies) {
            if let Err(error) = self.directory.reload(&name).await {
                tracing::error!(policy = %name, %error, "a changed policy cannot be read");
                self.old_policies.insert(name);
            }
        }
    }

    async fn rebuild_plan(&self) -> bool {
        match MeterPlan::load(&*self.store).await {
            Ok(plan) => {
                self.meter.set_plan(plan);
                true
            }
            Err(error) => {
                tracing::error!(%error, "profiles and dimensions cannot be read");
                false
            }
        }
    }
}
