//! `fleetward mutes`: mutes of a server that is running, through its API.

use fleetward_domain::EpochMs;
use fleetward_environment::Clock;
use fleetward_wire::Timestamp;
use fleetward_wire::sigv4::Secret;
use fleetward_wire::types::{CreateMuteRequest, CreateMuteResponse, ListMutesResponse};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api_client::ApiClient;
use crate::command_line::{MuteArguments, MutesAction, MutesArguments};
use crate::failure::Failure;

const PATH: &str = "/fleetward/v1/mutes";

/// Does what the command line says, and prints what the server answers.
///
/// # Errors
/// A sentence with the server's own words, or why it cannot be asked.
pub(crate) fn run(arguments: MutesArguments) -> Result<(), Failure> {
    let MutesArguments { api, region, access_key_id, secret_access_key, action } = arguments;
    if access_key_id.is_empty() || secret_access_key.is_empty() {
        return Err(Failure::new(
            "no API access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
             `fleetward keys create` makes one",
        ));
    }
    let secret = Secret::new(secret_access_key);
    let client = ApiClient { address: api, region, access_key_id, secret };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::of("cannot start"))?;
    runtime.block_on(ask(&client, action))
}

async fn ask(client: &ApiClient, action: MutesAction) -> Result<(), Failure> {
    match action {
        MutesAction::List => list(client).await,
        MutesAction::Create(arguments) => {
            let wanted = serde_json::to_value(wanted(arguments)).map_err(Failure::of("a mute"))?;
            let made: CreateMuteResponse = read(client.call("POST", PATH, wanted).await?)?;
            println!("{}", made.mute_id.unwrap_or_default());
            Ok(())
        }
        MutesAction::Delete { mute_id } => {
            client.call("DELETE", &format!("{PATH}/{mute_id}"), Value::Null).await.map(drop)
        }
    }
}

async fn list(client: &ApiClient) -> Result<(), Failure> {
    let mut path = PATH.to_owned();
    loop {
        let page: ListMutesResponse = read(client.call("GET", &path, Value::Null).await?)?;
        for mute in page.mutes.unwrap_or_default() {
            println!("{}", serde_json::to_string(&mute).map_err(Failure::of("a mute"))?);
        }
        // Tokens hold nothing that a query would have to escape.
        let Some(token) = page.next_token else { return Ok(()) };
        path = format!("{PATH}?nextToken={token}");
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    serde_json::from_value(answer).map_err(Failure::of("the server's answer"))
}

fn wanted(arguments: MuteArguments) -> CreateMuteRequest {
    let MuteArguments { thing, group, profile, behavior, lasting, reason } = arguments;
    let lasting_ms = EpochMs::try_from(lasting.as_millis()).unwrap_or(EpochMs::MAX);
    let until_ms = Clock::system().now_ms().saturating_add(lasting_ms);
    CreateMuteRequest {
        thing_name: thing,
        thing_group_name: group,
        security_profile_name: profile,
        behavior_name: behavior,
        until: Timestamp::from_epoch_ms(until_ms),
        reason,
    }
}
