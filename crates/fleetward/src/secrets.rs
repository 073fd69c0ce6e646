//! What the data folder keeps secret: the master key, the certificate authority and the keys of
//! the API; made on the first start.

use std::sync::Arc;

use fleetward_control::{Authority, Keys, MasterKey};
use fleetward_domain::Place;
use fleetward_environment::{Chance, Clock};
use fleetward_store::{Documents, SealedAuthority, Store, find};

use crate::data_dir::DataDir;
use crate::failure::Failure;

/// The secrets of a data folder.
pub(crate) struct Secrets {
    /// Encrypts the others in the store.
    pub(crate) master_key: MasterKey,
    /// Issues certificates.
    pub(crate) authority: Arc<Authority>,
    /// Who may call the API.
    pub(crate) keys: Keys,
    /// Where the certificate is that devices trust.
    pub(crate) ca_file: String,
    /// Of the administrator's key.
    pub(crate) access_key_id: String,
    /// The administrator's secret, if this start made the key.
    pub(crate) new_secret: Option<String>,
}

impl Secrets {
    /// Reads them, and makes what is not there.
    ///
    /// # Errors
    /// A sentence that names what cannot be read or made.
    pub(crate) async fn open(
        data: &DataDir,
        store: Arc<dyn Store>,
        place: &Place,
        clock: &Clock,
        chance: &Chance,
    ) -> Result<Self, Failure> {
        let master_key = master_key(data, &*store, chance).await?;
        let authority = Authority::load_or_create(&*store, &master_key, chance, clock.now_ms())
            .await
            .map_err(Failure::of("no certificate authority"))?;
        let ca_file = data.write_ca(authority.ca_pem())?.display().to_string();
        let (clock, chance) = (clock.clone(), chance.clone());
        let keys = Keys::new(store, master_key.clone(), place.clone(), clock, chance);
        let made =
            keys.create_administrator().await.map_err(Failure::of("no administrator key"))?;
        let access_key_id = administrator_id(&keys).await?;
        let new_secret = made.map(|made| made.secret);
        let authority = Arc::new(authority);
        Ok(Self { master_key, authority, keys, ca_file, access_key_id, new_secret })
    }
}

/// The master key of the folder. Where the store holds secrets, none is made: it would open none
/// of them, and would stand where the lost one is to be put back.
///
/// # Errors
/// A sentence: the key cannot be read or made, or is lost.
pub(crate) async fn master_key(
    data: &DataDir,
    documents: &dyn Documents,
    chance: &Chance,
) -> Result<MasterKey, Failure> {
    if !data.master_key_file().exists() && are_in(documents).await? {
        return Err(Failure::new(format!(
            "the master key {} is lost, and the secrets in the store cannot be read without it; \
             put it back from a copy of the data folder",
            data.master_key_file().display()
        )));
    }
    Ok(MasterKey::new(data.master_key(chance)?, chance.clone()))
}

/// Looks whether the secrets of a folder can be read; makes nothing.
///
/// # Errors
/// A sentence: the master key is lost, or another one.
pub(crate) async fn check(data: &DataDir, documents: &dyn Documents) -> Result<(), Failure> {
    if are_in(documents).await? {
        let chance = Chance::system();
        let master_key = master_key(data, documents, &chance).await?;
        // It is there, so none is made, whatever the time.
        Authority::load_or_create(documents, &master_key, &chance, 0)
            .await
            .map_err(Failure::of("no certificate authority"))?;
    }
    Ok(())
}

/// Whether a store has a certificate authority, and with it the keys of the API.
///
/// # Errors
/// A sentence: the store cannot be read.
pub(crate) async fn are_in(documents: &dyn Documents) -> Result<bool, Failure> {
    let found = find::<SealedAuthority>(documents, SealedAuthority::KEY).await;
    Ok(found.map_err(Failure::of("cannot look for the certificate authority"))?.is_some())
}

/// The id of the administrator's key: the oldest that is there.
async fn administrator_id(keys: &Keys) -> Result<String, Failure> {
    let listed = keys.list().await.map_err(Failure::of("cannot list access keys"))?;
    listed
        .into_iter()
        .min_by_key(|key| key.created_ms)
        .map(|key| key.id)
        .ok_or_else(|| Failure::new("there is no access key; make one: fleetward keys create"))
}
