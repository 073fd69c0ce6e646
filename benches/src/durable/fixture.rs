//! A data folder with a log and a store, a fleet in it, and what the process has written.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use fleetward::roles::detector::{Batch, Owned};
use fleetward_detect::Settings;
use fleetward_domain::{
    Activity, Behavior, BehaviorName, Change, Comparison, ComparisonOperator, Criteria, EpochMs,
    FormatLevel, Judgement, Metric, MetricValue, Placement, PortList, ProfileName, Publisher,
    Record, Report, SecurityProfile, Target, ThingName,
};
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{DetectionTx, Partitions};

/// Partitions of a new folder.
pub(super) const PARTITIONS: u32 = 256;
/// The begin of a window.
pub(super) const START_MS: EpochMs = 1_800_000_000_000;
/// The length of a window.
pub(super) const WINDOW_MS: EpochMs = 300_000;
/// Records that are appended at once.
const APPENDED: usize = 10_000;

/// What a failure is called: a benchmark only says it.
pub(super) fn text(error: impl Display) -> String {
    error.to_string()
}

/// A log and a store in a folder.
pub(super) struct Folder {
    pub(super) folder: tempfile::TempDir,
    pub(super) log: Arc<EmbeddedLog>,
    pub(super) store: Arc<SqliteStore>,
}

impl Folder {
    pub(super) fn new() -> Result<Self, String> {
        Self::at(tempfile::tempdir().map_err(text)?)
    }

    /// Opens what is there, or makes it.
    pub(super) fn at(folder: tempfile::TempDir) -> Result<Self, String> {
        let log = EmbeddedLog::open(&folder.path().join("log"), Some(PARTITIONS), 1 << 30);
        let store = SqliteStore::open(&folder.path().join("store.db"));
        Ok(Self { log: log.map_err(text)?, store: store.map_err(text)?, folder })
    }

    /// Lets go of the files, as a kill does: nothing is said to anybody.
    pub(super) fn killed(self) -> tempfile::TempDir {
        self.folder
    }

    pub(super) async fn append(&self, records: &[(u32, Record)]) -> Result<u64, String> {
        let mut bytes = 0;
        for some in records.chunks(APPENDED) {
            let mut entries = Vec::new();
            for (partition, record) in some {
                let encoded = record::encode(record, FormatLevel::CURRENT).map_err(text)?;
                bytes += encoded.len() as u64;
                entries.push(Entry { partition: *partition, bytes: encoded });
            }
            self.log.append(entries).await.map_err(text)?;
        }
        Ok(bytes)
    }

    /// Owns all partitions.
    pub(super) async fn own(&self, things: u64) -> Result<Owned, String> {
        let mut owned = Owned::none(settings(things), FormatLevel::CURRENT);
        owned.follow(&*self.store, &(0..PARTITIONS).collect()).await.map_err(text)?;
        Ok(owned)
    }

    pub(super) async fn commit(&self, owned: &mut Owned, tx: DetectionTx) -> Result<(), String> {
        if tx.progress.is_empty() {
            return Ok(());
        }
        let progress = tx.progress.clone();
        self.store.commit_detection(tx).await.map_err(text)?;
        owned.committed(&progress);
        Ok(())
    }

    /// Applies what the log has for them, until so many records came.
    pub(super) async fn catch_up(&self, owned: &mut Owned, mut left: usize) -> Result<(), String> {
        let mut consumer = self.log.consume(&owned.positions()).await.map_err(text)?;
        while left > 0 {
            let records = consumer.next(1 << 20).await.map_err(text)?;
            left = left.saturating_sub(records.len());
            let tx = owned.take(&Batch { records, passed: consumer.passed() }).map_err(text)?;
            self.commit(owned, tx).await?;
            while owned.has_work() {
                let tx = owned.go_on();
                self.commit(owned, tx).await?;
            }
        }
        Ok(())
    }
}

pub(super) fn settings(things: u64) -> Settings {
    Settings {
        unregistered_things: u32::try_from(things.saturating_mul(2)).unwrap_or(u32::MAX),
        partitions: PARTITIONS,
        ..Settings::default()
    }
}

fn name(number: u64) -> Result<ThingName, String> {
    ThingName::parse(format!("thing-{number:08}")).map_err(text)
}

fn placed(thing: ThingName, record: impl FnOnce(ThingName) -> Record) -> (u32, Record) {
    (Placement::even(PARTITIONS).partition_of(thing.as_str()), record(thing))
}

/// Judges everyone: so many messages are too few, and so many ports too many.
pub(super) fn profile(least_messages: u64) -> Result<(u32, Record), String> {
    let behavior = |name, metric, operator, value| -> Result<Behavior, String> {
        Ok(Behavior {
            name: BehaviorName::parse(name).map_err(text)?,
            metric: Some(metric),
            dimension: None,
            criteria: Some(Criteria {
                judgement: Judgement::Static(Comparison::new(operator, MetricValue::Count(value))?),
                duration_seconds: Some(300),
                datapoints_to_alarm: None,
                datapoints_to_clear: None,
            }),
            suppress_alerts: false,
            export_metric: None,
        })
    };
    // One that everyone can break at once, and one for those who break it on their own.
    let (messages, ports) = (Metric::MessagesSent, Metric::ListeningTcpPortCount);
    let profile = SecurityProfile {
        name: ProfileName::parse("everyone").map_err(text)?,
        description: None,
        behaviors: vec![
            behavior("talks", messages, ComparisonOperator::GreaterThanEquals, least_messages)?,
            behavior("few-ports", ports, ComparisonOperator::LessThan, 10)?,
        ],
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: START_MS,
        modified_ms: START_MS,
    };
    let change = Change::Profile(profile, vec![Target::AllThings]);
    Ok((EVERY_PARTITION, Record::Change(1, START_MS, change)))
}

/// Everyone is connected from the first millisecond of the first window on.
pub(super) fn connected(things: u64) -> Result<Vec<(u32, Record)>, String> {
    let activity = |number| -> Result<(u32, Record), String> {
        Ok(placed(name(number)?, |thing| {
            Record::Activity(Activity {
                door: "door".to_owned(),
                boot: 1,
                seq: number + 1,
                thing,
                until_ms: START_MS + 1,
                since_ms: None,
                connected: true,
                counts: Vec::new(),
                sizes: Vec::new(),
                sources: Vec::new(),
                away_since_ms: None,
            })
        }))
    };
    (0..things).map(activity).collect()
}

/// A report of so many ports.
pub(super) fn report(
    thing: u64,
    id: i64,
    at_ms: EpochMs,
    ports: u64,
) -> Result<(u32, Record), String> {
    Ok(placed(name(thing)?, |thing| {
        let list = PortList { total: Some(ports), ports: None };
        let report = Report { report_id: id, listening_tcp: Some(list), ..Report::default() };
        Record::Report { thing, at_ms, publisher: Publisher::Itself, report }
    }))
}

/// All before this is logged.
pub(super) fn watermark(until_ms: EpochMs) -> (u32, Record) {
    (EVERY_PARTITION, Record::Watermark { door: "door".to_owned(), boot: 1, until_ms })
}

/// Bytes that this process has written so far, and the most memory that it had, in bytes.
pub(super) fn written_and_peak() -> (u64, u64) {
    let field = |file: &str, field: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(field).map(str::to_owned));
        let number = line.and_then(|rest| rest.split_whitespace().next().map(str::to_owned));
        number.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
    };
    (field("/proc/self/io", "wchar:"), field("/proc/self/status", "VmHWM:") * 1024)
}

/// The length of a file.
pub(super) fn length(folder: &Path, file: &str) -> u64 {
    std::fs::metadata(folder.join(file)).map_or(0, |found| found.len())
}
