//! A log in memory that shows what was appended, and fails on demand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fleetward_domain::Placement;
use fleetward_domain::{Activity, Metric, Record};
use fleetward_log::{Consumer, EVERY_PARTITION, Entry, EventLog, LogError, record};

pub(crate) const PARTITIONS: u32 = 4;

#[derive(Default)]
pub(crate) struct RecordingLog {
    entries: Mutex<Vec<Entry>>,
    pub(crate) fails: AtomicBool,
}

#[async_trait::async_trait]
impl EventLog for RecordingLog {
    fn placement(&self) -> Placement {
        Placement::even(PARTITIONS)
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<(), LogError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(refusal());
        }
        self.entries.lock().unwrap().extend(entries);
        Ok(())
    }

    async fn consume(&self, _: &[(u32, u64)]) -> Result<Box<dyn Consumer>, LogError> {
        Err(refusal())
    }

    async fn release(&self, _: &[(u32, u64)]) -> Result<(), LogError> {
        Ok(())
    }
}

fn refusal() -> LogError {
    LogError::Closed
}

impl RecordingLog {
    pub(crate) fn records(&self) -> Vec<(u32, Record)> {
        let entries = self.entries.lock().unwrap();
        entries.iter().map(|e| (e.partition, record::decode(&e.bytes).unwrap())).collect()
    }

    /// The activity records of a thing, each in the partition where it belongs.
    pub(crate) fn activities(&self, thing: &str) -> Vec<Activity> {
        let mut found = Vec::new();
        for (partition, record) in self.records() {
            if let Record::Activity(activity) = record
                && activity.thing.as_str() == thing
            {
                assert_eq!(partition, Placement::even(PARTITIONS).partition_of(thing));
                found.push(activity);
            }
        }
        found
    }

    pub(crate) fn reports(&self, thing: &str) -> Vec<fleetward_domain::Report> {
        let records = self.records().into_iter();
        records
            .filter_map(|(partition, record)| match record {
                Record::Report { thing: name, report, .. } if name.as_str() == thing => {
                    assert_eq!(partition, Placement::even(PARTITIONS).partition_of(thing));
                    Some(report)
                }
                _ => None,
            })
            .collect()
    }

    pub(crate) fn sum(&self, thing: &str, metric: &Metric, dimension: Option<&str>) -> u64 {
        let activities = self.activities(thing);
        let counts = activities.iter().flat_map(|activity| &activity.counts);
        counts
            .filter(|c| {
                c.metric == *metric && c.dimension.as_ref().map(|d| d.as_str()) == dimension
            })
            .map(|count| count.value)
            .sum()
    }

    /// Whether the numbers of the activity records grow in each partition.
    pub(crate) fn seqs_grow(&self) -> bool {
        let mut last = [0u64; PARTITIONS as usize];
        self.records().iter().all(|(partition, record)| match record {
            Record::Activity(activity) => {
                let last = &mut last[*partition as usize];
                std::mem::replace(last, activity.seq) < activity.seq
            }
            _ => true,
        })
    }

    /// The last watermark.
    pub(crate) fn watermark_ms(&self) -> Option<i64> {
        let records = self.records().into_iter();
        records.rev().find_map(|(_, record)| match record {
            Record::Watermark { until_ms, .. } => Some(until_ms),
            _ => None,
        })
    }

    pub(crate) fn started(&self) -> bool {
        let is_start = |(partition, record): &(u32, Record)| {
            *partition == EVERY_PARTITION && matches!(record, Record::DoorStarted { .. })
        };
        self.records().first().is_some_and(is_start)
    }
}
