//! Policies, each in a slot that all who hold it share: a change of one is one read of it and one
//! store into its slot, however many connections there are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use fleetward_domain::{Policy, PolicyName};
use fleetward_policy::PolicyDocument;
use fleetward_store::{Documents, StoreError, find};

use crate::limits::WARM_POLICIES;

/// A policy as it is now.
#[derive(Debug)]
pub(crate) struct PolicySlot {
    /// None: it is gone or cannot be read. It may have denied something, so without it nothing is
    /// allowed.
    document: ArcSwapOption<PolicyDocument>,
    /// Grows with each change.
    version: AtomicU64,
}

impl PolicySlot {
    /// What it says now.
    pub(crate) fn document(&self) -> Option<Arc<PolicyDocument>> {
        self.document.load_full()
    }

    /// Another number after each change.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}

/// The slots of the policies that are in use, and of some that were.
pub(super) struct Policies {
    store: Arc<dyn Documents>,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    /// Grows with each change: what was read before and arrives after is read again.
    changes: u64,
    by_name: HashMap<PolicyName, Arc<PolicySlot>>,
    /// How many there may be before those that nobody holds are removed.
    sweep_at: usize,
}

impl Policies {
    pub(super) fn new(store: Arc<dyn Documents>) -> Self {
        Self { store, slots: Mutex::default() }
    }

    /// The slot of that policy.
    pub(super) async fn slot(&self, name: &PolicyName) -> Result<Arc<PolicySlot>, StoreError> {
        loop {
            let seen = {
                let slots = self.slots();
                if let Some(slot) = slots.by_name.get(name) {
                    return Ok(Arc::clone(slot));
                }
                slots.changes
            };
            let document = self.read(name).await?;
            let mut slots = self.slots();
            // A change that came in between may have been about this policy, and found no slot.
            if slots.changes == seen {
                return Ok(slots.add(name, document));
            }
        }
    }

    /// Whether somebody may hold the policy, which has changed: then it is to be reloaded.
    pub(super) fn changed(&self, name: &PolicyName) -> bool {
        let mut slots = self.slots();
        slots.changes = slots.changes.wrapping_add(1);
        slots.by_name.contains_key(name)
    }

    /// Reads a policy that changed again, once for all who hold it.
    pub(super) async fn reload(&self, name: &PolicyName) -> Result<(), StoreError> {
        let document = self.read(name).await?;
        if let Some(slot) = self.slots().by_name.get(name) {
            slot.document.store(document);
            slot.version.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// Forgets all: who holds a slot must ask for another.
    pub(super) fn forget(&self) {
        let mut slots = self.slots();
        slots.changes = slots.changes.wrapping_add(1);
        slots.by_name.clear();
    }

    /// The store's document, parsed.
    async fn read(&self, name: &PolicyName) -> Result<Option<Arc<PolicyDocument>>, StoreError> {
        let found = find::<Policy>(&*self.store, name.as_str()).await;
        let Some(policy) = self.store.unreadable().skip(found)?.flatten() else {
            tracing::error!(policy = %name, "the policy is missing: nothing is allowed by it");
            return Ok(None);
        };
        let parsed = PolicyDocument::parse(&policy.value.document).inspect_err(|problem| {
            tracing::error!(policy = %name, %problem, "the policy cannot be read");
        });
        Ok(parsed.ok().map(Arc::new))
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn add(&mut self, name: &PolicyName, document: Option<Arc<PolicyDocument>>) -> Arc<PolicySlot> {
        if self.by_name.len() >= self.sweep_at.max(WARM_POLICIES) {
            self.by_name.retain(|_, slot| Arc::strong_count(slot) > 1);
            self.sweep_at = self.by_name.len().saturating_mul(2);
        }
        let new = || {
            let (document, version) = (ArcSwapOption::new(document), AtomicU64::new(0));
            Arc::new(PolicySlot { document, version })
        };
        Arc::clone(self.by_name.entry(name.clone()).or_insert_with(new))
    }
}
