//! The two directions of a connection, until it ends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::Disconnect;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::downlink::{Delivery, Downlink};
use super::uplink::{Step, Uplink};
use super::{Door, End};
use crate::frames::{Frames, discard};
use crate::limits::{FRAMES_TO_CLIENT, FRAMES_TO_UPSTREAM, LINGER, REPORTS_IN_FLIGHT, SESSION_END};
use crate::reports::ReportJob;

/// Keep-alive zero: no silence is too long (MQTT 5, 3.1.2.10).
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// From the client to the broker.
pub(crate) struct Upward<R, W> {
    pub(crate) link: Uplink,
    pub(crate) client: R,
    pub(crate) broker: W,
    pub(crate) frames: Frames,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// From the broker to the client.
pub(crate) struct Downward<R, W> {
    pub(crate) link: Downlink,
    pub(crate) broker: R,
    pub(crate) client: W,
    pub(crate) frames: Frames,
}

/// Pumps until one side ends, then lets go of both in order.
pub(crate) async fn run<CR, CW, BR, BW>(
    door: &Arc<Door>,
    version: ProtocolVersion,
    mut upward: Upward<CR, BW>,
    mut downward: Downward<BR, CW>,
) -> End
where
    CR: AsyncRead + Unpin,
    CW: AsyncWrite + Unpin,
    BR: AsyncRead + Unpin,
    BW: AsyncWrite + Unpin,
{
    let (to_client, from_up) = mpsc::channel(FRAMES_TO_CLIENT);
    let (to_broker, from_down) = mpsc::channel(FRAMES_TO_UPSTREAM);
    let mut reports = Reports { door: Arc::clone(door), version, to_client, worker: None };
    let end = tokio::select! {
        end = upward.run(&mut reports, from_down) => end,
        end = downward.run(from_up, to_broker) => end,
    };
    upward.link.count();
    downward.link.count();
    let _ = timeout(SESSION_END, upward.finish(&mut downward.broker)).await;
    reports.finish().await;
    let _ = timeout(SESSION_END, downward.finish(version, &end)).await;
    let _ = timeout(LINGER, discard(&mut upward.client)).await;
    end
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Upward<R, W> {
    async fn run(&mut self, reports: &mut Reports, mut acks: mpsc::Receiver<Vec<u8>>) -> End {
        // These wait across many reads: each is set up once, not once a read.
        let mut stop = pin!(stopped(self.stop.clone()));
        let mut identity = Arc::clone(self.link.access.identity());
        let mut stale = pin!(Arc::clone(&identity).wait_stale());
        let silence = self.keep_alive.map_or(FOREVER, |keep_alive| keep_alive.mul_f32(1.5));
        let mut heard = Instant::now();
        let mut alarm = pin!(sleep_until(heard + silence));
        loop {
            match self.pass(reports).await {
                Ok(0) => {}
                Ok(_) => heard = Instant::now(),
                Err(end) => return end,
            }
            if !Arc::ptr_eq(&identity, self.link.access.identity()) {
                identity = Arc::clone(self.link.access.identity());
                stale.set(Arc::clone(&identity).wait_stale());
            }
            tokio::select! {
                count = self.frames.read(&mut self.client) => if count == 0 {
                    return End::ClientClosed;
                },
                Some(frame) = acks.recv() => {
                    if self.broker.write_all(&frame).await.is_err() {
                        return End::UpstreamClosed;
                    }
                }
                () = &mut stale => {}
                () = &mut alarm => {
                    if heard.elapsed() >= silence {
                        return End::KeepAlive;
                    }
                    alarm.as_mut().reset(heard + silence);
                }
                () = &mut stop => return End::Stopping,
            }
        }
    }

    /// Passes on the whole frames that were read; how many there were.
    async fn pass(&mut self, reports: &mut Reports) -> Result<usize, End> {
        self.link.refresh().await?;
        // Frames that are passed on as they are go in one write: `from..at`.
        let (mut from, mut at, mut count) = (0usize, 0usize, 0usize);
        while let Some((frame, bytes)) = self.frames.frame_at(at)? {
            let step = self.link.inspect(frame, bytes)?;
            let next = at.saturating_add(frame.total_bytes);
            count = count.saturating_add(1);
            if let Step::Forward = step {
                at = next;
                continue;
            }
            let upto = if let Step::Last(_) = step { next } else { at };
            write(&mut self.broker, self.frames.slice(from..upto)).await?;
            (from, at) = (next, next);
            match step {
                Step::Forward => {}
                Step::Replace(bytes) => write(&mut self.broker, &bytes).await?,
                Step::Answer(bytes) => reports.to_client(bytes).await?,
                Step::Report(job) => reports.push(job).await?,
                Step::Last(end) => return Err(end),
            }
        }
        write(&mut self.broker, self.frames.slice(from..at)).await?;
        self.frames.consume(at);
        self.link.count();
        Ok(count)
    }

    /// The broker has had everything; it is let to read it before the connection is gone.
    async fn finish(&mut self, from_broker: &mut (impl AsyncRead + Unpin)) {
        if self.broker.shutdown().await.is_err() {
            return;
        }
        discard(from_broker).await;
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Downward<R, W> {
    async fn run(
        &mut self,
        mut from_up: mpsc::Receiver<Vec<u8>>,
        to_broker: mpsc::Sender<Vec<u8>>,
    ) -> End {
        loop {
            // First of all what came with the CONNACK.
            if let Err(end) = self.pass(&to_broker).await {
                return end;
            }
            tokio::select! {
                count = self.frames.read(&mut self.broker) => if count == 0 {
                    return End::UpstreamClosed;
                },
                Some(frame) = from_up.recv() => {
                    if self.client.write_all(&frame).await.is_err()
                        || self.client.flush().await.is_err()
                    {
                        return End::ClientClosed;
                    }
                }
            }
        }
    }

    async fn pass(&mut self, to_broker: &mpsc::Sender<Vec<u8>>) -> Result<(), End> {
        self.link.refresh().await?;
        let (mut from, mut at) = (0usize, 0usize);
        loop {
            let next_frame = self.frames.frame_at(at).map_err(End::UpstreamMalformed)?;
            let Some((frame, bytes)) = next_frame else { break };
            let delivery = self.link.inspect(frame, bytes)?;
            let next = at.saturating_add(frame.total_bytes);
            if let Delivery::Forward = delivery {
                at = next;
                continue;
            }
            deliver(&mut self.client, self.frames.slice(from..at)).await?;
            (from, at) = (next, next);
            match delivery {
                Delivery::Forward | Delivery::Swallow => {}
                Delivery::Replace(bytes) => deliver(&mut self.client, &bytes).await?,
                Delivery::Answer(bytes) => to_broker
                    .try_send(bytes)
                    .map_err(|_| End::Overrun("acknowledgements of dropped messages"))?,
            }
        }
        deliver(&mut self.client, self.frames.slice(from..at)).await?;
        if at > 0 {
            self.frames.consume(at);
            self.client.flush().await.map_err(|_| End::ClientClosed)?;
            self.link.count();
        }
        Ok(())
    }

    /// An MQTT 5 client is told why.
    async fn finish(&mut self, version: ProtocolVersion, end: &End) {
        if let Some(reason) = end.reason()
            && version.is_v5()
            && let Ok(bytes) = Disconnect::new(reason).encode(version)
        {
            let _ = self.client.write_all(&bytes).await;
        }
        let _ = self.client.shutdown().await;
    }
}

/// The device reports of one connection, and what it is answered.
struct Reports {
    door: Arc<Door>,
    version: ProtocolVersion,
    to_client: mpsc::Sender<Vec<u8>>,
    worker: Option<(mpsc::Sender<ReportJob>, JoinHandle<()>)>,
}

impl Reports {
    async fn to_client(&self, frame: Vec<u8>) -> Result<(), End> {
        self.to_client.send(frame).await.map_err(|_| End::ClientClosed)
    }

    /// Hands the report over; waits while too many are in flight.
    async fn push(&mut self, job: ReportJob) -> Result<(), End> {
        let (jobs, _) = self.worker.get_or_insert_with(|| {
            let (sender, jobs) = mpsc::channel(REPORTS_IN_FLIGHT);
            let ingest = Arc::clone(&self.door.ingest);
            let worker = ingest.run(self.version, jobs, self.to_client.clone());
            (sender, tokio::spawn(worker))
        });
        jobs.send(job).await.map_err(|_| End::Overrun("device reports"))
    }

    /// Waits for the reports that came before the end.
    async fn finish(&mut self) {
        if let Some((jobs, worker)) = self.worker.take() {
            drop(jobs);
            let _ = timeout(SESSION_END, worker).await;
        }
    }
}

async fn write(broker: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), End> {
    if bytes.is_empty() {
        return Ok(());
    }
    broker.write_all(bytes).await.map_err(|_| End::UpstreamClosed)
}

async fn deliver(client: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), End> {
    if bytes.is_empty() {
        return Ok(());
    }
    client.write_all(bytes).await.map_err(|_| End::ClientClosed)
}

/// Returns when the front door stops, or is gone.
async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
