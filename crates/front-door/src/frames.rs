//! Bytes that come from a socket, as whole frames.

use bytes::{Buf, BytesMut};
use fleetward_environment::Clock;
use fleetward_mqtt::{Frame, MqttError, Scan, scan};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::limits::{IDLE_BUFFER_BYTES, LINGER, PACKET_MAX_BYTES, READ_BYTES};

/// What was read and not yet passed on.
pub(crate) struct Frames {
    bytes: BytesMut,
    /// The last read took all the room there was: more is waiting.
    is_busy: bool,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self { bytes: BytesMut::new(), is_busy: false }
    }

    /// Reads once; 0 at the end of the stream. Nothing is lost if it is dropped.
    pub(crate) async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> usize {
        // Room grows with what really came, never with what a header announces.
        if self.bytes.capacity() - self.bytes.len() < IDLE_BUFFER_BYTES / 2 {
            self.bytes.reserve(if self.is_busy { READ_BYTES } else { IDLE_BUFFER_BYTES });
        }
        // However a connection breaks, it has ended.
        let count = from.read_buf(&mut self.bytes).await.unwrap_or(0);
        self.is_busy = self.bytes.capacity() == self.bytes.len();
        count
    }

    /// The whole frame at `at` bytes behind the begin, if it is there.
    pub(crate) fn frame_at(&self, at: usize) -> Result<Option<(Frame, &[u8])>, MqttError> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match scan(rest, PACKET_MAX_BYTES)? {
            Scan::Incomplete { .. } => Ok(None),
            Scan::Frame(frame) => {
                Ok(Some((frame, rest.get(..frame.total_bytes).unwrap_or_default())))
            }
        }
    }

    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Forgets the first bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.bytes.advance(count.min(self.bytes.len()));
        // A quiet connection does not keep the room of a busy moment.
        if self.bytes.is_empty() && self.bytes.capacity() > 4 * READ_BYTES {
            self.bytes = BytesMut::new();
        }
    }
}

/// Closes so that the last words are heard: says the end, and lets the peer finish speaking. A
/// socket that is dropped with bytes unread takes back what it sent.
pub(crate) async fn close(clock: &Clock, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let ending = async {
        if stream.shutdown().await.is_ok() {
            discard(stream).await;
        }
    };
    let _ = clock.timeout(LINGER, ending).await;
}

/// Reads until the peer is done.
pub(crate) async fn discard(from: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0u8; 1024];
    while from.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}
