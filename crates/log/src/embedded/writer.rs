//! The writer: the one thread that writes, so that one sync serves all who wait.

use std::sync::{Arc, PoisonError};

use fleetward_domain::Condition;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::Shared;
use super::batch::Draft;
use super::folder::Folder;
use super::segments::Segment;
use crate::LogError;
use crate::disk::is_for_want_of_room;
use crate::limits::{BATCH_BYTES, FULL_PAUSE, ROOM_BYTES};

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
    /// See whether a full disk still is.
    LookForRoom,
    /// Finish.
    Close(Reply),
}

/// The writer's side of the log.
pub(super) struct Writer {
    /// Ours as long as we may write.
    folder: Folder,
    shared: Arc<Shared>,
    durable: watch::Sender<u64>,
    condition: watch::Sender<Condition>,
    retention_bytes: u64,
    failed: Option<LogError>,
}

impl Writer {
    pub(super) fn new(
        folder: Folder,
        shared: Arc<Shared>,
        (durable, condition): (watch::Sender<u64>, watch::Sender<Condition>),
        retention_bytes: u64,
    ) -> Self {
        Self { folder, shared, durable, condition, retention_bytes, failed: None }
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
            if matches!(*self.condition.borrow(), Condition::Full(_)) {
                // Who appends again at once must not keep a full disk busy. This thread has no
                // runtime to wait in, and a pause that ends early does no harm.
                std::thread::park_timeout(FULL_PAUSE);
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
        let (mut closing, mut is_to_look) = (None, false);
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                Job::Append { draft: mut more, permit, reply } => {
                    draft.append(&mut more);
                    waiting.push((permit, reply));
                }
                Job::Release(below) => released = released.max(Some(below)),
                Job::LookForRoom => is_to_look = true,
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
        if is_to_look && draft.bytes() == 0 {
            self.look_for_room();
        }
        closing.map(|reply| (reply, self.failed.take().map_or(Ok(()), Err)))
    }

    /// Writes and syncs a batch. Where there was no room for it, all is as before. After any other
    /// failure nobody knows what is on disk: the system may have dropped the pages, and a second
    /// sync would lie. So that failure is the last write.
    fn write(&mut self, draft: &Draft) -> Result<(), LogError> {
        if let Some(failed) = &self.failed {
            return Err(LogError::Failed(failed.to_string()));
        }
        if draft.bytes() == 0 {
            return Ok(());
        }
        let written = self.write_batch(draft);
        self.conclude(&written);
        written
    }

    /// Writes what is no batch behind the last one, and takes it back: a crash in between leaves
    /// what is cut off as torn.
    fn look_for_room(&mut self) {
        if !matches!(*self.condition.borrow(), Condition::Full(_)) {
            return;
        }
        let (segment, end) = {
            let segments = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
            (segments.last(), segments.end())
        };
        let Some(segment) = segment else { return };
        let at = end.saturating_sub(segment.base);
        let looked = match segment.file.write_at(&[0; ROOM_BYTES], at) {
            Err(error) => Err(cut_back(&segment, at, error)),
            Ok(()) => segment.file.cut(at).map_err(LogError::io("cannot cut back", &segment.path)),
        };
        self.conclude(&looked);
    }

    fn conclude(&mut self, outcome: &Result<(), LogError>) {
        match outcome {
            Ok(()) => self.is_now(Condition::Works),
            Err(full @ LogError::Full { .. }) => self.is_now(Condition::Full(full.to_string())),
            Err(error) => self.fail(error),
        }
    }

    /// Tells what changed, once.
    fn is_now(&self, condition: Condition) {
        self.condition.send_if_modified(|known| {
            let is_other = std::mem::discriminant(known) != std::mem::discriminant(&condition);
            match (&condition, is_other) {
                (_, false) => {}
                (Condition::Works, true) => tracing::info!("the event log takes records again"),
                (Condition::Full(why), true) => tracing::error!("{why}"),
                (Condition::Failed(why), true) => {
                    tracing::error!("the event log cannot be written: {why}");
                }
            }
            *known = condition;
            is_other
        });
    }

    fn fail(&mut self, error: &LogError) {
        self.is_now(Condition::Failed(error.to_string()));
        self.failed = Some(error.clone());
    }

    fn write_batch(&self, draft: &Draft) -> Result<(), LogError> {
        let (segment, base) = {
            let mut segments = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
            (segments.writable()?, segments.end())
        };
        let batch = draft.seal(base);
        let at = base.saturating_sub(segment.base);
        if let Err(error) = segment.file.write_at(&batch, at) {
            return Err(cut_back(&segment, at, error));
        }
        segment.file.sync().map_err(LogError::io("cannot sync", &segment.path))?;
        // A sync of a file that has lost its name succeeds, and keeps nothing.
        let is_named = segment.file.is_named(&segment.path);
        if !is_named.map_err(LogError::io("cannot look for", &segment.path))? {
            return Err(LogError::Replaced(segment.path));
        }
        let end = base.saturating_add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        let mut recent = self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push(base, batch.into());
        drop(recent);
        self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner).grew_to(end);
        let _ = self.durable.send(end);
        Ok(())
    }

    fn release(&mut self, below: u64) {
        let retention_bytes = self.retention_bytes;
        let segments = self.shared.clone();
        let segments = || segments.segments.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(oldest) = segments().spare(below, retention_bytes) else { return };
            // One after the other, oldest first: a gap would be damage to the next start. A file
            // that stays costs space only, and the next release tries it again.
            if let Err(error) = self.folder.remove(&oldest.path) {
                tracing::warn!("cannot remove {}: {error}", oldest.path.display());
                return;
            }
            segments().forget_oldest();
            if let Err(error) = self.folder.sync() {
                return self.fail(&error);
            }
        }
    }
}

/// Takes back what a write that failed has written, if all it wanted was room: a later batch must
/// not come behind half of this one.
fn cut_back(segment: &Segment, at: u64, error: std::io::Error) -> LogError {
    if !is_for_want_of_room(&error) {
        return LogError::io("cannot write", &segment.path)(error);
    }
    match segment.file.cut(at) {
        Ok(()) => LogError::full("write", &segment.path, &error),
        Err(error) => LogError::io("cannot cut back", &segment.path)(error),
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
