//! The detector's shell: reads the log, applies its records, commits what follows.
//!
//! It decides nothing. One commit carries effects, dirty state and the place in the log, guarded
//! by the partitions' epochs, so that each record takes effect once whatever happens in between.

mod owned;
#[cfg(test)]
mod tests;
mod tick;

use std::sync::Arc;
use std::time::Duration;

use fleetward_detect::Settings;
use fleetward_domain::format_level::FormatLevel;
use fleetward_log::{Consumer, Entered, EventLog};
use fleetward_store::{DetectionTx, Store};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::failure::Failure;
use owned::Owned;
use tick::Ticker;

/// Log bytes that are applied and committed together at most.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that are read ahead while one is applied and committed.
const READ_AHEAD: usize = 2;
/// State is written this often; what came since is replayed after a crash.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
/// State is also written when this much log was applied since the last time.
const CHECKPOINT_BYTES: usize = 32 << 20;

/// Detects until told to stop, then writes its state.
///
/// # Errors
/// A sentence, if the log or the store fails, or if another process took the partitions over.
pub(crate) async fn run(
    settings: Settings,
    level: FormatLevel,
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let owned = Owned::claim(&settings, &*store, log.partitions()).await?;
    let consumer =
        log.consume(&owned.positions()).await.map_err(Failure::of("cannot read the log"))?;
    let (sender, mut batches) = mpsc::channel(READ_AHEAD);
    let reader = tokio::spawn(read_ahead(consumer, sender));
    let mut ticker = Ticker::start(log.clone(), level);
    let mut detector = Detector { store, log, owned, checkpoint: Checkpoint::new() };
    let outcome = loop {
        let done = tokio::select! {
            batch = batches.recv() => {
                let ended = Err(Failure::new("the log's reader ended"));
                let done = match batch.unwrap_or(ended) {
                    Ok(batch) => detector.apply(&batch).await,
                    Err(failure) => Err(failure),
                };
                ticker.applied(detector.owned.now_ms());
                done
            }
            () = ticker.wait(detector.owned.next_deadline_ms()) => ticker.tick().await,
            () = tokio::time::sleep_until(detector.checkpoint.due()),
                if detector.owned.is_dirty() => detector.write_state().await,
            _ = stop.changed() => break Ok(()),
        };
        if done.is_err() {
            break done;
        }
    };
    reader.abort();
    outcome?;
    detector.write_state().await
}

/// The partitions, and where their effects go.
struct Detector {
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    owned: Owned,
    checkpoint: Checkpoint,
}

impl Detector {
    /// Applies records, and commits what must not wait for the next checkpoint.
    async fn apply(&mut self, batch: &[Entered]) -> Result<(), Failure> {
        self.checkpoint.bytes += batch.iter().map(|entered| entered.bytes.len()).sum::<usize>();
        let mut tx = self.owned.apply(batch)?;
        if self.checkpoint.is_due() {
            self.owned.add_state(&mut tx);
            return self.commit_state(tx).await;
        }
        let has_effects = !(tx.violations.is_empty()
            && tx.closed.is_empty()
            && tx.events.is_empty()
            && tx.alerts.is_empty());
        if has_effects { self.commit(tx).await } else { Ok(()) }
    }

    /// Writes all state that changed, so that a restart replays from here.
    async fn write_state(&mut self) -> Result<(), Failure> {
        let mut tx = DetectionTx::default();
        self.owned.add_state(&mut tx);
        self.commit_state(tx).await
    }

    async fn commit_state(&mut self, tx: DetectionTx) -> Result<(), Failure> {
        self.commit(tx).await?;
        self.checkpoint = Checkpoint::new();
        self.owned.state_written();
        let released = self.log.release(&self.owned.positions()).await;
        released.map_err(Failure::of("cannot release the log"))
    }

    async fn commit(&self, tx: DetectionTx) -> Result<(), Failure> {
        let committed = self.store.commit_detection(tx).await;
        committed.map_err(Failure::of("detection cannot commit"))
    }
}

/// When state was last written, and how much log was applied since.
struct Checkpoint {
    at: Instant,
    bytes: usize,
}

impl Checkpoint {
    fn new() -> Self {
        Self { at: Instant::now(), bytes: 0 }
    }

    fn due(&self) -> Instant {
        self.at + CHECKPOINT_EVERY
    }

    fn is_due(&self) -> bool {
        self.bytes >= CHECKPOINT_BYTES || self.due() <= Instant::now()
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
