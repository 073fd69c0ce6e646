//! `fleetward keys`: access keys of a server that is not running.

use std::sync::Arc;

use fleetward_control::keys::ADMINISTRATOR_POLICY;
use fleetward_control::{KeyStatus, Keys};
use fleetward_domain::Place;
use fleetward_environment::{Chance, Clock};
use fleetward_store::sqlite::SqliteStore;

use crate::command_line::{KeysAction, KeysArguments};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::secrets;

/// Makes, lists or disables keys.
///
/// # Errors
/// A sentence, also if the server is running: the folder has one owner at a time.
pub(crate) fn run(arguments: KeysArguments) -> Result<(), Failure> {
    crate::tracing_output::start("warn");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::of("cannot start"))?;
    runtime.block_on(act(arguments))
}

async fn act(arguments: KeysArguments) -> Result<(), Failure> {
    let data = DataDir::existing(&arguments.data)?;
    let store = SqliteStore::open(&data.store()).map_err(Failure::of("cannot open the store"))?;
    // Keys do not carry the place; it only shows in messages of the API.
    let place = Place { account: "123456789012".to_owned(), region: "us-east-1".to_owned() };
    let chance = Chance::system();
    let master_key = secrets::master_key(&data, &*store, &chance).await?;
    let shared: Arc<SqliteStore> = store.clone();
    let keys = Keys::new(shared, master_key, place, Clock::system(), chance);
    let outcome = match arguments.action {
        KeysAction::Create { policy_file } => {
            let policy = match policy_file {
                Some(path) => std::fs::read_to_string(&path)
                    .map_err(Failure::of(&format!("cannot read {}", path.display())))?,
                None => ADMINISTRATOR_POLICY.to_owned(),
            };
            create(&keys, &policy).await
        }
        KeysAction::List => list(&keys).await,
        KeysAction::Disable { access_key_id } => keys
            .set_status(&access_key_id, KeyStatus::Disabled)
            .await
            .map_err(Failure::of(&format!("cannot disable {access_key_id}"))),
    };
    store.close().await.map_err(Failure::of("the store does not close"))?;
    outcome
}

async fn create(keys: &Keys, policy: &str) -> Result<(), Failure> {
    let made = keys.create("", policy).await.map_err(Failure::of("cannot make a key"))?;
    println!("AWS_ACCESS_KEY_ID={}", made.key.id);
    println!("AWS_SECRET_ACCESS_KEY={}", made.secret);
    Ok(())
}

async fn list(keys: &Keys) -> Result<(), Failure> {
    for key in keys.list().await.map_err(Failure::of("cannot list the keys"))? {
        println!("{}  {:?}  {}", key.id, key.status, key.description);
    }
    Ok(())
}
