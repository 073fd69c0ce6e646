//! What every log must do: one suite, which each back-end runs on each disk it has.
//!
//! A back-end adds a [`Place`] and a line to [`suite`]; `docs/adding-a-log.md` says how.

mod appending;
mod reading;
mod releasing;
mod reopening;

use std::sync::Arc;

use crate::disk::SimulatedDisk;
use crate::embedded::EmbeddedLog;
use crate::{EVERY_PARTITION, Entered, Entry, EventLog, LogError};

/// Partitions of the logs under test.
const PARTITIONS: u32 = 3;

/// Where a log is: opening it again gives what was acknowledged before.
trait Place: Send + Sync {
    fn open(&self) -> Result<Arc<dyn EventLog>, LogError>;

    /// The machine or the process dies; nobody closes anything. Not every place can.
    fn crash(&self, log: Arc<dyn EventLog>);
}

/// A folder of this machine.
struct RealFolder(tempfile::TempDir);

impl RealFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Place for RealFolder {
    fn open(&self) -> Result<Arc<dyn EventLog>, LogError> {
        Ok(EmbeddedLog::open(self.0.path(), Some(PARTITIONS), 0)?)
    }

    fn crash(&self, log: Arc<dyn EventLog>) {
        drop(log);
    }
}

/// A disk that loses power.
struct Simulated(SimulatedDisk);

impl Simulated {
    fn new() -> Self {
        Self(SimulatedDisk::new(1))
    }
}

impl Place for Simulated {
    fn open(&self) -> Result<Arc<dyn EventLog>, LogError> {
        let (disk, folder) = (Arc::new(self.0.clone()), std::path::Path::new("log"));
        Ok(EmbeddedLog::open_on(disk, folder, Some(PARTITIONS), 0)?)
    }

    fn crash(&self, log: Arc<dyn EventLog>) {
        self.0.crash();
        drop(log);
    }
}

/// Each test on each back-end.
macro_rules! suite {
    ($($file:ident: $($test:ident)+;)+) => {
        mod on_the_real_disk {
            $($(#[tokio::test]
            async fn $test() {
                super::$file::$test(&super::RealFolder::new()).await;
            })+)+
        }
        mod on_the_simulated_disk {
            $($(#[tokio::test]
            async fn $test() {
                super::$file::$test(&super::Simulated::new()).await;
            })+)+
        }
    };
}

// One list, so that no back-end can miss a test: a function cannot make test functions.
suite! {
    appending:
        entries_of_a_call_keep_their_order
        many_appenders_keep_the_order_of_each
        what_does_not_fit_is_refused_whole;
    reading:
        a_consumer_sees_its_partitions_from_their_positions
        a_record_for_every_partition_comes_once_to_whoever_reads_any
        a_waiting_consumer_wakes_for_a_new_record
        offsets_grow_and_a_position_is_where_reading_goes_on
        a_position_beyond_the_end_is_refused
        a_partition_without_records_stands_where_all_was_read
        a_partition_that_does_not_exist_is_refused
        about_as_much_is_given_at_once_as_was_asked_for
        two_consumers_do_not_disturb_each_other;
    releasing:
        what_one_partition_needs_stays_though_others_release
        what_is_released_twice_or_back_again_changes_nothing;
    reopening:
        what_was_acknowledged_is_there_after_a_crash
        records_keep_their_offsets_when_the_log_is_opened_again
        the_number_of_partitions_is_kept
        only_one_process_has_the_log;
}

fn entry(partition: u32, text: &str) -> Entry {
    Entry { partition, bytes: text.as_bytes().to_vec() }
}

fn from_start() -> Vec<(u32, u64)> {
    (0..PARTITIONS).map(|partition| (partition, 0)).collect()
}

/// Reads until there are so many.
async fn read(log: &dyn EventLog, positions: &[(u32, u64)], count: usize) -> Vec<Entered> {
    let mut consumer = log.consume(positions).await.unwrap();
    let mut all = Vec::new();
    while all.len() < count {
        all.append(&mut consumer.next(1 << 20).await.unwrap());
    }
    all
}

fn texts(entered: &[Entered]) -> Vec<(u32, String)> {
    let text = |one: &Entered| String::from_utf8(one.bytes.clone()).unwrap();
    entered.iter().map(|one| (one.partition, text(one))).collect()
}

fn expected(texts: &[(u32, &str)]) -> Vec<(u32, String)> {
    texts.iter().map(|(partition, text)| (*partition, (*text).to_owned())).collect()
}

const EVERY: u32 = EVERY_PARTITION;
