//! How the broker is reached: behind this seam TCP, TLS, WebSocket and a broker in this process
//! look alike. A new kind is a file with its `impl Transport` (`docs/adding-an-upstream.md`).

use std::fmt;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Reaches the broker behind the front door.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// A new connection, on which nothing was said yet. It is called once for each session; the
    /// caller gives up after a few seconds and drops the future.
    ///
    /// # Errors
    /// Why the broker cannot be reached.
    async fn dial(&self) -> io::Result<Pipe>;
}

/// A connection to the broker, MQTT bytes in both directions.
///
/// It is two halves, not one stream, because the pumps use them at the same time, and what has
/// halves of its own (TCP, a pair of channels) then needs no lock between them. `writer` may
/// gather bytes until it is flushed; its shutdown tells the broker that no more will come, and
/// `reader` then ends when the broker has closed too.
pub struct Pipe {
    /// What the broker sends.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What the broker is sent.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
}

impl Pipe {
    /// The pipe of these halves.
    pub fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self { reader: Box::new(reader), writer: Box::new(writer) }
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}

/// Plain TCP: a broker on this machine or in a network that is trusted.
#[derive(Debug)]
pub(crate) struct Tcp(pub(crate) SocketAddr);

#[async_trait]
impl Transport for Tcp {
    async fn dial(&self) -> io::Result<Pipe> {
        let stream = TcpStream::connect(self.0).await?;
        // Frames go out as they come; waiting for more to send would only delay them.
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Pipe::new(reader, writer))
    }
}
