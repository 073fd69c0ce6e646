//! A webhook: it gets what an HTTP subscription of an SNS topic with *raw message delivery* would
//! get, a POST whose body is the message itself.
//!
//! Source: the SNS guide on raw message delivery to HTTP endpoints.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use crate::dialler::Dialler;
use crate::endpoint::Endpoint;
use crate::error::AlertsError;
use crate::payload::Message;

const MESSAGE_TYPE: HeaderName = HeaderName::from_static("x-amz-sns-message-type");
const TOPIC_ARN: HeaderName = HeaderName::from_static("x-amz-sns-topic-arn");
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-amz-sns-message-id");
const RAW_DELIVERY: HeaderName = HeaderName::from_static("x-amz-sns-rawdelivery");

/// A webhook. Its URL may hold a secret, so it is never shown whole.
#[derive(Clone, Debug)]
pub struct Webhook(Endpoint);

impl Webhook {
    /// Reads `https://host[:port]/path?query`, or the same with `http://`.
    ///
    /// # Errors
    /// [`AlertsError::Webhook`] says what is wrong with it.
    pub fn parse(url: &str) -> Result<Self, AlertsError> {
        Endpoint::parse(url).map(Self)
    }

    /// Posts the message.
    ///
    /// # Errors
    /// Why it was not delivered.
    pub async fn deliver(&self, dialler: &Dialler, message: &Message) -> Result<(), AlertsError> {
        dialler.send(&self.0, request(message)?).await
    }
}

fn request(message: &Message) -> Result<Request<Full<Bytes>>, AlertsError> {
    let arn = HeaderValue::from_str(&message.topic_arn);
    let arn = arn.map_err(|_| AlertsError::TargetArn(message.topic_arn.clone()))?;
    let id = HeaderValue::from_str(&message.id);
    let id = id.map_err(|_| AlertsError::TargetArn(message.id.clone()))?;
    let mut request = Request::new(Full::new(message.body.clone()));
    *request.method_mut() = http::Method::POST;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(MESSAGE_TYPE, HeaderValue::from_static("Notification"));
    headers.insert(TOPIC_ARN, arn);
    headers.insert(MESSAGE_ID, id);
    headers.insert(RAW_DELIVERY, HeaderValue::from_static("true"));
    Ok(request)
}
