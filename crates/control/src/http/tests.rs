use std::collections::BTreeMap;
use std::net::SocketAddr;

use fleetward_environment::Chance;
use fleetward_wire::sigv4::{Payload, Request, Secret, Signing, presign, sign};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

use crate::keys::{ADMINISTRATOR_POLICY, NewAccessKey};
use crate::limits::CONNECTIONS;
use crate::master_key::MasterKey;
use crate::testing::{Plane, START_MS};

mod bodies;
mod serving;
mod signatures;

/// The API on a loopback port.
struct Server {
    address: SocketAddr,
    keys: Keys,
    key: NewAccessKey,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<std::io::Result<()>>,
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Answer {
    /// `status code message`, with the code from the header.
    fn error(&self) -> String {
        let code = self.headers.get("x-amzn-errortype").map_or("-", String::as_str);
        format!("{} {code} {}", self.status, self.body["message"].as_str().unwrap_or("-"))
    }
}

impl Server {
    async fn start(auth: Auth) -> Self {
        Self::start_with(auth, CONNECTIONS).await
    }

    async fn start_with(auth: Auth, connections: usize) -> Self {
        let plane = Plane::new().await;
        let master_key = MasterKey::new([9; 32], Chance::system());
        let keys = Keys::new(
            plane.store.clone(),
            master_key,
            plane.place.clone(),
            plane.clock.clone(),
            Chance::system(),
        );
        let key = keys.create("test", ADMINISTRATOR_POLICY).await.unwrap();
        let api = Api {
            control: Arc::clone(&plane.control),
            keys: keys.clone(),
            auth,
            clock: plane.clock.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = oneshot::channel::<()>();
        let until = async move {
            let _ = stopping.await;
        };
        let (routes, clock) = (router(Arc::new(api)), plane.clock.clone());
        let stopped = tokio::spawn(serve(listener, routes, clock, connections, until));
        Self { address, keys, key, stop, stopped }
    }

    fn signing<'a>(&'a self, secret: &'a Secret) -> Signing<'a> {
        Signing {
            access_key_id: &self.key.key.id,
            secret,
            session_token: None,
            region: "us-east-1",
            service: "iot",
            at_epoch_seconds: START_MS / 1000,
        }
    }

    /// Sends a request signed with the administrator's key.
    async fn signed(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let secret = Secret::new(self.key.secret.as_str());
        let headers = self.headers(method, target, body, &self.signing(&secret));
        self.send(method, target, &headers, body).await
    }

    fn headers(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
        signing: &Signing<'_>,
    ) -> Vec<(&'static str, String)> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let host = self.address.to_string();
        let request = Request {
            method,
            raw_path: path,
            raw_query: query,
            headers: vec![("host", host.as_bytes())],
        };
        sign(&request, Payload::Bytes(body), signing).unwrap()
    }

    async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len()));
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    async fn exchange(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        parse(&answer)
    }
}

fn parse(answer: &[u8]) -> Answer {
    let text = std::str::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Answer {
        status,
        headers: lines.map(header).collect(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}
