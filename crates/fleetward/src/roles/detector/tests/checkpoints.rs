//! What is written when, what a crash in between leaves, and who may write at all.

use std::collections::BTreeSet;

use std::time::Duration;

use fleetward_environment::Clock;
use fleetward_front_door::Awaited;
use fleetward_log::{Consumer, LogError};
use tokio::sync::watch;

use super::*;
use crate::failure::Failure;
use crate::roles::detector::Detector;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn effects_that_were_stored_before_a_crash_are_not_committed_again() {
    let folder = tempfile::tempdir().unwrap();
    let (log, total) = logged(&folder).await;
    let store = MemoryStore::new();
    let mut owned = own(&store, 0..PARTITIONS).await;
    let records = read(&log, &owned, total).await;
    apply(&store, &mut owned, records.clone()).await;
    let before = outcome(&store).await;
    assert!(before.events.len() > 20);
    // No state was written: all is applied again, and nothing comes of it.
    let mut again = own(&store, 0..PARTITIONS).await;
    let tx = again.take(&Batch { records, passed: None }).unwrap();
    assert!(tx.effects.is_empty() && tx.progress.is_empty(), "{:?}", tx.effects);
    assert!(!again.has_work());
}

/// A log that notes what is released.
struct Releases {
    log: Arc<EmbeddedLog>,
    below: watch::Sender<BTreeMap<u32, u64>>,
    retention_bytes: u64,
}

#[async_trait::async_trait]
impl EventLog for Releases {
    fn placement(&self) -> Placement {
        self.log.placement()
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<(), LogError> {
        self.log.append(entries).await
    }

    async fn consume(&self, positions: &[(u32, u64)]) -> Result<Box<dyn Consumer>, LogError> {
        self.log.consume(positions).await
    }

    async fn release(&self, positions: &[(u32, u64)]) -> Result<(), LogError> {
        self.below.send_modify(|below| below.extend(positions.iter().copied()));
        self.log.release(positions).await
    }

    fn retention_bytes(&self) -> u64 {
        self.retention_bytes
    }
}

fn detector(store: &Arc<MemoryStore>, log: Arc<dyn EventLog>) -> Detector {
    Detector {
        settings: SETTINGS,
        store: store.clone(),
        log,
        awaited: Awaited::default(),
        outgoing: fleetward_front_door::Outgoing::default(),
        least_bytes: crate::roles::detector::LEAST_BYTES,
        assignment: watch::channel((0..PARTITIONS).collect()).1,
    }
}

/// A report of about this many bytes.
fn large_report(number: i64, bytes: usize) -> Entry {
    let thing = ThingName::parse("busy").unwrap();
    let ports = vec![60_000; bytes / 3];
    let list = PortList { total: None, ports: Some(ports) };
    let report = Report { report_id: number, listening_tcp: Some(list), ..Report::default() };
    let publisher = Publisher::Itself;
    let at_ms = START_MS + number;
    let partition = Placement::even(PARTITIONS).partition_of(thing.as_str());
    let record = Record::Report { thing, at_ms, publisher, report };
    Entry { partition, bytes: record::encode(&record, FormatLevel::Named).unwrap() }
}

#[tokio::test]
async fn silent_partitions_beside_a_busy_one_hold_back_no_more_than_their_part_of_the_log() {
    const PART: u64 = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let (below, mut released) = watch::channel(BTreeMap::new());
    let noted = Arc::new(Releases { log: log.clone(), below, retention_bytes: 8 * PART });
    let store = Arc::new(MemoryStore::new());
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(detector(&store, noted).run(stopped));
    let mut end = 0;
    for number in 0..80 {
        let entry = large_report(number, 100_000);
        end += entry.bytes.len() as u64;
        log.append(vec![entry]).await.unwrap();
    }
    assert!(end > 7 * PART);
    // All four, three of which never had a record, let go of all but the last part; a batch of
    // the reader may be on its way.
    let enough = |below: &BTreeMap<u32, u64>| {
        below.len() == 4 && below.values().all(|below| *below >= end - 3 * PART)
    };
    let waited = Clock::system().timeout(PATIENCE, released.wait_for(enough)).await;
    assert!(waited.is_ok_and(|found| found.is_ok()), "{:?} of {end}", released.borrow());
    running.abort();
}

#[tokio::test]
async fn state_is_written_beside_the_loop_once_the_log_since_exceeds_it_and_replay_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let (below, mut released) = watch::channel(BTreeMap::new());
    let retention_bytes = u64::MAX;
    let noted = Arc::new(Releases { log: log.clone(), below, retention_bytes });
    let store = Arc::new(MemoryStore::new());
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(detector(&store, noted).run(stopped));
    for number in 0..12 {
        log.append(vec![large_report(number, 100_000)]).await.unwrap();
    }
    let busy = Placement::even(PARTITIONS).partition_of("busy");
    let wrote = released.wait_for(|below| below.contains_key(&busy));
    assert!(Clock::system().timeout(PATIENCE, wrote).await.is_ok());
    // Dead without a goodbye.
    running.abort();
    let _ = running.await;
    let claim = store.claim_partition(busy).await.unwrap();
    assert!(claim.state_offset > 1_000_000, "{claim:?}");
    // Little was said to the others: they replay from the begin.
    assert_eq!(store.claim_partition((busy + 1) % PARTITIONS).await.unwrap().state_offset, 0);
}

#[tokio::test]
async fn a_stale_owner_ends_with_a_sentence_and_has_changed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let store = Arc::new(MemoryStore::new());
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(detector(&store, log.clone()).run(stopped));
    let entries = history();
    let (first, rest) = entries.split_at(entries.len() / 2);
    log.append(first.to_vec()).await.unwrap();
    assignment::stored(&store, 3).await;
    // While it is stopped, as a process can be, another one takes everything over.
    let mut owner = own(&store, 0..PARTITIONS).await;
    log.append(rest.to_vec()).await.unwrap();
    let ended: Result<(), Failure> = running.await.unwrap();
    let sentence = ended.unwrap_err().to_string();
    assert!(sentence.contains("is claimed at epoch 2; epoch 1 may not write"), "{sentence}");
    for partition in 0..PARTITIONS {
        assert!(store.load_chunks(partition).await.unwrap().is_empty());
    }
    // And the new owner finds what one alone finds.
    let records = read(&log, &owner, entries.len()).await;
    apply(&store, &mut owner, records).await;
    write_state(&store, &mut owner).await;
    let alone = run(&log, entries.len(), 1, false).await;
    assert_eq!(outcome(&store).await, alone);
}

#[tokio::test]
async fn a_detector_that_stops_leaves_nothing_to_replay() {
    let folder = tempfile::tempdir().unwrap();
    let (log, total) = logged(&folder).await;
    let alone = run(&log, total, 1, false).await;
    let store = Arc::new(MemoryStore::new());
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(detector(&store, log.clone()).run(stopped));
    assignment::stored(&store, alone.events.len()).await;
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(outcome(&store).await, alone);
    let left = own(&store, 0..PARTITIONS).await;
    let positions: BTreeSet<u64> = left.positions().iter().map(|(_, offset)| *offset).collect();
    assert_eq!(positions.len(), 1, "all stand where the log was read to: {positions:?}");
}

/// A report of these ports.
fn ports_of(thing: &str, report_id: i64, ports: &[u16]) -> Entry {
    let thing = ThingName::parse(thing).unwrap();
    let list = PortList { total: None, ports: Some(ports.to_vec()) };
    let report = Report { report_id, listening_tcp: Some(list), ..Report::default() };
    let partition = Placement::even(PARTITIONS).partition_of(thing.as_str());
    let at_ms = START_MS + report_id;
    let record = Record::Report { thing, at_ms, publisher: Publisher::Itself, report };
    Entry { partition, bytes: record::encode(&record, FormatLevel::Named).unwrap() }
}

fn change(seq: u64, change: Change) -> Entry {
    let record = Record::Change(seq, START_MS, change);
    let bytes = record::encode(&record, FormatLevel::Named).unwrap();
    Entry { partition: EVERY_PARTITION, bytes }
}

#[tokio::test]
async fn who_waits_for_a_device_goes_before_what_concerns_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let mut other = profile(2);
    other.name = ProfileName::parse("other").unwrap();
    other.behaviors.truncate(1);
    let none = Comparison::new(ComparisonOperator::NotInPortSet, MetricValue::Ports(vec![99]));
    let criteria = other.behaviors[0].criteria.as_mut().unwrap();
    criteria.judgement = Judgement::Static(none.unwrap());
    criteria.datapoints_to_alarm = None;
    let all = vec![Target::AllThings];
    let mut entries = vec![
        change(1, Change::Profile(profile(1), all.clone())),
        change(2, Change::Profile(other, all)),
    ];
    let names: Vec<String> = (0..THINGS).map(|number| format!("{number}-thing")).collect();
    for report_id in 1..3 {
        entries.extend(names.iter().map(|thing| ports_of(thing, report_id, &[22, 23])));
    }
    log.append(entries.clone()).await.unwrap();
    let store = MemoryStore::new();
    let mut owned = own(&store, 0..PARTITIONS).await;
    let records = read(&log, &owned, entries.len()).await;
    apply(&store, &mut owned, records).await;
    let open = store.active_violations(&Default::default(), None, 99).await.unwrap();
    assert_eq!(open.len(), names.len());
    // One that is not in the first partition, whose turn comes with the change itself.
    let placed = |thing: &str| Placement::even(PARTITIONS).partition_of(thing);
    let device = names.iter().rev().find(|thing| placed(thing) > 0).unwrap();
    let gone = change(3, Change::ProfileDeleted(ProfileName::parse("replayed").unwrap()));
    log.append(vec![gone, ports_of(device, 3, &[99])]).await.unwrap();
    let records = read(&log, &owned, entries.len() + 2).await;
    let mut owned = owned.committing(1);
    let mut txs = vec![owned.take(&Batch { records, passed: None }).unwrap()];
    while owned.has_work() {
        txs.push(owned.go_on());
    }
    let order: Vec<u32> = txs.iter().map(|tx| tx.progress[0].partition).collect();
    assert_eq!(order.len(), PARTITIONS as usize + 1, "one alarm more than partitions: {order:?}");
    assert_eq!(order[1..3], [placed(device), placed(device)], "{order:?}");
    assert_eq!(txs[2].effects.events[0].profile.as_str(), "other");
}

#[tokio::test]
async fn who_waits_for_a_device_goes_before_what_concerns_everyone_and_comes_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let mut entries = vec![change(1, Change::Profile(profile(1), vec![Target::AllThings]))];
    let names: Vec<String> = (0..THINGS).map(|number| format!("{number}-thing")).collect();
    entries.extend(names.iter().map(|thing| ports_of(thing, 1, &[22, 23])));
    log.append(entries.clone()).await.unwrap();
    let store = MemoryStore::new();
    let mut owned = own(&store, 0..PARTITIONS).await;
    let records = read(&log, &owned, entries.len()).await;
    apply(&store, &mut owned, records).await;
    // Time passes for everyone, of which nothing comes; then a device makes its own alarm.
    let placed = |thing: &str| Placement::even(PARTITIONS).partition_of(thing);
    let device = names.iter().rev().find(|thing| placed(thing) > 0).unwrap();
    let passed = Record::Tick(START_MS + 10_000);
    let bytes = record::encode(&passed, FormatLevel::Named).unwrap();
    let everyone = Entry { partition: EVERY_PARTITION, bytes };
    log.append(vec![everyone, ports_of(device, 2, &[22, 23])]).await.unwrap();
    let records = read(&log, &owned, entries.len() + 2).await;
    let mut owned = owned.going_through(1);
    // One partition's part of what concerns everyone is a turn's work, and there is more.
    let first = owned.take(&Batch { records, passed: None }).unwrap();
    assert!(first.effects.is_empty() && owned.has_work());
    let mut turns = Vec::new();
    while owned.has_work() {
        turns.push(owned.go_on().effects.events.len());
    }
    assert_eq!(turns, [0, 1, 0, 0], "its own part, its report, and then the others");
}
