//! One request and its response, over a connection that is there.

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use super::bounded::Bounded;
use crate::endpoint::Endpoint;
use crate::error::AlertsError;
use crate::limits::{
    EXCHANGE_BYTES, RESPONSE_BODY_BYTES, RESPONSE_EXCERPT_CHARS, RESPONSE_HEAD_BYTES,
};

/// Sends the request and waits for a status of success.
pub(super) async fn run<S>(
    stream: S,
    endpoint: &Endpoint,
    mut request: Request<Full<Bytes>>,
) -> Result<(), AlertsError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The client passes over interim responses, however many: they would take its time to the end.
    let stream = Bounded { stream, left: EXCHANGE_BYTES };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(RESPONSE_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(AlertsError::Http)?;
    // The set ends the connection's task when this future ends, also when it is given up.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    address(&mut request, endpoint);
    let response = sender.send_request(request).await.map_err(AlertsError::Http)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let excerpt = excerpt(response.into_body()).await;
    Err(AlertsError::Status { status: status.as_u16(), excerpt })
}

/// What every request carries, whatever it says.
fn address(request: &mut Request<Full<Bytes>>, endpoint: &Endpoint) {
    *request.uri_mut() = http::Uri::from(endpoint.path.clone());
    let headers = request.headers_mut();
    headers.insert(HOST, endpoint.host_header.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static("Fleetward"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// The beginning of a failure's body, after a colon: receivers say there what they miss.
async fn excerpt(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < RESPONSE_BODY_BYTES {
        let Some(Ok(frame)) = body.frame().await else { break };
        if let Ok(data) = frame.into_data() {
            let room = RESPONSE_BODY_BYTES.saturating_sub(bytes.len());
            bytes.extend(data.iter().take(room));
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let text: String =
        text.trim().chars().filter(|c| !c.is_control()).take(RESPONSE_EXCERPT_CHARS).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
