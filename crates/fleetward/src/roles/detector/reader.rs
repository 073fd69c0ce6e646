//! Reads the log ahead of the detector, a few batches at most.

use fleetward_log::{Consumer, Entered, EventLog};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// Log bytes that are applied and committed together at most.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that are read ahead while one is applied and committed.
const READ_AHEAD: usize = 2;

/// Reads ahead in a task of its own, which ends with this.
pub(super) struct Reader {
    batches: mpsc::Receiver<Result<Vec<Entered>, Failure>>,
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
    pub(super) async fn next(&mut self) -> Result<Vec<Entered>, Failure> {
        if self.task.is_none() {
            return std::future::pending().await;
        }
        let ended = Err(Failure::new("the log's reader ended"));
        self.batches.recv().await.unwrap_or(ended)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn read_ahead(
    mut consumer: Box<dyn Consumer>,
    sender: mpsc::Sender<Result<Vec<Entered>, Failure>>,
) {
    loop {
        let batch = consumer.next(BATCH_BYTES).await.map_err(Failure::of("cannot read the log"));
        let failed = batch.is_err();
        if sender.send(batch).await.is_err() || failed {
            return;
        }
    }
}
