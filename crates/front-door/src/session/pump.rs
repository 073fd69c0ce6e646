//! The two directions of a connection, until it ends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fleetward_environment::Clock;
use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::Disconnect;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use super::End;
use super::downlink::Downlink;
use super::link::{Direction, Step};
use super::uplink::Uplink;
use crate::frames::{Frames, discard};
use crate::limits::{LINGER, SESSION_END};

/// Keep-alive zero: no silence is too long (MQTT 5, 3.1.2.10).
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// One direction: whose frames, to whom, and what becomes of them between.
pub(super) struct Pump<D, R, W> {
    pub(super) direction: D,
    pub(super) from: R,
    pub(super) to: W,
    /// What was read and not yet passed on.
    pub(super) frames: Frames,
    /// What the front door itself has to say to `to`.
    pub(super) own: mpsc::Receiver<Vec<u8>>,
}

/// What ends a connection beside its two sides.
pub(super) struct Limits {
    /// Longest silence of the client.
    pub(super) keep_alive: Option<Duration>,
    /// True: the front door stops.
    pub(super) stop: watch::Receiver<bool>,
    /// Measures the silence.
    pub(super) clock: Clock,
}

/// Pumps until one side ends, then lets go of both in order.
pub(super) async fn run<CR, CW, BR, BW>(
    version: ProtocolVersion,
    limits: Limits,
    mut upward: Pump<Uplink, CR, BW>,
    mut downward: Pump<Downlink, BR, CW>,
) -> End
where
    CR: AsyncRead + Unpin,
    CW: AsyncWrite + Unpin,
    BR: AsyncRead + Unpin,
    BW: AsyncWrite + Unpin,
{
    let clock = limits.clock.clone();
    let end = tokio::select! {
        end = upward.run_up(limits) => end,
        end = downward.run_down() => end,
    };
    // Whoever still has something to say to a side that is left is told at once that it is.
    upward.own.close();
    downward.own.close();
    upward.direction.link().count();
    downward.direction.link().count();
    // The broker has had everything; it is let to read it before the connection is gone.
    let leave_broker = async {
        if upward.to.shutdown().await.is_ok() {
            discard(&mut downward.from).await;
        }
    };
    let _ = clock.timeout(SESSION_END, leave_broker).await;
    upward.direction.finish().await;
    let _ = clock.timeout(SESSION_END, downward.say_goodbye(version, &end)).await;
    let _ = clock.timeout(LINGER, discard(&mut upward.from)).await;
    end
}

impl<D: Direction, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<D, R, W> {
    /// Passes on the whole frames that were read; how many there were.
    async fn pass(&mut self) -> Result<usize, End> {
        self.direction.link().refresh().await?;
        // Frames that are passed on as they are go in one write: `from..at`.
        let (mut from, mut at, mut count) = (0usize, 0usize, 0usize);
        while let Some((frame, bytes)) = self.frames.frame_at(at).map_err(D::malformed)? {
            let step = self.direction.inspect(frame, bytes);
            let next = at.saturating_add(frame.total_bytes);
            count = count.saturating_add(1);
            if let Ok(Step::Forward) = step {
                at = next;
                continue;
            }
            // Also before the connection ends: what came before the end is not lost.
            let upto = if let Ok(Step::Last(_)) = step { next } else { at };
            write::<D>(&mut self.to, self.frames.slice(from..upto)).await?;
            (from, at) = (next, next);
            match step? {
                Step::Forward | Step::Swallow => {}
                Step::Replace(bytes) => write::<D>(&mut self.to, &bytes).await?,
                Step::Aside(aside) => self.direction.aside(aside).await?,
                Step::Last(end) => return Err(end),
            }
        }
        if count > 0 {
            write::<D>(&mut self.to, self.frames.slice(from..at)).await?;
            self.frames.consume(at);
            self.to.flush().await.map_err(|_| D::receiver_closed())?;
            self.direction.link().count();
        }
        Ok(count)
    }

    /// Sends a frame of the front door's own.
    async fn send(&mut self, frame: &[u8]) -> Result<(), End> {
        write::<D>(&mut self.to, frame).await?;
        self.to.flush().await.map_err(|_| D::receiver_closed())
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<Uplink, R, W> {
    async fn run_up(&mut self, limits: Limits) -> End {
        // These wait across many reads: each is set up once, not once a read.
        let mut stop = pin!(stopped(limits.stop));
        let mut identity = Arc::clone(self.direction.link().access.identity());
        let mut stale = pin!(Arc::clone(&identity).wait_stale());
        let silence = limits.keep_alive.map_or(FOREVER, |keep_alive| keep_alive.mul_f32(1.5));
        let clock = limits.clock;
        let mut heard = clock.instant();
        let mut alarm = pin!(clock.sleep_until_instant(heard + silence));
        loop {
            match self.pass().await {
                Ok(0) => {}
                Ok(_) => heard = clock.instant(),
                Err(end) => return end,
            }
            let current = self.direction.link().access.identity();
            if !Arc::ptr_eq(&identity, current) {
                identity = Arc::clone(current);
                stale.set(Arc::clone(&identity).wait_stale());
            }
            tokio::select! {
                count = self.frames.read(&mut self.from) => if count == 0 {
                    return End::ClientClosed;
                },
                Some(frame) = self.own.recv() => if let Err(end) = self.send(&frame).await {
                    return end;
                },
                () = &mut stale => {}
                () = &mut alarm => {
                    // Set again only when it rings: most of the time something was heard.
                    if clock.instant() - heard >= silence {
                        return End::KeepAlive;
                    }
                    alarm.set(clock.sleep_until_instant(heard + silence));
                }
                () = self.direction.unlogged() => return End::Unlogged,
                () = &mut stop => return End::Stopping,
            }
        }
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<Downlink, R, W> {
    async fn run_down(&mut self) -> End {
        loop {
            // First of all what came with the CONNACK.
            if let Err(end) = self.pass().await {
                return end;
            }
            tokio::select! {
                count = self.frames.read(&mut self.from) => if count == 0 {
                    return End::UpstreamClosed;
                },
                Some(frame) = self.own.recv() => if let Err(end) = self.send(&frame).await {
                    return end;
                },
            }
        }
    }

    /// An MQTT 5 client is told why.
    async fn say_goodbye(&mut self, version: ProtocolVersion, end: &End) {
        if let Some(reason) = end.reason()
            && version.is_v5()
            && let Ok(bytes) = Disconnect::new(reason).encode(version)
        {
            let _ = self.to.write_all(&bytes).await;
        }
        let _ = self.to.shutdown().await;
    }
}

async fn write<D: Direction>(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), End> {
    if bytes.is_empty() {
        return Ok(());
    }
    to.write_all(bytes).await.map_err(|_| D::receiver_closed())
}

/// Returns when the front door stops, or is gone.
async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
