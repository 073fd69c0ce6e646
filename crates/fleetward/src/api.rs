//! The API's listener: the operations, the console and `/healthz` on one address.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use fleetward_console::ConsoleState;
use fleetward_control::http::{self, Api};
use fleetward_control::{Control, Keys};
use fleetward_domain::Place;
use fleetward_environment::Clock;
use fleetward_store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::settings::Auth;

/// What is served, and until when.
pub(crate) struct Served {
    pub(crate) listener: TcpListener,
    pub(crate) control: Control,
    pub(crate) keys: Keys,
    pub(crate) auth: Auth,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) place: Place,
    pub(crate) stopped: watch::Receiver<bool>,
}

/// Serves until told to stop.
pub(crate) async fn serve(served: Served) {
    let address = served.listener.local_addr();
    let console = ConsoleState {
        store: served.store,
        allowed: address.as_ref().is_ok_and(|address| address.ip().is_loopback()),
        endpoint_url: address.map(|address| format!("http://{address}")).unwrap_or_default(),
        place: served.place,
        closing: served.stopped.clone(),
    };
    let auth = match served.auth {
        Auth::SigV4 => http::Auth::SigV4,
        Auth::Off => http::Auth::Off,
    };
    let api =
        Api { control: Arc::new(served.control), keys: served.keys, auth, clock: Clock::system() };
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .merge(fleetward_console::routes(console))
        .merge(http::router(Arc::new(api)));
    let mut stopped = served.stopped;
    let stop = async move {
        let _ = stopped.changed().await;
    };
    if let Err(error) = http::serve(served.listener, routes, stop).await {
        tracing::error!("the API ended: {error}");
    }
}
