//! Reading the whole event log.

use std::collections::HashMap;
use std::sync::Arc;

use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{Consumer, EVERY_PARTITION, EventLog, LogError, record};
use fleetward_store::PartitionClaim;
use futures_util::FutureExt;

use super::findings::Findings;
use super::untouched::{Cut, ReadOnlyDisk};
use crate::both_ends::{LogEnd, StoreEnd, disagreements};
use crate::data_dir::DataDir;

/// Records that are read at once, in bytes.
const BATCH_BYTES: usize = 4 << 20;

/// Reads every record, and looks whether the log is the store's and of the same time; without what
/// the store knows, where that cannot be read.
pub(super) async fn check(data: &DataDir, store: Option<&StoreEnd>, findings: &mut Findings) {
    let folder = &data.log();
    if !folder.exists() {
        findings.problem(&data.lost_log());
        return;
    }
    // Its writer is never told to write, and reading never waits but for more than there is.
    // The stepper is the writer; without it the log is closed.
    let disk = ReadOnlyDisk::default();
    let opened = EmbeddedLog::open_stepped(Arc::new(disk.clone()), folder, None, u64::MAX);
    let (log, _stepper) = match opened {
        Ok(opened) => opened,
        Err(error) => return findings.problem(&format!("the event log: {error}")),
    };
    for Cut { path, length, bytes } in disk.cuts() {
        findings.problem(&format!(
            "the last {bytes} bytes of {} are no sound batch; a server that is started cuts them \
             off at byte {length}. A crash in the midst of a write leaves such bytes, which \
             nobody was told are kept; after any other stop they are a damaged batch and its \
             records are lost",
            path.display()
        ));
    }
    let claims = store.map(|store| store.claims.as_slice()).unwrap_or_default();
    let mut records = Records::default();
    if let Err(error) = records.read(&log, claims, findings).await {
        findings.problem(&format!("the event log cannot be read on: {error}"));
    }
    findings.done("partitions of the event log", log.partitions());
    findings.done("records of the event log", records.count);
    findings.done("of them not in the detection state yet", records.unapplied);
    if let Some((first, last)) = records.range {
        findings.fact(&format!("at offsets {first} to {last}"));
    }
    let Some(store) = store else { return };
    match LogEnd::of(&log, store).await {
        Ok(end) => disagreements(&end, store).iter().for_each(|problem| findings.problem(problem)),
        Err(failure) => findings.problem(&failure.to_string()),
    }
}

/// What was read of the log.
#[derive(Default)]
struct Records {
    count: u64,
    unapplied: u64,
    /// The offsets of the first and of the last.
    range: Option<(u64, u64)>,
}

impl Records {
    async fn read(
        &mut self,
        log: &EmbeddedLog,
        claims: &[PartitionClaim],
        findings: &mut Findings,
    ) -> Result<(), LogError> {
        let state: HashMap<u32, u64> =
            claims.iter().map(|claim| (claim.partition, claim.state_offset)).collect();
        let lowest = state.values().min().copied().unwrap_or(0);
        let from: Vec<_> = (0..log.partitions()).map(|partition| (partition, 0)).collect();
        let mut consumer = log.consume(&from).await?;
        while let Some(batch) = at_hand(&mut *consumer).await? {
            for entered in batch {
                self.count += 1;
                let first = self.range.map_or(entered.offset, |(first, _)| first);
                self.range = Some((first, entered.offset));
                // A record for every partition is wanted by the one that is furthest behind.
                let applied = match entered.partition {
                    EVERY_PARTITION => lowest,
                    partition => state.get(&partition).copied().unwrap_or(0),
                };
                self.unapplied += u64::from(entered.offset >= applied);
                if let Err(error) = record::decode(&entered.bytes) {
                    let offset = entered.offset;
                    findings.problem(&format!("the record at offset {offset} of the log: {error}"));
                }
            }
            findings.progress("records of the event log", self.count);
        }
        Ok(())
    }
}

/// The next records; none at the end of the log, where a reader waits for what comes next.
async fn at_hand(
    consumer: &mut dyn Consumer,
) -> Result<Option<Vec<fleetward_log::Entered>>, LogError> {
    // The runtime must not make it wait either, as it does with what runs for long.
    tokio::task::unconstrained(consumer.next(BATCH_BYTES)).now_or_never().transpose()
}
