//! The API: the operations, the console and `/healthz` on one address.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use fleetward_console::ConsoleState;
use fleetward_control::http::{self, Api};
use fleetward_control::{Control, ControlSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Shared;
use super::role::{Protocol, Role};
use crate::failure::Failure;
use crate::settings::Auth;

/// Starts to serve; requests are accepted when it returns.
///
/// # Errors
/// A sentence that names the address that is not to be had.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let wanted = shared.settings.api;
    let tried = format!("cannot listen on {wanted}");
    let listener = TcpListener::bind(wanted).await.map_err(Failure::of(&tried))?;
    let address = listener.local_addr().map_err(Failure::of("no API address"))?;
    let api = api(shared);
    let (store, disk) = (shared.store.clone(), shared.disk.clone());
    let (health, clock) = (shared.health.clone(), shared.clock.clone());
    let healthz = move || async move {
        health.answer(clock.instant(), &disk, store.unreadable().documents())
    };
    let role = Role::start("api", shared, |mut stop| {
        let console = console(shared, address, stop.clone());
        let routes = Router::new()
            .route("/healthz", get(healthz))
            .merge(fleetward_console::routes(console))
            .merge(http::router(Arc::new(api)));
        let (clock, connections) = (shared.clock.clone(), shared.api_connections);
        async move {
            let stopped = async move {
                let _ = stop.changed().await;
            };
            let served = http::serve(listener, routes, clock, connections, stopped).await;
            served.map_err(Failure::of("cannot serve"))
        }
    });
    Ok(role.listening(Protocol::Api, [address]))
}

fn api(shared: &Shared) -> Api {
    let settings = &shared.settings;
    let control = Control::new(
        ControlSettings {
            place: settings.place.clone(),
            period_seconds: u32::try_from(settings.period_ms / 1000).unwrap_or(300),
            endpoint_host: "127.0.0.1".to_owned(),
            paging_key: shared.secrets.master_key.derive("paging"),
            clock: shared.clock.clone(),
            chance: shared.chance.clone(),
        },
        shared.store.clone(),
        shared.secrets.authority.clone(),
    );
    let auth = match settings.auth {
        Auth::SigV4 => http::Auth::SigV4,
        Auth::Off => http::Auth::Off,
    };
    let (keys, clock) = (shared.secrets.keys.clone(), shared.clock.clone());
    Api { control: Arc::new(control), keys, auth, clock }
}

fn console(shared: &Shared, address: SocketAddr, closing: watch::Receiver<bool>) -> ConsoleState {
    ConsoleState {
        store: shared.store.clone(),
        allowed: address.ip().is_loopback(),
        endpoint_url: format!("http://{address}"),
        place: shared.settings.place.clone(),
        clock: shared.clock.clone(),
        closing,
    }
}
