//! Reading a request's body, bounded in bytes and in time.

use axum::body::Body;
use bytes::Bytes;
use fleetward_environment::Clock;
use fleetward_wire::ApiError;
use fleetward_wire::limits::MAX_BODY_BYTES;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;

use crate::limits::{BODY_TIMEOUT, DISCARDED_BODY_BYTES};

/// Reads the body.
///
/// # Errors
/// `InvalidRequestException` where it is larger than [`MAX_BODY_BYTES`], breaks off, or does not
/// arrive in time. What is too large is never kept: it is read on for a while and thrown away, so
/// that the client is ready to read the answer.
pub(super) async fn read(
    clock: &Clock,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Bytes, ApiError> {
    match clock.timeout(BODY_TIMEOUT, collect(headers, &mut body)).await {
        Ok(result) => result,
        Err(_) => Err(ApiError::invalid_request(format!(
            "The request body did not arrive within {} seconds.",
            BODY_TIMEOUT.as_secs()
        ))),
    }
}

async fn collect(headers: &HeaderMap, body: &mut Body) -> Result<Bytes, ApiError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced: usize = announced.and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut is_too_large = announced > MAX_BODY_BYTES;
    let mut kept = Vec::new();
    let mut received: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::invalid_request("The request body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        received = received.saturating_add(data.len());
        is_too_large |= received > MAX_BODY_BYTES;
        if is_too_large {
            kept = Vec::new();
            if received > DISCARDED_BODY_BYTES {
                break;
            }
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if is_too_large {
        return Err(ApiError::invalid_request(format!(
            "The request body has {} bytes or more; the limit is {MAX_BODY_BYTES} bytes.",
            received.max(announced)
        )));
    }
    Ok(kept.into())
}
