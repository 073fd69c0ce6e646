//! The log of one machine: segment files in a folder, one writer, any number of readers.
//!
//! Offsets are positions in the endless file that the segments make up together, so one offset
//! orders the records of all partitions. Records are written in batches (`batch`): one write
//! and one sync serve all who waited. A crash can only tear the last batch, which nobody was told
//! of; opening cuts it off. Damage anywhere else is an error.

mod batch;
mod consumer;
#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod fault_tests;
mod folder;
mod recent;
mod segments;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use fleetward_domain::{Condition, Placement};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::disk::{Disk, RealDisk};
use crate::limits::{IN_FLIGHT_BYTES, PARTITIONS, RECORD_BYTES};
use crate::{Consumer, EVERY_PARTITION, Entered, Entry, EventLog, LogError};
use batch::Draft;
use folder::{Folder, Identity};
use recent::Recent;
use segments::Segments;
pub use writer::Stepper;
use writer::{Job, Writer};

/// Jobs that wait for the writer at most; their bytes are bounded by a semaphore besides.
const JOBS: usize = 4096;

/// An open log.
pub struct EmbeddedLog {
    placement: Placement,
    identity: Identity,
    jobs: mpsc::Sender<Job>,
    in_flight: Arc<Semaphore>,
    shared: Arc<Shared>,
    durable: watch::Receiver<u64>,
    condition: watch::Receiver<Condition>,
    retention_bytes: u64,
    /// For each partition, below where its records are not needed.
    released: Mutex<Vec<u64>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What the writer and the readers both see.
struct Shared {
    segments: Mutex<Segments>,
    recent: Mutex<Recent>,
    /// Whether files are read on the task that asks, for want of other threads.
    is_stepped: bool,
}

impl EmbeddedLog {
    /// Opens the log in a folder, or makes it; cuts a torn tail off.
    ///
    /// `wanted` partitions, or as many as the folder has; a new one gets
    /// [`limits::NEW_PARTITIONS`](crate::limits::NEW_PARTITIONS). `retention_bytes` of records are
    /// kept though they were released.
    ///
    /// # Errors
    /// [`LogError::OtherPartitions`], [`LogError::InUse`], [`LogError::Damaged`], or IO.
    pub fn open(
        folder: &Path,
        wanted: Option<u32>,
        retention_bytes: u64,
    ) -> Result<Arc<Self>, LogError> {
        Self::open_on(Arc::new(RealDisk), folder, wanted, retention_bytes)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// Those of [`EmbeddedLog::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        wanted: Option<u32>,
        retention_bytes: u64,
    ) -> Result<Arc<Self>, LogError> {
        let (log, writer, queue) = Self::parts((disk, folder), wanted, retention_bytes, false)?;
        let thread = std::thread::Builder::new()
            .name("event-log".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(LogError::io("cannot start the writer of", "the event log"))?;
        if let Ok(mut held) = log.thread.lock() {
            *held = Some(thread);
        }
        Ok(Arc::new(log))
    }

    /// The same without threads: nothing is written but when the [`Stepper`] is told to.
    ///
    /// # Errors
    /// Those of [`EmbeddedLog::open`].
    pub fn open_stepped(
        disk: Arc<dyn Disk>,
        folder: &Path,
        wanted: Option<u32>,
        retention_bytes: u64,
    ) -> Result<(Arc<Self>, Stepper), LogError> {
        let (log, writer, queue) = Self::parts((disk, folder), wanted, retention_bytes, true)?;
        Ok((Arc::new(log), Stepper::new(writer, queue)))
    }

    fn parts(
        (disk, folder): (Arc<dyn Disk>, &Path),
        wanted: Option<u32>,
        retention_bytes: u64,
        is_stepped: bool,
    ) -> Result<(Self, Writer, mpsc::Receiver<Job>), LogError> {
        if let Some(partition) = wanted.filter(|wanted| !(1..=PARTITIONS).contains(wanted)) {
            return Err(LogError::NoSuchPartition { partition, partitions: PARTITIONS });
        }
        // The folder before its segments: it is locked then, and no other writer cuts their tail.
        let folder = Folder::open(disk, folder, wanted)?;
        let (placement, identity) = (folder.placement(), folder.identity());
        let segments = Segments::recover(folder.disk().clone(), folder.path())?;
        let (told, durable) = watch::channel(segments.end());
        let (tells, condition) = watch::channel(Condition::Works);
        let shared = Arc::new(Shared {
            segments: Mutex::new(segments),
            recent: Mutex::new(Recent::default()),
            is_stepped,
        });
        let (jobs, queue) = mpsc::channel(JOBS);
        let writer = Writer::new(folder, shared.clone(), (told, tells), retention_bytes);
        let log = Self {
            placement,
            identity,
            jobs,
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT_BYTES)),
            shared,
            durable,
            condition,
            retention_bytes,
            released: Mutex::new(vec![0; placement.partitions as usize]),
            thread: Mutex::new(None),
        };
        Ok((log, writer, queue))
    }

    /// Which log this is, if it was ever told; see [`EmbeddedLog::identify`].
    ///
    /// # Errors
    /// IO.
    pub fn identity(&self) -> Result<Option<String>, LogError> {
        self.identity.read()
    }

    /// Gives the log an identity, by which the store beside it knows it again. Durable when it
    /// returns. Releases of every format level pass over the file.
    ///
    /// # Errors
    /// IO.
    pub fn identify(&self, identity: &str) -> Result<(), LogError> {
        self.identity.write(identity)
    }

    /// The first offset that is kept, and the one after the last record.
    #[must_use]
    pub fn extent(&self) -> (u64, u64) {
        let segments = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
        (segments.begin(), segments.end())
    }

    /// Shows every record from an offset on to the end that the log has now, and waits for none.
    ///
    /// # Errors
    /// [`LogError::Gone`], [`LogError::Beyond`], [`LogError::Damaged`], or IO.
    pub async fn scan(
        &self,
        from: u64,
        show: &mut (dyn FnMut(&Entered) + Send),
    ) -> Result<(), LogError> {
        let every: Vec<_> = (0..self.partitions()).map(|partition| (partition, from)).collect();
        let tail = consumer::Tail::new(self.shared.clone(), self.durable.clone(), every)?;
        tail.until_the_end(show).await
    }

    /// Waits until everything that was handed in is on disk, and ends the writer.
    ///
    /// # Errors
    /// [`LogError::Failed`] if the writer failed.
    pub async fn close(&self) -> Result<(), LogError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Close(reply)).await.map_err(|_| LogError::Closed)?;
        let outcome = answer.await.map_err(|_| LogError::Closed)?;
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        outcome
    }

    /// Notes what these partitions do not need, and gives the offset below which none needs
    /// anything: what other partitions still need stays, whoever releases.
    fn released_below(&self, positions: &[(u32, u64)]) -> u64 {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        for &(partition, offset) in positions {
            if let Some(below) = released.get_mut(partition as usize) {
                *below = offset.max(*below);
            }
        }
        released.iter().copied().min().unwrap_or(0)
    }

    fn check(&self, entry: &Entry) -> Result<(), LogError> {
        let (partition, partitions) = (entry.partition, self.placement.partitions);
        if partition >= partitions && partition != EVERY_PARTITION {
            return Err(LogError::NoSuchPartition { partition, partitions });
        }
        let bytes = entry.bytes.len();
        if bytes > RECORD_BYTES {
            return Err(LogError::RecordTooLong { bytes, limit: RECORD_BYTES });
        }
        Ok(())
    }
}

impl Drop for EmbeddedLog {
    /// Waits for the writer, so that the folder can be opened again at once.
    fn drop(&mut self) {
        let (nobody, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.jobs, nobody));
        if let Ok(Some(thread)) = self.thread.get_mut().map(Option::take) {
            let _ = thread.join();
        }
    }
}

#[async_trait::async_trait]
impl EventLog for EmbeddedLog {
    fn placement(&self) -> Placement {
        self.placement
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<(), LogError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::default();
        for entry in &entries {
            self.check(entry)?;
            draft.push(entry.partition, &entry.bytes);
        }
        drop(entries);
        // A call larger than all that may be in flight takes all of it.
        let weight = u32::try_from(draft.bytes().min(IN_FLIGHT_BYTES)).unwrap_or(u32::MAX);
        let permit = self.in_flight.clone().acquire_many_owned(weight).await;
        let permit = permit.map_err(|_| LogError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let job = Job::Append { draft, permit, reply };
        self.jobs.send(job).await.map_err(|_| LogError::Closed)?;
        answer.await.map_err(|_| LogError::Closed)?
    }

    async fn consume(&self, positions: &[(u32, u64)]) -> Result<Box<dyn Consumer>, LogError> {
        for &(partition, _) in positions {
            self.check(&Entry { partition, bytes: Vec::new() })?;
        }
        let consumer =
            consumer::Tail::new(self.shared.clone(), self.durable.clone(), positions.to_vec())?;
        Ok(Box::new(consumer))
    }

    async fn release(&self, positions: &[(u32, u64)]) -> Result<(), LogError> {
        for &(partition, _) in positions {
            self.check(&Entry { partition, bytes: Vec::new() })?;
        }
        let below = self.released_below(positions);
        self.jobs.send(Job::Release(below)).await.map_err(|_| LogError::Closed)
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }

    async fn look_for_room(&self) {
        // A log that is closed has no use for room.
        let _ = self.jobs.send(Job::LookForRoom).await;
    }

    fn retention_bytes(&self) -> u64 {
        self.retention_bytes
    }
}
