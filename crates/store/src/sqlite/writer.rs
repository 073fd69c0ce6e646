//! The one thread that writes. It takes all writes that wait, does each within a savepoint of one
//! transaction, commits once - one sync for all - and then answers them. A write that fails
//! undoes itself only; one for which the disk has no room undoes all that share its commit.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use fleetward_domain::FormatLevel;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::connection::Lock;
use super::disk::Disk;
use crate::error::StoreError;
use crate::limits::{FULL_PAUSE, GROUP_WRITES, QUEUED_WRITES};

/// The way to the thread.
pub(super) struct Writer {
    /// None once closed.
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

/// What a write works with.
pub(super) struct Writing<'c> {
    pub(super) connection: &'c Connection,
    /// Names the versions of shapes that are written.
    pub(super) level: FormatLevel,
    pub(super) wakes: Wakes,
}

/// Whom the commit wakes.
#[derive(Clone, Copy)]
pub(super) struct Wakes {
    /// The number of the newest change.
    pub(super) newest_change: u64,
    /// Grows with writes to violations, events and alerts.
    pub(super) newest_event: u64,
}

/// Told after a commit.
pub(super) struct Watches {
    pub(super) newest_change: watch::Sender<u64>,
    pub(super) newest_event: watch::Sender<u64>,
}

impl Writer {
    /// Starts the thread. It ends, and lets go of the lock, after [`Writer::close`].
    pub(super) fn start(
        connection: Connection,
        (lock, disk): (Option<Lock>, Disk),
        level: FormatLevel,
        watches: Watches,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUED_WRITES);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let closed = run((&connection, &disk), level, jobs, &watches)
                    .and_then(|()| connection.close().map_err(|(_, error)| error.into()));
                drop(lock);
                closed
            })
            .map_err(StoreError::backend("start its writer"))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the thread and returns what it gave once that is durable. If `work` fails,
    /// nothing of it is written. It also happens if the caller stops waiting.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writing<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { work: Some(work), outcome: None, reply });
        queue.send(job).await.map_err(|_| StoreError::Closed)?;
        // The thread must see the end of its queue when the store is closed meanwhile.
        drop(queue);
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets the thread finish what is queued and waits for its end.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(()) };
        thread.join().map_err(|_| StoreError::Closed)?
    }
}

/// One write, its outcome, and who waits for it.
trait Job: Send {
    /// False: it failed and must be undone. An error is the disk's, and undoes all.
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<bool, StoreError>;
    /// Answers with what it gave, or with why nothing was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Write<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnOnce(&mut Writing<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<bool, StoreError> {
        self.outcome = self.work.take().map(|work| work(writing));
        match &self.outcome {
            Some(Err(error)) if error.is_of_the_disk() => Err(error.clone()),
            outcome => Ok(matches!(outcome, Some(Ok(_)))),
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match self.outcome {
            Some(Ok(value)) => committed.map(|()| value),
            Some(Err(error)) => Err(error),
            None => Err(committed.err().unwrap_or(StoreError::Closed)),
        };
        // Nobody may wait any more.
        let _ = self.reply.send(outcome);
    }
}

fn run(
    (connection, disk): (&Connection, &Disk),
    level: FormatLevel,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    watches: &Watches,
) -> Result<(), StoreError> {
    let mut waiting = VecDeque::new();
    while let Some(job) = jobs.blocking_recv() {
        waiting.push_back(job);
        while waiting.len() < GROUP_WRITES
            && let Ok(job) = jobs.try_recv()
        {
            waiting.push_back(job);
        }
        while !waiting.is_empty() {
            commit_group((connection, disk), level, &mut waiting, watches);
            if disk.is_full() {
                // Who tries again at once must not keep a full disk busy. This thread has no
                // runtime to wait in, and a pause that ends early does no harm.
                std::thread::park_timeout(FULL_PAUSE);
            }
        }
    }
    disk.before_close(connection)
}

/// Does as many of the waiting jobs as one transaction can, and answers those.
fn commit_group(
    (connection, disk): (&Connection, &Disk),
    level: FormatLevel,
    waiting: &mut VecDeque<Box<dyn Job>>,
    watches: &Watches,
) {
    let wakes = Wakes {
        newest_change: *watches.newest_change.borrow(),
        newest_event: *watches.newest_event.borrow(),
    };
    let mut writing = Writing { connection, level, wakes };
    let mut done = Vec::new();
    let committed = disk
        .failure()
        .map_or(Ok(()), Err)
        .and_then(|()| execute(connection, "BEGIN IMMEDIATE"))
        .and_then(|()| run_jobs(&mut writing, waiting, &mut done))
        .and_then(|()| execute(connection, "COMMIT"))
        .and_then(|()| disk.check_names());
    // A transaction that something else undid says nothing of the disk, nor does an empty one.
    if committed.is_ok() || committed.as_ref().is_err_and(StoreError::is_of_the_disk) {
        disk.note(&committed);
    }
    if committed.is_err() {
        // The transaction may be gone already; then there is nothing to roll back.
        let _ = execute(connection, "ROLLBACK");
        // If not even BEGIN worked, the first job is the one that learns of it.
        if done.is_empty() {
            done.extend(waiting.pop_front());
        }
    } else {
        announce(&watches.newest_change, writing.wakes.newest_change);
        announce(&watches.newest_event, writing.wakes.newest_event);
    }
    let is_committed = committed.is_ok();
    for job in done {
        job.answer(committed.clone());
    }
    if is_committed {
        disk.checkpoint(connection);
    }
}

/// Moves jobs to `done` as they are run. An error means that the whole transaction is lost.
fn run_jobs(
    writing: &mut Writing<'_>,
    waiting: &mut VecDeque<Box<dyn Job>>,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<(), StoreError> {
    let connection = writing.connection;
    while let Some(mut job) = waiting.pop_front() {
        let before = writing.wakes;
        let started = execute(connection, "SAVEPOINT job");
        let ran = started.and_then(|()| job.run(writing));
        done.push(job);
        if !ran? {
            writing.wakes = before;
            // Fails if SQLite gave up the whole transaction (a full disk): nobody's work is left.
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn announce(watch: &watch::Sender<u64>, newest: u64) {
    watch.send_if_modified(|known| {
        let grew = *known < newest;
        *known = newest;
        grew
    });
}
