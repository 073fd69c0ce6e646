//! What can go wrong with the console.

use axum::response::{IntoResponse, Response};
use fleetward_store::StoreError;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The store failed.
    #[error("the store cannot be read: {0}")]
    Store(#[from] StoreError),
    /// A page could not be written.
    #[error("the page cannot be rendered: {0}")]
    Render(#[from] askama::Error),
    /// As many browsers follow changes as may.
    #[error("too many browsers follow changes; close one and load the page again")]
    TooManyFollowers,
    /// The console is not for this address.
    #[error(
        "The console has no login yet, so it answers only where the API listens on a loopback \
         address, such as 127.0.0.1."
    )]
    NotAllowed,
    /// The request's `Host` may be another site's name for this machine.
    #[error("The console answers to localhost and to addresses only, not to names.")]
    HostRefused,
    /// Another site's page asked.
    #[error("The console's events are for its own page only.")]
    CrossSite,
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Store(error) => {
                tracing::warn!(%error, "the console cannot read the store");
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Render(error) => {
                tracing::error!(%error, "the console cannot render its page");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::TooManyFollowers => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotAllowed | Self::HostRefused | Self::CrossSite => StatusCode::FORBIDDEN,
        };
        // What the store says of itself is for the log, not for browsers.
        let text = match &self {
            Self::Store(_) => "The store cannot be read now. Load the page again.\n".to_owned(),
            other => format!("{other}\n"),
        };
        let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (RETRY_AFTER, "5")];
        (status, headers, text).into_response()
    }
}
