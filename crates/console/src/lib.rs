//! The console: one page that shows what is wrong in the fleet now, and changes as it does.
//!
//! A request goes through these files: `guard` (may this browser look at all?), `view` (what the
//! store says), `page` (as HTML), and for changes `live` (server-sent events with the new HTML).
//!
//! The pages are rendered here and need no script: a browser without it loads the page anew every
//! few seconds. The script is our own, in this crate, and nothing is loaded from elsewhere, so
//! that the console works where there is no Internet.
//!
//! The console only reads, and it has no login yet. So it is to be mounted where nobody but the
//! machine's own users can reach it, and it refuses names in `Host` that a foreign page could
//! have bent to this machine ([`is_host_trusted`]).

mod error;
mod guard;
pub mod limits;
mod live;
mod moment;
mod page;
#[cfg(test)]
mod scene;
mod view;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use fleetward_domain::Place;
use fleetward_environment::Clock;
use fleetward_store::Store;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::sync::{Semaphore, watch};

pub use error::ConsoleError;
pub use guard::is_host_trusted;

/// What the console shows, and to whom.
#[derive(Clone)]
pub struct ConsoleState {
    /// Where violations and events are read.
    pub store: Arc<dyn Store>,
    /// Whether the console answers at all: false where the API's address is not a loopback one.
    pub allowed: bool,
    /// The API's URL as a user of the AWS command line gives it, such as `http://127.0.0.1:8470`.
    pub endpoint_url: String,
    /// For the ARNs in hints.
    pub place: Place,
    /// The time.
    pub clock: Clock,
    /// Ends the event streams when it turns true or its sender is gone: they would hold up a
    /// server that drains its connections.
    pub closing: watch::Receiver<bool>,
}

#[derive(Clone)]
struct Shared {
    state: Arc<ConsoleState>,
    /// One permit for each browser that follows changes.
    followers: Arc<Semaphore>,
}

/// The console's routes, all under `/console`, to be merged into the API's router.
pub fn routes(state: ConsoleState) -> Router {
    let followers = Arc::new(Semaphore::new(limits::FOLLOWERS));
    let shared = Shared { state: Arc::new(state), followers };
    Router::new()
        .route("/console", get(show_page))
        .route("/console/events", get(follow))
        .route("/console/console.js", get(script))
        .route("/console/console.css", get(stylesheet))
        .route("/console/icon.svg", get(icon))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

async fn show_page(State(shared): State<Shared>) -> Result<Response, ConsoleError> {
    let view = view::read(&shared.state).await?;
    let html = page::render_page(&view, shared.state.clock.now_ms())?;
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    Ok((headers, html).into_response())
}

async fn follow(State(shared): State<Shared>) -> Result<Response, ConsoleError> {
    let permit = Arc::clone(&shared.followers).try_acquire_owned();
    let permit = permit.map_err(|_| ConsoleError::TooManyFollowers)?;
    Ok(live::follow(shared.state, permit).into_response())
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../assets/console.js"))
}

async fn stylesheet() -> Response {
    asset("text/css; charset=utf-8", include_str!("../assets/console.css"))
}

async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../assets/icon.svg"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    // Small and of this very version: asking again costs less than a stale one.
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}
