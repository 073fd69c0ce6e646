//! One request and its response, over a connection that is there.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::error::AlertsError;
use crate::limits::{RESPONSE_BODY_BYTES, RESPONSE_EXCERPT_CHARS, RESPONSE_HEAD_BYTES};
use crate::payload::Message;
use crate::webhook::Webhook;

const MESSAGE_TYPE: HeaderName = HeaderName::from_static("x-amz-sns-message-type");
const TOPIC_ARN: HeaderName = HeaderName::from_static("x-amz-sns-topic-arn");
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-amz-sns-message-id");
const RAW_DELIVERY: HeaderName = HeaderName::from_static("x-amz-sns-rawdelivery");

/// Posts the message and waits for a status of success.
pub(super) async fn post<S>(
    stream: S,
    webhook: &Webhook,
    message: &Message,
) -> Result<(), AlertsError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(RESPONSE_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(AlertsError::Http)?;
    // The set ends the connection's task when this future ends, also when it is given up.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response =
        sender.send_request(request(webhook, message)?).await.map_err(AlertsError::Http)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let excerpt = excerpt(response.into_body()).await;
    Err(AlertsError::Status { status: status.as_u16(), excerpt })
}

fn request(webhook: &Webhook, message: &Message) -> Result<Request<Full<Bytes>>, AlertsError> {
    let arn = HeaderValue::from_str(&message.topic_arn);
    let arn = arn.map_err(|_| AlertsError::TargetArn(message.topic_arn.clone()))?;
    let id = HeaderValue::from_str(&message.id);
    let id = id.map_err(|_| AlertsError::TargetArn(message.id.clone()))?;
    let mut request = Request::new(Full::new(message.body.clone()));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from(webhook.path.clone());
    let headers = request.headers_mut();
    headers.insert(HOST, webhook.host_header.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static("Fleetward"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(MESSAGE_TYPE, HeaderValue::from_static("Notification"));
    headers.insert(TOPIC_ARN, arn);
    headers.insert(MESSAGE_ID, id);
    headers.insert(RAW_DELIVERY, HeaderValue::from_static("true"));
    Ok(request)
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
