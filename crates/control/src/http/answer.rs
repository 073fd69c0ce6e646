//! Answers: the status of the model, the headers that every AWS client reads.

use axum::body::Body;
use axum::response::Response;
use fleetward_environment::Chance;
use fleetward_wire::error::{ERROR_TYPE_HEADER, REQUEST_ID_HEADER};
use fleetward_wire::{ApiError, Operation};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

/// The answer of an operation.
pub(super) fn success(operation: Operation, output: &Value, chance: &Chance) -> Response {
    let status = StatusCode::from_u16(operation.success_status()).unwrap_or(StatusCode::OK);
    response(status, output.to_string().into_bytes(), chance)
}

/// The answer of a refusal.
pub(super) fn failure(error: &ApiError, chance: &Chance) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = response(status, error.to_body(), chance);
    let code = HeaderValue::from_static(error.code.as_str());
    response.headers_mut().insert(ERROR_TYPE_HEADER, code);
    response
}

fn response(status: StatusCode, body: Vec<u8>, chance: &Chance) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A request without an id is still answered: the id is for the operator's logs only.
    if let Some(id) = chance.uuid().ok().and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(REQUEST_ID_HEADER, id);
    }
    response
}
