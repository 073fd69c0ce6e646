//! Reads the log ahead of the detector, a few batches at most.

use fleetward_log::{Consumer, Entered, EventLog};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// Log bytes that are applied and committed together at most.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that are read ahead while one is applied and committed.
const READ_AHEAD: usize = 2;

/// Some records that follow one another.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order of the log.
    pub records: Vec<Entered>,
    /// Below it there is nothing more for any of the partitions that are read, if the log can say
    /// so.
    pub passed: Option<u64>,
}

/// Reads ahead in a task of its own, which ends with this.
pub(super) struct Reader {
    batches: mpsc::Receiver<Result<Batch, Failure>>,
    task: Option<JoinHandle<()>>,
}

impl Reader {
    /// Reads each partition from its position; of no partition, nothing ever comes.
    pub(super) async fn start(
        log: &dyn EventLog,
        positions: &[(u32, u64)],
    ) -> Result<Self, Failure> {
        let (sender, batches) = mpsc::channel(READ_AHEAD);
        if positions.is_empty() {
            return Ok(Self { batches, task: None });
        }
        let consumer = log.consume(positions).await.map_err(Failure::of("cannot read the log"))?;
        Ok(Self { batches, task: Some(tokio::spawn(read_ahead(consumer, sender))) })
    }

    /// The next records. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Result<Batch, Failure> {
        if self.task.is_none() {
            return std::future::pending().await;
        }
        let ended = Err(Failure::new("the log's reader ended"));
        self.batches.recv().await.unwrap_or(ended)
    }

    /// The next records, if some were read ahead.
    pub(super) fn at_hand(&mut self) -> Result<Option<Batch>, Failure> {
        self.batches.try_recv().ok().transpose()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn read_ahead(mut consumer: Box<dyn Consumer>, sender: mpsc::Sender<Result<Batch, Failure>>) {
    loop {
        let records = consumer.next(BATCH_BYTES).await.map_err(Failure::of("cannot read the log"));
        let failed = records.is_err();
        let batch = records.map(|records| Batch { records, passed: consumer.passed() });
        if sender.send(batch).await.is_err() || failed {
            return;
        }
    }
}
