//! Raw HTTP, for requests that no client would make.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::PATIENCE;

/// An answer.
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The rest.
    pub body: String,
}

impl Answer {
    /// The code in `x-amzn-ErrorType`.
    pub fn error_type(&self) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("x-amzn-errortype").then_some(value.trim())
        })
    }
}

/// Sends the bytes as they are, and reads the answer until the server closes; status 0 if there
/// is no answer, or no server.
pub fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return Answer { status: 0, head: String::new(), body: String::new() };
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses early may close while we still send: its answer counts.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// A whole request with these headers and body, closing the connection.
pub fn request(method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend_from_slice(body);
    bytes
}
