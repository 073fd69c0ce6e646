//! The detector's shell: reads the log, applies its records, commits what follows.
//!
//! It decides nothing. One commit carries effects and the place in the log, guarded by the
//! partitions' epochs, so that each record takes effect once whatever happens in between. What
//! concerns everyone is done in sub-steps, between which other partitions have their turn. State is
//! written beside this, a partition now and then (`checkpoint`). Which partitions it owns is told
//! from outside, and may change while it runs.

mod beside;
mod checkpoint;
mod exports;
mod owned;
mod partition;
mod reader;
#[cfg(test)]
mod tests;
mod written;

use std::collections::BTreeSet;
use std::sync::Arc;

use fleetward_detect::Settings;
use fleetward_detect::limits::THINGS_PER_STEP;
use fleetward_front_door::{Awaited, Outgoing};
use fleetward_log::EventLog;
use fleetward_store::{DetectionTx, Store};
use tokio::sync::watch;

use super::Shared;
use super::role::Role;
use crate::failure::Failure;
use checkpoint::Checkpoints;
use exports::Exports;
pub use owned::Owned;
pub use reader::Batch;
use reader::Reader;
pub use written::LEAST_BYTES;

/// Starts to detect on the partitions that are assigned; they are claimed and their state is loaded
/// when it returns.
///
/// # Errors
/// A sentence that names the partition whose state cannot be had, or what is wrong with the log.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let detector = Detector {
        settings: Settings {
            period_ms: shared.settings.period_ms,
            silence_ms: shared.settings.detect.silence_ms,
            unregistered_things: shared.settings.unregistered_things,
            partitions: shared.log.partitions(),
            things_per_step: THINGS_PER_STEP,
            level: shared.store.format_level(),
        },
        store: shared.store.clone(),
        log: shared.log.clone(),
        awaited: shared.awaited.clone(),
        outgoing: shared.outgoing.clone(),
        least_bytes: LEAST_BYTES,
        assignment: shared.assignment.clone(),
    };
    let detecting = detector.begin().await?;
    Ok(Role::start("detector", shared, |stop| detecting.run(stop)))
}

/// Detects on some partitions of a log.
pub struct Detector {
    /// How to detect.
    pub settings: Settings,
    /// Where state and effects go.
    pub store: Arc<dyn Store>,
    /// Where records come from.
    pub log: Arc<dyn EventLog>,
    /// Told until when the partitions need to know that everything is logged.
    pub awaited: Awaited,
    /// Publishes exported metrics.
    pub outgoing: Outgoing,
    /// Less log than this, in bytes, is no reason to write the state of a partition.
    pub least_bytes: u64,
    /// The partitions to own; when it changes, others are claimed and given up. A sender that is
    /// gone leaves it as it is.
    pub assignment: watch::Receiver<BTreeSet<u32>>,
}

impl Detector {
    /// Detects until told to stop (`stop` turns true, or its sender is gone), then writes its
    /// state.
    ///
    /// # Errors
    /// A sentence, if the log or the store fails, if a record cannot be read, or if another
    /// process took a partition over that is still assigned to this one.
    pub async fn run(self, stop: watch::Receiver<bool>) -> Result<(), Failure> {
        self.begin().await?.run(stop).await
    }

    /// Claims what is assigned, loads its state and opens the log there: what is damaged is told
    /// before anybody is told that the server is ready.
    async fn begin(mut self) -> Result<Detecting, Failure> {
        let mut owned = Owned::none(self.settings, self.store.format_level());
        let reader = self.follow_assignment(&mut owned).await?;
        Ok(Detecting { detector: self, owned, reader })
    }

    /// Owns what is to be owned, and reads on from there.
    async fn follow_assignment(&mut self, owned: &mut Owned) -> Result<Reader, Failure> {
        let wanted = self.assignment.borrow_and_update().clone();
        owned.follow(&*self.store, &wanted).await?;
        Reader::start(&*self.log, &owned.positions()).await
    }
}

/// A detector that has its partitions.
struct Detecting {
    detector: Detector,
    owned: Owned,
    reader: Reader,
}

impl Detecting {
    async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let Self { mut detector, mut owned, mut reader } = self;
        let (store, log) = (detector.store.clone(), detector.log.clone());
        let mut checkpoints = Checkpoints::new(store, log, detector.least_bytes);
        let exports = Exports::published_by(detector.outgoing.clone());
        loop {
            // Whoever counts says when all before it is logged; an idle fleet is asked nothing.
            detector.awaited.until(owned.next_deadline_ms());
            // In this order, so that a simulation does the same twice; the log comes last, for it
            // may always have more.
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                () = changed(&mut detector.assignment) => {
                    // What was read ahead and not applied is read again, from where each
                    // partition stands.
                    checkpoints.finish(&mut owned).await?;
                    reader = detector.follow_assignment(&mut owned).await?;
                }
                happened = checkpoints.next() => checkpoints.note(&mut owned, happened?).await?,
                () = std::future::ready(()), if owned.has_work() => {
                    // Devices that report meanwhile have their turn as well.
                    if !owned.is_full() && let Some(batch) = reader.at_hand()? {
                        detector.apply((&mut owned, &exports), &batch).await?;
                    }
                    detector.go_on((&mut owned, &exports)).await?;
                }
                batch = reader.next(), if !owned.is_full() => {
                    detector.apply((&mut owned, &exports), &batch?).await?;
                }
            }
            checkpoints.begin(&mut owned);
        }
        drop(reader);
        detector.awaited.until(None);
        // Whatever was taken is applied to its end, so that no state is of a record's middle.
        checkpoints.finish(&mut owned).await?;
        while owned.has_work() {
            detector.go_on((&mut owned, &exports)).await?;
        }
        checkpoints.write_all(&mut owned).await
    }
}

impl Detector {
    async fn apply(&self, to: (&mut Owned, &Exports), batch: &Batch) -> Result<(), Failure> {
        let tx = to.0.take(batch)?;
        self.commit(to, tx).await
    }

    async fn go_on(&self, to: (&mut Owned, &Exports)) -> Result<(), Failure> {
        let tx = to.0.go_on();
        self.commit(to, tx).await
    }

    async fn commit(
        &self,
        (owned, exports): (&mut Owned, &Exports),
        mut tx: DetectionTx,
    ) -> Result<(), Failure> {
        // Without effects there is nothing that a replay would not do again.
        if tx.progress.is_empty() {
            return Ok(());
        }
        let progress = tx.progress.clone();
        // Sent once it is sure that they are made for good; the store does not keep them.
        let made = std::mem::take(&mut tx.effects.exports);
        let committed = self.store.commit_detection(tx).await;
        committed.map_err(Failure::of("detection cannot commit"))?;
        owned.committed(&progress);
        exports.send(made);
        Ok(())
    }
}

/// Waits for another assignment; for ever if nobody is left to make one.
async fn changed(assignment: &mut watch::Receiver<BTreeSet<u32>>) {
    if assignment.changed().await.is_err() {
        std::future::pending().await
    }
}
