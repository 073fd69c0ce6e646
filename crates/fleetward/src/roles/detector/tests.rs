//! Replay: the same log gives the same state and the same violations, however it is cut into
//! batches, and wherever the process dies in between.

mod assignment;
mod checkpoints;

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_detect::Settings;
use fleetward_domain::Placement;
use fleetward_domain::{
    Activity, Behavior, BehaviorName, Change, Comparison, ComparisonOperator, Count, Criteria,
    FormatLevel, Judgement, Metric, MetricValue, PortList, ProfileName, Publisher, Record, Report,
    SecurityProfile, Target, ThingName, ViolationEvent,
};
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{EVERY_PARTITION, Entered, Entry, EventLog, record};
use fleetward_store::memory::MemoryStore;
use fleetward_store::{Chunk, Documents, EventFilter, Partitions, Violations};

use super::{Batch, Owned};

const PARTITIONS: u32 = 4;
const THINGS: u64 = 12;
const START_MS: i64 = 1_700_000_000_000;
const SETTINGS: Settings = Settings {
    period_ms: 1_000,
    silence_ms: 20_000,
    unregistered_things: 1_000,
    partitions: PARTITIONS,
    things_per_step: 4_096,
    level: FormatLevel::CURRENT,
};

/// xorshift64*: the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

fn profile(version: i64) -> SecurityProfile {
    let behavior = |name: &str, metric, operator, value, duration_seconds| Behavior {
        name: BehaviorName::parse(name).unwrap(),
        metric: Some(metric),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Static(Comparison::new(operator, value).unwrap()),
            duration_seconds,
            datapoints_to_alarm: Some(2),
            datapoints_to_clear: None,
        }),
        suppress_alerts: false,
        export_metric: None,
    };
    let few = MetricValue::Count(u64::try_from(version).unwrap() + 4);
    SecurityProfile {
        name: ProfileName::parse("replayed").unwrap(),
        description: None,
        behaviors: vec![
            behavior(
                "ports",
                Metric::ListeningTcpPorts,
                ComparisonOperator::InPortSet,
                MetricValue::Ports(vec![22, 443]),
                None,
            ),
            behavior("chatter", Metric::MessagesSent, ComparisonOperator::LessThan, few, Some(2)),
        ],
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version,
        created_ms: START_MS,
        modified_ms: START_MS,
    }
}

/// A history with reports, activity, ticks, repeated records and changes of the profile.
fn history() -> Vec<Entry> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut entries = Vec::new();
    let mut push = |partition, record: Record| {
        entries
            .push(Entry { partition, bytes: record::encode(&record, FormatLevel::Named).unwrap() });
    };
    let all = vec![Target::AllThings];
    push(EVERY_PARTITION, Record::Change(1, START_MS, Change::Profile(profile(1), all.clone())));
    for step in 0..600_i64 {
        let at_ms = START_MS + step * 100;
        // The number comes first, so that the things are spread over the partitions.
        let thing = ThingName::parse(format!("{}-thing", random.below(THINGS))).unwrap();
        let partition = Placement::even(PARTITIONS).partition_of(thing.as_str());
        match random.below(10) {
            0..5 => {
                let bad = random.below(3) == 0;
                let ports = Some(if bad { vec![22, 23] } else { vec![22] });
                let list = PortList { total: None, ports };
                let report =
                    Report { report_id: step, listening_tcp: Some(list), ..Report::default() };
                let publisher = Publisher::Itself;
                push(partition, Record::Report { thing, at_ms, publisher, report });
            }
            5..9 => {
                let value = random.below(9);
                let count = Count { metric: Metric::MessagesSent, dimension: None, value };
                let activity = Activity {
                    door: "door".to_owned(),
                    boot: 1,
                    seq: u64::try_from(step).unwrap() + 1,
                    thing,
                    until_ms: at_ms,
                    since_ms: None,
                    connected: random.below(4) > 0,
                    counts: vec![count],
                    sizes: Vec::new(),
                    sources: Vec::new(),
                    away_since_ms: None,
                };
                push(partition, Record::Activity(activity.clone()));
                if random.below(5) == 0 {
                    push(partition, Record::Activity(activity));
                }
            }
            _ => push(EVERY_PARTITION, Record::Tick(at_ms)),
        }
        if step == 300 {
            let change = Change::Profile(profile(2), all.clone());
            push(EVERY_PARTITION, Record::Change(2, at_ms, change));
        }
    }
    push(EVERY_PARTITION, Record::Tick(START_MS + 120_000));
    entries
}

/// What is left of a run: all state, and all events.
#[derive(Debug, PartialEq)]
struct Outcome {
    state: BTreeMap<(u32, u32), Vec<u8>>,
    events: Vec<ViolationEvent>,
    open: usize,
}

/// An owner of these partitions, with their stored state.
async fn own(store: &MemoryStore, numbers: impl IntoIterator<Item = u32>) -> Owned {
    let mut owned = Owned::none(SETTINGS, store.format_level());
    owned.follow(store, &numbers.into_iter().collect()).await.unwrap();
    owned
}

/// Applies records, and commits all that comes of them, piece by piece. False if `goes_on` said
/// after some piece that the process dies there.
async fn apply_while(
    store: &MemoryStore,
    owned: &mut Owned,
    records: Vec<Entered>,
    mut goes_on: impl FnMut() -> bool,
) -> bool {
    let mut tx = owned.take(&Batch { records, passed: None }).unwrap();
    loop {
        let progress = tx.progress.clone();
        store.commit_detection(tx).await.unwrap();
        owned.committed(&progress);
        if !goes_on() {
            return false;
        }
        if !owned.has_work() {
            return true;
        }
        tx = owned.go_on();
    }
}

async fn apply(store: &MemoryStore, owned: &mut Owned, records: Vec<Entered>) {
    assert!(apply_while(store, owned, records, || true).await);
}

/// Writes all state.
async fn write_state(store: &MemoryStore, owned: &mut Owned) {
    for (number, _) in owned.positions() {
        let state = owned.state(number).unwrap().unwrap();
        store.write_state(state).await.unwrap();
    }
}

/// Applies the log in random batches; after some of them the process dies: with its effects
/// committed, all or some of them, with its state written, or with neither.
async fn run(log: &EmbeddedLog, total: usize, seed: u64, dies: bool) -> Outcome {
    let store = MemoryStore::new();
    let mut random = Random(seed);
    let mut owned = own(&store, 0..PARTITIONS).await;
    let mut records = read(log, &owned, total).await;
    // From one effect a commit to more than there ever are.
    let commits = 1 << (seed % 6);
    owned = owned.committing(commits);
    while !records.is_empty() {
        let size = usize::try_from(1 + random.below(40)).unwrap().min(records.len());
        let batch: Vec<Entered> = records.drain(..size).collect();
        let fate = if dies { random.below(8) } else { 7 };
        let mut fell = false;
        if fate == 0 {
            // Dead before the commit: all of the batch and more is replayed.
            let _ = owned.take(&Batch { records: batch, passed: None }).unwrap();
        } else {
            let mut pieces = random.below(3);
            let goes_on = || {
                pieces = pieces.wrapping_sub(1);
                fate != 4 || pieces > 0
            };
            fell = !apply_while(&store, &mut owned, batch, goes_on).await;
        }
        if fate == 1 || fate == 2 {
            write_state(&store, &mut owned).await;
        }
        if fate == 0 || fate == 2 || fate == 3 || fell {
            owned = own(&store, 0..PARTITIONS).await.committing(commits);
            records = read(log, &owned, total).await;
        }
    }
    write_state(&store, &mut owned).await;
    outcome(&store).await
}

async fn outcome(store: &MemoryStore) -> Outcome {
    let mut state = BTreeMap::new();
    for partition in 0..PARTITIONS {
        for Chunk { index, bytes, .. } in store.load_chunks(partition).await.unwrap() {
            state.insert((partition, index), bytes);
        }
    }
    let filter = EventFilter { to_ms: i64::MAX, ..EventFilter::default() };
    let events = store.violation_events(&filter, None, 100_000).await.unwrap();
    let mut events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    events.sort_by(|a, b| (&a.violation_id, a.event_type).cmp(&(&b.violation_id, b.event_type)));
    let open = store.active_violations(&Default::default(), None, 1000).await.unwrap().len();
    Outcome { state, events, open }
}

/// Everything from where the owner stands to the end of the log.
async fn read(log: &EmbeddedLog, owned: &Owned, total: usize) -> Vec<Entered> {
    let mut consumer = log.consume(&owned.positions()).await.unwrap();
    let last = {
        let all: Vec<_> = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
        let mut whole = log.consume(&all).await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < total {
            seen.append(&mut whole.next(1 << 20).await.unwrap());
        }
        seen.last().map(|entered| entered.offset)
    };
    let mut records: Vec<Entered> = Vec::new();
    let done = owned.positions().iter().all(|&(_, position)| Some(position) > last);
    while !done && records.last().map(|entered| entered.offset) != last {
        records.append(&mut consumer.next(1 << 20).await.unwrap());
    }
    records
}

/// A log that holds the history.
async fn logged(folder: &tempfile::TempDir) -> (Arc<EmbeddedLog>, usize) {
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let entries = history();
    let total = entries.len();
    for call in entries.chunks(7) {
        log.append(call.to_vec()).await.unwrap();
    }
    (log, total)
}

#[tokio::test]
async fn a_log_replays_to_byte_equal_state_and_the_same_violations() {
    let folder = tempfile::tempdir().unwrap();
    let (log, total) = logged(&folder).await;
    let first = run(&log, total, 1, false).await;
    assert!(first.events.len() > 20, "the history has {} events only", first.events.len());
    assert_eq!(run(&log, total, 1, false).await, first, "the same batches");
    for seed in 2..8 {
        assert_eq!(run(&log, total, seed, false).await, first, "other batches, seed {seed}");
    }
    for seed in 8..24 {
        assert_eq!(run(&log, total, seed, true).await, first, "with crashes, seed {seed}");
    }
}

#[tokio::test]
async fn a_record_of_a_newer_release_ends_the_role_with_a_sentence_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let newer = Entry { partition: EVERY_PARTITION, bytes: vec![0x82, 6, 0x80] };
    let tick = record::encode(&Record::Tick(START_MS), FormatLevel::First).unwrap();
    log.append(vec![newer, Entry { partition: EVERY_PARTITION, bytes: tick }]).await.unwrap();
    let (_keeps_running, stop) = tokio::sync::watch::channel(false);
    let detector = super::Detector {
        settings: SETTINGS,
        store: Arc::new(MemoryStore::new()),
        log,
        awaited: fleetward_front_door::Awaited::default(),
        outgoing: fleetward_front_door::Outgoing::default(),
        least_bytes: super::LEAST_BYTES,
        assignment: tokio::sync::watch::channel((0..PARTITIONS).collect()).1,
    };
    let ended = detector.run(stop).await;
    let sentence = ended.unwrap_err().to_string();
    assert!(sentence.contains("offset 20"), "{sentence}");
    assert!(sentence.contains("a learned model"), "{sentence}");
    assert!(sentence.contains("start that release"), "{sentence}");
}
