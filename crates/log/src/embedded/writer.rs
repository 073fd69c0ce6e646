//! The writer: the one thread that writes, so that one sync serves all who wait.

use std::sync::{Arc, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::Shared;
use super::batch::Draft;
use super::folder::Folder;
use crate::LogError;
use crate::limits::BATCH_BYTES;

type Reply = oneshot::Sender<Result<(), LogError>>;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Write these, and say when they are durable.
    Append {
        draft: Draft,
        /// Held until the bytes are durable.
        permit: OwnedSemaphorePermit,
        reply: Reply,
    },
    /// What lies below is not needed to recover.
    Release(u64),
    /// Finish.
    Close(Reply),
}

/// The writer's side of the log.
pub(super) struct Writer {
    /// Ours as long as we may write.
    folder: Folder,
    shared: Arc<Shared>,
    durable: watch::Sender<u64>,
    retention_bytes: u64,
    failed: Option<LogError>,
}

impl Writer {
    pub(super) fn new(
        folder: Folder,
        shared: Arc<Shared>,
        durable: watch::Sender<u64>,
        retention_bytes: u64,
    ) -> Self {
        Self { folder, shared, durable, retention_bytes, failed: None }
    }

    /// Works until told to close, or until nobody can ask any more.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(job) = queue.blocking_recv() {
            if let Some((reply, outcome)) = self.work(job, &mut queue) {
                // Others may open the folder once the caller knows.
                drop(self);
                let _ = reply.send(outcome);
                return;
            }
        }
    }

    /// Does this job and those that wait behind it, with one write and one sync for all. Gives
    /// what is to be answered once the folder is free, if one of them was to close.
    fn work(
        &mut self,
        job: Job,
        queue: &mut mpsc::Receiver<Job>,
    ) -> Option<(Reply, Result<(), LogError>)> {
        let mut draft = Draft::default();
        let mut waiting: Vec<(OwnedSemaphorePermit, Reply)> = Vec::new();
        let mut released = None;
        let mut closing = None;
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                Job::Append { draft: mut more, permit, reply } => {
                    draft.append(&mut more);
                    waiting.push((permit, reply));
                }
                Job::Release(below) => released = released.max(Some(below)),
                Job::Close(reply) => closing = Some(reply),
            }
            if closing.is_none() && draft.bytes() < BATCH_BYTES {
                next = queue.try_recv().ok();
            }
        }
        let outcome = self.write(&draft);
        for (permit, reply) in waiting {
            drop(permit);
            let _ = reply.send(outcome.clone());
        }
        // After the answers: who waits for the disk need not wait for files to be removed.
        if let Some(below) = released {
            self.release(below);
        }
        closing.map(|reply| (reply, self.failed.take().map_or(Ok(()), Err)))
    }

    /// Writes and syncs a batch. After a failure nobody knows what is on disk: the system may have
    /// dropped the pages, and a second sync would lie. So the first failure is the last write.
    fn write(&mut self, draft: &Draft) -> Result<(), LogError> {
        if let Some(failed) = &self.failed {
            return Err(LogError::Failed(failed.to_string()));
        }
        if draft.bytes() == 0 {
            return Ok(());
        }
        let written = self.write_batch(draft);
        if let Err(error) = &written {
            tracing::error!("the event log cannot be written: {error}");
            self.failed = Some(error.clone());
        }
        written
    }

    fn write_batch(&self, draft: &Draft) -> Result<(), LogError> {
        let (segment, base) = {
            let mut segments = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
            (segments.writable()?, segments.end())
        };
        let batch = draft.seal(base);
        segment
            .file
            .write_at(&batch, base.saturating_sub(segment.base))
            .and_then(|()| segment.file.sync())
            .map_err(LogError::io("cannot write", &segment.path))?;
        let end = base.saturating_add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        let mut recent = self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push(base, batch.into());
        drop(recent);
        self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner).grew_to(end);
        let _ = self.durable.send(end);
        Ok(())
    }

    fn release(&self, below: u64) {
        let spare = self
            .shared
            .segments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_spare(below, self.retention_bytes);
        for segment in spare {
            // One after the other: a gap would be damage to the next start. Files that stay cost
            // space only; the next start finds them whole.
            if let Err(error) = self.folder.remove(&segment.path) {
                tracing::warn!("cannot remove {}: {error}", segment.path.display());
                return;
            }
        }
    }
}

/// The writer without a thread: whoever holds this says when it works, on the task that says so.
/// A simulation runs a whole server in one thread with it.
pub struct Stepper {
    writer: Option<Writer>,
    queue: mpsc::Receiver<Job>,
    next: Option<Job>,
}

impl Stepper {
    pub(super) fn new(writer: Writer, queue: mpsc::Receiver<Job>) -> Self {
        Self { writer: Some(writer), queue, next: None }
    }

    /// Waits until there is something to do; false once there will be nothing any more.
    pub async fn has_work(&mut self) -> bool {
        if self.next.is_none() && self.writer.is_some() {
            self.next = self.queue.recv().await;
        }
        self.next.is_some()
    }

    /// Does what waits: one write and one sync. Nothing, if nothing waits.
    pub fn step(&mut self) {
        let (Some(writer), Some(job)) = (&mut self.writer, self.next.take()) else { return };
        if let Some((reply, outcome)) = writer.work(job, &mut self.queue) {
            self.writer = None;
            let _ = reply.send(outcome);
        }
    }
}
