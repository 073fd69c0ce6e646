//! The registry as connections need it: certificate -> status, policies, things.
//!
//! An identity is read from the store once and shared by its connections. A change of the
//! certificate or of one of its policies marks it stale, and whoever holds it looks it up again.
//! What nobody holds is forgotten, but for the latest few thousand.

mod identity;

pub(crate) use identity::{Identity, Principal, Standing};

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fleetward_domain::{Certificate, CertificateId, CertificateStatus, Change, Policy, PolicyName};
use fleetward_policy::PolicyDocument;
use fleetward_store::{Documents, StoreError, find};

use crate::limits::{WARM_IDENTITIES, WARM_POLICIES};

/// The cache over the store.
pub(crate) struct Directory {
    store: Arc<dyn Documents>,
    /// What plain connections are checked against.
    plain_policy: Option<PolicyName>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Grows with each change: what was read before and arrives after is read again.
    changes: u64,
    identities: HashMap<Principal, Weak<Identity>>,
    /// The latest identities, kept though nobody else may hold them.
    warm: VecDeque<Arc<Identity>>,
    policies: HashMap<PolicyName, Arc<PolicyDocument>>,
    /// How many entries `identities` may have before those that nobody holds are removed.
    sweep_at: usize,
}

impl Directory {
    pub(crate) fn new(store: Arc<dyn Documents>, plain_policy: Option<PolicyName>) -> Self {
        let cache = Cache { sweep_at: WARM_IDENTITIES.saturating_mul(2), ..Cache::default() };
        Self { store, plain_policy, cache: Mutex::new(cache) }
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

    /// The store's document of that policy, parsed.
    pub(crate) async fn policy(
        &self,
        name: &PolicyName,
    ) -> Result<Option<Arc<PolicyDocument>>, StoreError> {
        let seen = {
            let cache = self.cache();
            if let Some(policy) = cache.policies.get(name) {
                return Ok(Some(Arc::clone(policy)));
            }
            cache.changes
        };
        let found = find::<Policy>(&*self.store, name.as_str()).await;
        let Some(policy) = self.store.unreadable().skip(found)?.flatten() else {
            return Ok(None);
        };
        match PolicyDocument::parse(&policy.value.document) {
            Ok(policy) => {
                let policy = Arc::new(policy);
                let mut cache = self.cache();
                if cache.policies.len() >= WARM_POLICIES {
                    cache.policies.clear();
                }
                // A change that came in between may have been about this policy: what was read is
                // right for who asked, and too old to be kept.
                if cache.changes == seen {
                    cache.policies.insert(name.clone(), Arc::clone(&policy));
                }
                Ok(Some(policy))
            }
            Err(problem) => {
                tracing::error!(policy = %name, %problem, "the policy cannot be read");
                Ok(None)
            }
        }
    }

    /// Marks what the change is about as stale.
    pub(crate) fn apply(&self, change: &Change) {
        let mut cache = self.cache();
        match change {
            Change::Certificate(id) => {
                cache.changes = cache.changes.wrapping_add(1);
                let gone = cache.identities.remove(&Principal::Certificate(id.clone()));
                if let Some(identity) = gone.and_then(|identity| identity.upgrade()) {
                    identity.mark_stale();
                }
            }
            Change::Policy(name) => {
                cache.changes = cache.changes.wrapping_add(1);
                cache.policies.remove(name);
                for identity in cache.identities.values().filter_map(Weak::upgrade) {
                    if identity.policy_names.contains(name) {
                        identity.mark_stale();
                    }
                }
            }
            _ => {}
        }
    }

    /// Marks all as stale: it is not known what changed.
    pub(crate) fn forget(&self) {
        let mut cache = self.cache();
        cache.changes = cache.changes.wrapping_add(1);
        cache.policies.clear();
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
                        identity.policies = Some(self.policy(name).await?.into_iter().collect());
                        identity.policy_names = vec![name.clone()];
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
            match self.policy(name).await? {
                Some(policy) => policies.push(policy),
                // It may have denied something: without it nothing is allowed.
                None => {
                    tracing::error!(certificate = %id, policy = %name, "a policy is missing");
                    policies.clear();
                    break;
                }
            }
        }
        identity.policies = Some(policies);
        identity.policy_names = certificate.policies;
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
