//! Access keys of the API: who may call, and what each may do.
//!
//! A key has an IAM-style policy. Its secret is kept encrypted with the master key and told once,
//! when the key is made. Nothing is cached: a key that is disabled is refused at once, also when
//! another process disabled it.

use std::sync::Arc;

use fleetward_domain::{EpochMs, Place};
use fleetward_environment::{Chance, Clock};
use fleetward_policy::PolicyDocument;
pub use fleetward_store::KeyStatus;
use fleetward_store::{AdministratorKey, Documents, Kind, SealedAccessKey, Tx, find, readable};
use fleetward_wire::sigv4::Secret;

use crate::caller::Caller;
use crate::error::ControlError;
use crate::limits::ACCESS_KEYS;
use crate::master_key::MasterKey;
use crate::prepared::Prepared;
use crate::turns::Turns;

#[cfg(test)]
mod tests;

/// The policy that allows everything: AWS's actions and our own.
pub const ADMINISTRATOR_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","#,
    r#""Statement":[{"Effect":"Allow","Action":["iot:*","fleetward:*"],"Resource":"*"}]}"#
);

/// The access keys in the store.
#[derive(Clone)]
pub struct Keys {
    store: Arc<dyn Documents>,
    master_key: MasterKey,
    place: Place,
    clock: Clock,
    chance: Chance,
    turns: Arc<Turns>,
}

/// An access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// 20 characters, beginning with `AKIA`.
    pub id: String,
    /// What it is for, in the operator's words.
    pub description: String,
    /// Its policy, as JSON.
    pub policy: String,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created_ms: EpochMs,
}

/// A key that was just made: the only time that its secret is told.
#[derive(Clone)]
pub struct NewAccessKey {
    /// The key.
    pub key: AccessKey,
    /// 40 characters.
    pub secret: String,
}

/// A key that may sign: its secret to verify with, and who calls if the signature is good.
pub(crate) struct Signer {
    pub(crate) secret: Secret,
    pub(crate) caller: Caller,
}

impl Keys {
    /// The keys of this store. Ids and secrets are drawn from `chance`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Documents>,
        master_key: MasterKey,
        place: Place,
        clock: Clock,
        chance: Chance,
    ) -> Self {
        Self { store, master_key, place, clock, chance, turns: Arc::default() }
    }

    /// Makes a key with this policy.
    ///
    /// # Errors
    /// [`ControlError::Policy`] where the policy is not one; [`ControlError::TooManyKeys`];
    /// errors of the store.
    pub async fn create(
        &self,
        description: &str,
        policy: &str,
    ) -> Result<NewAccessKey, ControlError> {
        PolicyDocument::parse_api_key_policy(policy)?;
        if self.list().await?.len() >= ACCESS_KEYS {
            return Err(ControlError::TooManyKeys(ACCESS_KEYS));
        }
        let prepare = async || {
            let new = self.draw(description, policy)?;
            let mut tx = Tx::default();
            self.write(&new, &mut tx)?;
            Ok(Prepared::write(tx, new))
        };
        self.turns.commit(&*self.store, prepare).await
    }

    /// Makes the administrator's key if there never was one: on the first start. Of processes
    /// that start at once, one makes it.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn create_administrator(&self) -> Result<Option<NewAccessKey>, ControlError> {
        let prepare = async || {
            let made = find::<AdministratorKey>(&*self.store, AdministratorKey::KEY).await?;
            if made.is_some() {
                return Ok(Prepared::read(None));
            }
            let new = self.draw("administrator, made on the first start", ADMINISTRATOR_POLICY)?;
            let mut tx = Tx::default();
            tx.create(&AdministratorKey(new.key.id.clone()), self.store.format_level())?;
            self.write(&new, &mut tx)?;
            Ok(Prepared::write(tx, Some(new)))
        };
        self.turns.commit(&*self.store, prepare).await
    }

    /// All keys, by id.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn list(&self) -> Result<Vec<AccessKey>, ControlError> {
        let documents = self.store.list(Kind::AccessKey, "", None, ACCESS_KEYS).await?;
        let keys = documents.iter().filter_map(|document| readable(&*self.store, document));
        Ok(keys.map(|key| without_secret(key.value)).collect())
    }

    /// Allows or forbids the use of a key, from the next request on.
    ///
    /// # Errors
    /// [`ControlError::NoSuchKey`]; errors of the store.
    pub async fn set_status(&self, id: &str, status: KeyStatus) -> Result<(), ControlError> {
        let prepare = async || {
            let found = find::<SealedAccessKey>(&*self.store, id).await?;
            let found = found.ok_or_else(|| ControlError::NoSuchKey(id.to_owned()))?;
            let changed = SealedAccessKey { status, ..found.value };
            let mut tx = Tx::default();
            tx.replace(&changed, found.version, self.store.format_level())?;
            Ok(Prepared::write(tx, ()))
        };
        self.turns.commit(&*self.store, prepare).await
    }

    /// The key of this id, if it may be used now.
    pub(crate) async fn signer(&self, id: &str) -> Result<Option<Signer>, ControlError> {
        let found = find::<SealedAccessKey>(&*self.store, id).await?;
        let Some(stored) = found.map(|found| found.value) else { return Ok(None) };
        if stored.status != KeyStatus::Active {
            return Ok(None);
        }
        let corrupt = |problem: String| ControlError::Corrupt { what: name(id), problem };
        let secret = self.master_key.decrypt(&name(id), &stored.sealed_secret)?;
        let secret = String::from_utf8(secret).map_err(|error| corrupt(error.to_string()))?;
        let policy = PolicyDocument::parse_api_key_policy(&stored.policy)?;
        let caller = Caller::with_key(&self.place, id, policy);
        Ok(Some(Signer { secret: Secret::new(secret), caller }))
    }

    fn draw(&self, description: &str, policy: &str) -> Result<NewAccessKey, ControlError> {
        let key = AccessKey {
            id: format!("AKIA{}", self.chance.text(ID_ALPHABET, 16)?),
            description: description.to_owned(),
            policy: policy.to_owned(),
            status: KeyStatus::Active,
            created_ms: self.clock.now_ms(),
        };
        Ok(NewAccessKey { key, secret: self.chance.text(SECRET_ALPHABET, 40)? })
    }

    /// Adds a new key to what is committed.
    fn write(&self, new: &NewAccessKey, tx: &mut Tx) -> Result<(), ControlError> {
        let key = new.key.clone();
        let sealed_secret = self.master_key.encrypt(&name(&key.id), new.secret.as_bytes())?;
        let sealed = SealedAccessKey {
            id: key.id,
            description: key.description,
            policy: key.policy,
            status: key.status,
            created_ms: key.created_ms,
            sealed_secret,
        };
        tx.create(&sealed, self.store.format_level())?;
        Ok(())
    }
}

/// As AWS's: capitals and the digits 2 to 7.
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn without_secret(key: SealedAccessKey) -> AccessKey {
    let SealedAccessKey { id, description, policy, status, created_ms, .. } = key;
    AccessKey { id, description, policy, status, created_ms }
}

fn name(id: &str) -> String {
    format!("access key {id}")
}
