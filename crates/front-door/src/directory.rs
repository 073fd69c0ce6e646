//! The registry as connections need it: certificate -> status, policies, things.
//!
//! An identity is read from the store once and shared by its connections. A change of the
//! certificate marks it stale, and whoever holds it looks it up again; a change of a policy is
//! seen through the slot that all who have it share.
//! What nobody holds is forgotten, but for the latest few thousand.

mod identity;
mod policies;
#[cfg(test)]
mod tests;

pub(crate) use identity::{Identity, Principal, Standing};
use policies::Policies;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fleetward_domain::{Certificate, CertificateId, CertificateStatus, Change, PolicyName};
use fleetward_store::{Documents, StoreError, find};

use crate::limits::WARM_IDENTITIES;

/// The cache over the store.
pub(crate) struct Directory {
    store: Arc<dyn Documents>,
    /// What plain connections are checked against.
    plain_policy: Option<PolicyName>,
    policies: Policies,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Grows with each change: what was read before and arrives after is read again.
    changes: u64,
    identities: HashMap<Principal, Weak<Identity>>,
    /// The latest identities, kept though nobody else may hold them.
    warm: VecDeque<Arc<Identity>>,
    /// How many entries `identities` may have before those that nobody holds are removed.
    sweep_at: usize,
}

impl Directory {
    pub(crate) fn new(store: Arc<dyn Documents>, plain_policy: Option<PolicyName>) -> Self {
        let cache = Cache { sweep_at: WARM_IDENTITIES.saturating_mul(2), ..Cache::default() };
        let policies = Policies::new(Arc::clone(&store));
        Self { store, plain_policy, policies, cache: Mutex::new(cache) }
    }

    /// The principal as the registry has it. A deactivated or unknown certificate is an identity
    /// too, one that is not active.
    pub(crate) async fn resolve(&self, who: &Principal) -> Result<Arc<Identity>, StoreError> {
        loop {
            let seen = {
                let cache = self.cache();
                if let Some(known) = cache.identities.get(who).and_then(Weak::upgrade)
                    && !known.is_stale()
                {
                    return Ok(known);
                }
                cache.changes
            };
            let identity = Arc::new(self.read(who).await?);
            let mut cache = self.cache();
            // A change that came in between may have been about this identity, and would find
            // nothing to mark: so read again.
            if cache.changes == seen {
                cache.remember(who, &identity);
                return Ok(identity);
            }
        }
    }

    /// Whether the registry has that policy, and it can be read.
    pub(crate) async fn has_policy(&self, name: &PolicyName) -> Result<bool, StoreError> {
        Ok(self.policies.slot(name).await?.document().is_some())
    }

    /// Reads a policy again that [`Self::apply`] named.
    pub(crate) async fn reload(&self, policy: &PolicyName) -> Result<(), StoreError> {
        self.policies.reload(policy).await
    }

    /// Marks the certificate that the change is about as stale; the policy that it is about is to
    /// be reloaded, if somebody holds it.
    pub(crate) fn apply(&self, change: &Change) -> Option<PolicyName> {
        match change {
            Change::Certificate(id) => {
                let mut cache = self.cache();
                cache.changes = cache.changes.wrapping_add(1);
                let gone = cache.identities.remove(&Principal::Certificate(id.clone()));
                if let Some(identity) = gone.and_then(|identity| identity.upgrade()) {
                    identity.mark_stale();
                }
            }
            Change::Policy(name) => return self.policies.changed(name).then(|| name.clone()),
            _ => {}
        }
        None
    }

    /// Marks all as stale: it is not known what changed.
    pub(crate) fn forget(&self) {
        let mut cache = self.cache();
        cache.changes = cache.changes.wrapping_add(1);
        self.policies.forget();
        for (_, identity) in cache.identities.drain() {
            if let Some(identity) = identity.upgrade() {
                identity.mark_stale();
            }
        }
    }

    async fn read(&self, who: &Principal) -> Result<Identity, StoreError> {
        match who {
            Principal::Certificate(id) => self.read_certificate(id).await,
            Principal::Plain => {
                let mut identity = Identity::new(Standing::Active);
                match &self.plain_policy {
                    Some(name) => {
                        identity.policies = Some(vec![self.policies.slot(name).await?]);
                    }
                    None => identity.policies = None,
                }
                Ok(identity)
            }
        }
    }

    async fn read_certificate(&self, id: &CertificateId) -> Result<Identity, StoreError> {
        // One that cannot be read opens no door.
        let found = find::<Certificate>(&*self.store, id.as_str()).await;
        let Some(found) = self.store.unreadable().skip(found)?.flatten() else {
            return Ok(Identity::new(Standing::Unknown));
        };
        let certificate = found.value;
        let standing = match certificate.status {
            CertificateStatus::Active => Standing::Active,
            _ => Standing::Inactive,
        };
        let mut identity = Identity::new(standing);
        let mut policies = Vec::with_capacity(certificate.policies.len());
        for name in &certificate.policies {
            policies.push(self.policies.slot(name).await?);
        }
        identity.policies = Some(policies);
        identity.things = certificate.things;
        Ok(identity)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn remember(&mut self, who: &Principal, identity: &Arc<Identity>) {
        // Whoever presents a certificate that is not registered costs no memory.
        if identity.standing == Standing::Unknown {
            return;
        }
        self.warm.push_back(Arc::clone(identity));
        if self.warm.len() > WARM_IDENTITIES {
            self.warm.pop_front();
        }
        if self.identities.len() >= self.sweep_at {
            self.identities.retain(|_, identity| identity.strong_count() > 0);
            self.sweep_at = self.identities.len().max(WARM_IDENTITIES).saturating_mul(2);
        }
        if let Some(old) = self.identities.insert(who.clone(), Arc::downgrade(identity))
            && let Some(old) = old.upgrade()
        {
            // Two looked it up at once. Only one of the two can be told of changes.
            old.mark_stale();
        }
    }
}
