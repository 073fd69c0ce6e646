//! A data folder with a log and a store, a fleet in it, and what the process has written.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use fleetward::Failure;
use fleetward::roles::detector::{Batch, Detector, LEAST_BYTES, Owned};
use fleetward_detect::Settings;
use fleetward_domain::{
    Activity, Behavior, BehaviorName, Change, Comparison, ComparisonOperator, Criteria, EpochMs,
    FormatLevel, Judgement, Metric, MetricValue, Placement, PortList, ProfileName, Publisher,
    Record, Report, SecurityProfile, Target, ThingName,
};
use fleetward_front_door::Awaited;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, LogError, record};
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{DetectionTx, Partitions, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Partitions of a new folder.
pub(super) const PARTITIONS: u32 = 256;
/// The begin of a window.
pub(super) const START_MS: EpochMs = 1_800_000_000_000;
/// The length of a window.
pub(super) const WINDOW_MS: EpochMs = 300_000;
/// Log that a server keeps, unless it is told otherwise.
pub(super) const RETENTION_BYTES: u64 = 1 << 30;
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
        Self::at(tempfile::tempdir().map_err(text)?, RETENTION_BYTES)
    }

    /// Opens what is there, or makes it, with so much log kept.
    pub(super) fn at(folder: tempfile::TempDir, retention_bytes: u64) -> Result<Self, String> {
        let log = EmbeddedLog::open(&folder.path().join("log"), Some(PARTITIONS), retention_bytes);
        let store = SqliteStore::open(&folder.path().join("store.db"));
        Ok(Self { log: log.map_err(text)?, store: store.map_err(text)?, folder })
    }

    /// Lets go of the files, as a kill does, and opens them again: nothing is said to anybody.
    pub(super) async fn killed(self) -> Result<Self, String> {
        let Self { folder, log, store } = self;
        let retention_bytes = log.retention_bytes();
        drop((log, store));
        let place = folder.path().to_owned();
        loop {
            let log = EmbeddedLog::open(&place.join("log"), Some(PARTITIONS), retention_bytes);
            // Whoever still had work with the files lets go of them when that is done.
            if matches!(log, Err(LogError::InUse(_))) {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            let store = SqliteStore::open(&place.join("store.db"));
            if matches!(store, Err(StoreError::InUse { .. })) {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            return Ok(Self { log: log.map_err(text)?, store: store.map_err(text)?, folder });
        }
    }

    /// Another store for the same log, which has nothing yet.
    pub(super) fn beside(&self) -> Result<Arc<SqliteStore>, String> {
        // In a folder of its own: the file of detection state has the same name in each.
        let folder = self.folder.path().join("other");
        std::fs::create_dir(&folder).map_err(text)?;
        SqliteStore::open(&folder.join("store.db")).map_err(text)
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

    /// Applies what the log has for them, to its end. The last record must be for all.
    pub(super) async fn catch_up(&self, owned: &mut Owned) -> Result<(), String> {
        let (_, end) = self.log.extent();
        let mut consumer = self.log.consume(&owned.positions()).await.map_err(text)?;
        while consumer.passed().is_none_or(|passed| passed < end) {
            let records = consumer.next(1 << 20).await.map_err(text)?;
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

/// The detector's role, running.
pub(super) struct Detecting {
    /// Until when it waits for the line.
    pub(super) awaited: Awaited,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), Failure>>,
}

impl Detecting {
    /// Detects in a folder, as a server does.
    pub(super) fn on(folder: &Folder, things: u64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let awaited = Awaited::default();
        let detector = Detector {
            settings: settings(things),
            store: folder.store.clone(),
            log: folder.log.clone(),
            awaited: awaited.clone(),
            outgoing: fleetward_front_door::Outgoing::default(),
            least_bytes: LEAST_BYTES,
            assignment: watch::channel((0..PARTITIONS).collect()).1,
        };
        Self { awaited, stop, task: tokio::spawn(detector.run(stopped)) }
    }

    /// Waits until all windows are closed that end by then: whoever has closed them waits for the
    /// end of the next.
    pub(super) async fn passed(&self, line_ms: EpochMs) -> Result<(), String> {
        let mut awaited = self.awaited.follow();
        while awaited.borrow_and_update().is_none_or(|it| it <= line_ms) {
            if self.task.is_finished() {
                return Err("the detector has ended before its time".to_owned());
            }
            // Looks again now and then, for one that ends says nothing.
            let changed = tokio::time::timeout(Duration::from_secs(1), awaited.changed()).await;
            changed.unwrap_or(Ok(())).map_err(text)?;
        }
        Ok(())
    }

    /// Lets it write its state, and waits for its end.
    pub(super) async fn stop(self) -> Result<(), String> {
        self.stop.send(true).map_err(text)?;
        self.task.await.map_err(text)?.map_err(text)
    }

    /// Ends it as a kill does.
    pub(super) async fn kill(self) {
        self.task.abort();
        // It was told to end before its work was done: that it says so is no news.
        let _ = self.task.await;
    }
}

pub(super) fn settings(things: u64) -> Settings {
    Settings {
        unregistered_things: u32::try_from(things.saturating_mul(2)).unwrap_or(u32::MAX),
        partitions: PARTITIONS,
        ..Settings::default()
    }
}

/// The name of a thing.
pub(super) fn name(number: u64) -> Result<ThingName, String> {
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
