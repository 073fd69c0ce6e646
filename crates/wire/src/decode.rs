//! Puts the parts of a request together into one JSON object, typed by the model.
//!
//! Labels, query parameters, headers and the body's members all become members of one object
//! under AWS's names; what the model does not know is left out, and so is `null`. Whatever has a
//! wrong type or is not JSON is answered with `InvalidRequestException`: AWS's own endpoint also
//! uses `SerializationException`, but only the former is in the model, so only it becomes a typed
//! error in the SDKs. A body over [`MAX_BODY_BYTES`] is answered likewise, for the same reason.

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::generated::operations::Operation;
use crate::limits::MAX_BODY_BYTES;
use crate::route::{Labels, decode_escapes};
use crate::shape::{Kind, Location, Member, Shape};

mod coerce;
#[cfg(test)]
mod tests;

use coerce::{coerce, from_text};

/// Decodes a request of a served operation. `raw_query` is what follows the `?`, still encoded.
///
/// The object still has to be [checked](crate::check::check). Its depth is bounded by the model:
/// members that the model does not know are not kept.
///
/// # Errors
/// `NotImplementedException` where the operation is not served; `InvalidRequestException`, with
/// the member's path, where a value has a wrong type; the same where the body is too large or is
/// not JSON (`serde_json` refuses more than 128 levels).
pub fn decode(
    operation: Operation,
    labels: &Labels,
    raw_query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, ApiError> {
    let not_served = || ApiError::not_implemented(operation);
    let Kind::Structure(members) = operation.input_shape().ok_or_else(not_served)?.kind() else {
        return Err(not_served());
    };
    // Where no member is in the body, whatever a client sends there is not even read as JSON.
    let mut body = if members.iter().any(is_in_body) { parse(body)? } else { Value::Null };
    require_object(members, &body)?;
    let query = Query::parse(raw_query)?;
    let mut object = Map::new();
    for member in *members {
        let text = |text: Option<&str>| match text {
            Some(text) => from_text(text, member.shape, member.name).map(Some),
            None => Ok(None),
        };
        let value = match member.location {
            Location::Body => match body.get_mut(member.name).map(Value::take) {
                Some(value) => coerce(value, member.shape, member.name)?,
                None => None,
            },
            Location::Payload => coerce(body.take(), member.shape, member.name)?,
            Location::Label(name) => text(labels.get(name))?,
            Location::Query(name) => text(query.get(name))?,
            Location::Header(name) => text(header(headers, name)?)?,
        };
        object.extend(value.map(|value| (member.name.to_owned(), value)));
    }
    Ok(Value::Object(object))
}

fn is_in_body(member: &Member) -> bool {
    matches!(member.location, Location::Body | Location::Payload)
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    if body.len() > MAX_BODY_BYTES {
        let message = format!(
            "The request body has {} bytes; the limit is {MAX_BODY_BYTES} bytes.",
            body.len()
        );
        return Err(ApiError::invalid_request(message));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid_request(format!("The request body is not valid JSON: {error}."))
    })
}

fn require_object(members: &[Member], body: &Value) -> Result<(), ApiError> {
    let takes_members = members.iter().any(|member| member.location == Location::Body);
    match body {
        Value::Null | Value::Object(_) => Ok(()),
        _ if !takes_members => Ok(()),
        _ => Err(ApiError::invalid_request("The request body is not a JSON object.")),
    }
}

/// The decoded parameters of a query. A `+` stands for itself: a signature covers it as such.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(raw_query: &str) -> Result<Self, ApiError> {
        let pairs = raw_query.split('&').filter(|pair| !pair.is_empty());
        let decode_pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode_escapes(name), decode_escapes(value)) {
                (Ok(name), Ok(value)) => Ok((name, value)),
                _ => Err(ApiError::invalid_request(
                    "The query holds an escape that is not valid UTF-8 in percent encoding.",
                )),
            }
        };
        pairs.map(decode_pair).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let text = |value: &'a http::HeaderValue| std::str::from_utf8(value.as_bytes());
    headers.get(name).map(text).transpose().map_err(|_| {
        ApiError::invalid_request(format!("The value of the header {name} is not UTF-8."))
    })
}

/// The name of a shape's type in a message.
fn expected(shape: &Shape) -> &'static str {
    match shape.kind() {
        Kind::Structure(_) | Kind::Map { .. } => "an object",
        Kind::List { .. } => "a list",
        Kind::Text { .. } => "a string",
        Kind::Blob { .. } => "a string of base64",
        Kind::Integer { .. } => "a 32 bit integer",
        Kind::Long { .. } => "a 64 bit integer",
        Kind::Double { .. } => "a number",
        Kind::Boolean => "true or false",
        Kind::Timestamp => "a timestamp",
    }
}
