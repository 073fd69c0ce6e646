//! The API over HTTP: bytes in, one operation, bytes out.
//!
//! The order of the checks is AWS's: is there such an operation, how large is the body, who
//! signed it, and only then what it says, what its signer may do, and what is wrong with it.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use fleetward_environment::Clock;
use fleetward_wire::decode::decode;
use fleetward_wire::route::route;
use fleetward_wire::sigv4::{self, Expected, Payload, SigV4Error, Signature};
use fleetward_wire::{ApiError, Operation};
use http::request::Parts;
use serde_json::Value;

use crate::caller::Caller;
use crate::control::Control;
use crate::keys::Keys;

mod answer;
mod body;
mod serve;
#[cfg(test)]
mod tests;

pub use serve::serve;

/// What the API is made of.
pub struct Api {
    /// The operations.
    pub control: Arc<Control>,
    /// Who may call.
    pub keys: Keys,
    /// Whether signatures are asked for.
    pub auth: Auth,
    /// The time.
    pub clock: Clock,
}

/// Whether signatures are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Every request must be signed (Signature Version 4) with an access key.
    SigV4,
    /// Whoever reaches the listener may do everything. For loopback only.
    Off,
}

/// The API, for any path: AWS's operations share no prefix. Routes of others can be merged in
/// front of it.
pub fn router(api: Arc<Api>) -> Router {
    Router::new().fallback(handle).with_state(api)
}

/// The signing name of the control plane.
const SERVICES: [&str; 1] = ["iot"];

async fn handle(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let chance = api.control.chance();
    match api.answer(&parts, body).await {
        Ok((operation, output)) => answer::success(operation, &output, chance),
        Err(error) => answer::failure(&error, chance),
    }
}

impl Api {
    async fn answer(&self, parts: &Parts, body: Body) -> Result<(Operation, Value), ApiError> {
        let (raw_path, raw_query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let (operation, labels) = route(parts.method.as_str(), raw_path)?;
        let body = body::read(&self.clock, &parts.headers, body).await?;
        let caller = self.caller(parts, &body).await?;
        let input = decode(operation, &labels, raw_query, &parts.headers, &body)?;
        Ok((operation, self.control.call(&caller, operation, input).await?))
    }

    /// Who signed the request.
    ///
    /// # Errors
    /// Those of [`Signature`].
    async fn caller(&self, parts: &Parts, body: &[u8]) -> Result<Caller, ApiError> {
        if self.auth == Auth::Off {
            return Ok(Caller::operator(self.control.place()));
        }
        let hash = digest::digest(&digest::SHA256, body);
        let hash: [u8; 32] = hash.as_ref().try_into().map_err(|_| ApiError::internal())?;
        let (method, query) = (parts.method.as_str(), parts.uri.query().unwrap_or_default());
        let request = sigv4::Request::new(method, parts.uri.path(), query, &parts.headers);
        let expected = Expected {
            region: &self.control.place().region,
            services: &SERVICES,
            now_epoch_seconds: self.clock.now_ms().div_euclid(1000),
        };
        let signature = Signature::of(&request, Payload::Sha256(hash), &expected)?;
        let signer = self.keys.signer(signature.access_key_id()).await?;
        let signer = signer.ok_or(SigV4Error::UnknownKey)?;
        signature.verify(&signer.secret)?;
        Ok(signer.caller)
    }
}
