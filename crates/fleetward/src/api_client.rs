//! A client of the API: signed calls, as any SDK makes them. For the demo and the command line.

use std::net::SocketAddr;

use bytes::Bytes;
use fleetward_environment::Clock;
use fleetward_wire::sigv4::{Payload, Request, Secret, Signing, sign};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Answers are small.
const ANSWER_BYTES: usize = 1 << 20;

/// Who calls, and where.
#[derive(Clone)]
pub(crate) struct ApiClient {
    pub(crate) address: SocketAddr,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
}

impl ApiClient {
    /// Calls; `path` holds the query too.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> Result<Value, Failure> {
        self.call_with(method, path, body, None).await
    }

    /// Calls with one more header.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        path: &str,
        body: Value,
        header: Option<(&str, &str)>,
    ) -> Result<Value, Failure> {
        let tried = format!("{method} {path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = self.signed(method, path, body, header).map_err(Failure::of(&tried))?;
        let nobody = format!("no server answers at {} (--api names another address)", self.address);
        let socket = TcpStream::connect(self.address).await.map_err(Failure::of(&nobody))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .map_err(Failure::of(&tried))?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(Failure::of(&tried))?;
        let status = answer.status();
        let bytes = Limited::new(answer.into_body(), ANSWER_BYTES)
            .collect()
            .await
            .map_err(Failure::of(&tried))?
            .to_bytes();
        // A connection for each call: there are few, and none is kept to be drained.
        connection.abort();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes);
            return Err(Failure::new(format!("{tried}: {status} {text}")));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(Failure::of(&tried))
    }

    fn signed(
        &self,
        method: &str,
        path: &str,
        body: String,
        header: Option<(&str, &str)>,
    ) -> Result<hyper::Request<Full<Bytes>>, String> {
        let host = self.address.to_string();
        let (raw_path, raw_query) = path.split_once('?').unwrap_or((path, ""));
        // What is signed here must be sent just so: the server computes over what arrives.
        let mut headers = vec![("host", host.as_bytes())];
        headers.extend(header.map(|(name, value)| (name, value.as_bytes())));
        let request = Request { method, raw_path, raw_query, headers: headers.clone() };
        let signing = Signing {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region: &self.region,
            service: "iot",
            at_epoch_seconds: Clock::system().now_ms() / 1000,
        };
        let added = sign(&request, Payload::Bytes(body.as_bytes()), &signing)
            .map_err(|error| error.to_string())?;
        let mut builder = hyper::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        for (name, value) in added {
            builder = builder.header(name, value);
        }
        builder
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())
    }
}
