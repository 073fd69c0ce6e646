//! Access keys of the API: who may call, and what each may do.
//!
//! A key has an IAM-style policy. Its secret is kept encrypted with the master key and told once,
//! when the key is made. Nothing is cached: a key that is disabled is refused at once, also when
//! another process disabled it.

use std::sync::Arc;

use fleetward_domain::{EpochMs, Place};
use fleetward_environment::{Chance, Clock};
use fleetward_policy::PolicyDocument;
use fleetward_store::{Document, Kind, Precondition, Store, StoreError, Tx};
use fleetward_wire::sigv4::Secret;
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::error::ControlError;
use crate::limits::{ACCESS_KEYS, COMMIT_TRIES};
use crate::master_key::MasterKey;

#[cfg(test)]
mod tests;

/// The policy that allows everything.
pub const ADMINISTRATOR_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","#,
    r#""Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#
);

/// The access keys in the store.
#[derive(Clone)]
pub struct Keys {
    store: Arc<dyn Store>,
    master_key: MasterKey,
    place: Place,
    clock: Clock,
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

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It may not.
    Disabled,
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
    /// The keys of this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, master_key: MasterKey, place: Place, clock: Clock) -> Self {
        Self { store, master_key, place, clock }
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
        let new = self.draw(description, policy)?;
        let absent = Precondition::Absent(Kind::AccessKey, new.key.id.clone());
        self.put(&new, vec![absent], Vec::new()).await?;
        Ok(new)
    }

    /// Makes the administrator's key if there never was one: on the first start. Of processes
    /// that start at once, one makes it.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn create_administrator(&self) -> Result<Option<NewAccessKey>, ControlError> {
        if self.store.get(Kind::Setting, ADMINISTRATOR).await?.is_some() {
            return Ok(None);
        }
        let new = self.draw("administrator, made on the first start", ADMINISTRATOR_POLICY)?;
        let first = Precondition::Absent(Kind::Setting, ADMINISTRATOR.to_owned());
        let made = (Kind::Setting, ADMINISTRATOR.to_owned(), new.key.id.clone().into_bytes());
        match self.put(&new, vec![first], vec![made]).await {
            Ok(()) => Ok(Some(new)),
            Err(ControlError::Store(StoreError::Precondition { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All keys, by id.
    ///
    /// # Errors
    /// Errors of the store; [`ControlError::Corrupt`].
    pub async fn list(&self) -> Result<Vec<AccessKey>, ControlError> {
        let documents = self.store.list(Kind::AccessKey, "", None, ACCESS_KEYS).await?;
        documents.iter().map(|document| Ok(read(document)?.into_key(&document.key))).collect()
    }

    /// Allows or forbids the use of a key, from the next request on.
    ///
    /// # Errors
    /// [`ControlError::NoSuchKey`]; errors of the store.
    pub async fn set_status(&self, id: &str, status: KeyStatus) -> Result<(), ControlError> {
        let mut tries = 0;
        loop {
            let document = self.store.get(Kind::AccessKey, id).await?;
            let document = document.ok_or_else(|| ControlError::NoSuchKey(id.to_owned()))?;
            let stored = Stored { status, ..read(&document)? };
            let version = Precondition::VersionIs(Kind::AccessKey, id.into(), document.version);
            let tx = Tx {
                preconditions: vec![version],
                puts: vec![(Kind::AccessKey, id.to_owned(), stored.to_json(id)?)],
                ..Tx::default()
            };
            match self.store.commit(tx).await {
                Err(StoreError::Precondition { .. }) if tries < COMMIT_TRIES => tries += 1,
                result => return result.map(|_| ()).map_err(Into::into),
            }
        }
    }

    /// The key of this id, if it may be used now.
    pub(crate) async fn signer(&self, id: &str) -> Result<Option<Signer>, ControlError> {
        let Some(document) = self.store.get(Kind::AccessKey, id).await? else { return Ok(None) };
        let stored = read(&document)?;
        if stored.status != KeyStatus::Active {
            return Ok(None);
        }
        let corrupt = |problem: String| ControlError::Corrupt { what: name(id), problem };
        let sealed = hex::decode(&stored.sealed_secret);
        let sealed = sealed.map_err(|error| corrupt(error.to_string()))?;
        let secret = self.master_key.decrypt(&name(id), &sealed)?;
        let secret = String::from_utf8(secret).map_err(|error| corrupt(error.to_string()))?;
        let policy = PolicyDocument::parse_api_key_policy(&stored.policy)?;
        let caller = Caller::with_key(&self.place, id, policy);
        Ok(Some(Signer { secret: Secret::new(secret), caller }))
    }

    fn draw(&self, description: &str, policy: &str) -> Result<NewAccessKey, ControlError> {
        let key = AccessKey {
            id: format!("AKIA{}", Chance::system().text(ID_ALPHABET, 16)?),
            description: description.to_owned(),
            policy: policy.to_owned(),
            status: KeyStatus::Active,
            created_ms: self.clock.now_ms(),
        };
        Ok(NewAccessKey { key, secret: Chance::system().text(SECRET_ALPHABET, 40)? })
    }

    async fn put(
        &self,
        new: &NewAccessKey,
        preconditions: Vec<Precondition>,
        mut puts: Vec<(Kind, String, Vec<u8>)>,
    ) -> Result<(), ControlError> {
        let id = &new.key.id;
        let sealed = self.master_key.encrypt(&name(id), new.secret.as_bytes())?;
        let stored = Stored {
            description: new.key.description.clone(),
            policy: new.key.policy.clone(),
            status: new.key.status,
            created_ms: new.key.created_ms,
            sealed_secret: hex::encode(sealed),
        };
        puts.push((Kind::AccessKey, id.clone(), stored.to_json(id)?));
        self.store.commit(Tx { preconditions, puts, ..Tx::default() }).await?;
        Ok(())
    }
}

/// Remembers that the administrator's key was made: it is not made again when it is gone.
const ADMINISTRATOR: &str = "administrator-key";

/// As AWS's: capitals and the digits 2 to 7.
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The document of a key.
#[derive(Serialize, Deserialize)]
struct Stored {
    description: String,
    policy: String,
    status: KeyStatus,
    created_ms: EpochMs,
    /// Encrypted with the master key, in hexadecimal.
    sealed_secret: String,
}

impl Stored {
    fn to_json(&self, id: &str) -> Result<Vec<u8>, ControlError> {
        serde_json::to_vec(self)
            .map_err(|error| ControlError::Corrupt { what: name(id), problem: error.to_string() })
    }

    fn into_key(self, id: &str) -> AccessKey {
        AccessKey {
            id: id.to_owned(),
            description: self.description,
            policy: self.policy,
            status: self.status,
            created_ms: self.created_ms,
        }
    }
}

fn read(document: &Document) -> Result<Stored, ControlError> {
    serde_json::from_slice(&document.value).map_err(|error| ControlError::Corrupt {
        what: name(&document.key),
        problem: error.to_string(),
    })
}

fn name(id: &str) -> String {
    format!("access key {id}")
}
