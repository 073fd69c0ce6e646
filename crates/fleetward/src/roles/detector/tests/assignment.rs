//! Who owns what: some partitions are as natural as all, and owners may change while they run.

use std::collections::BTreeSet;

use fleetward_front_door::Awaited;
use fleetward_store::StoreError;
use tokio::sync::watch;

use super::*;
use crate::failure::Failure;
use crate::roles::detector::Detector;

/// Two owners over one store and one log, and what is left of the log for each.
struct Pair<'a> {
    log: &'a EmbeddedLog,
    total: usize,
    store: MemoryStore,
    owners: [Owned; 2],
    records: [Vec<Entered>; 2],
}

impl<'a> Pair<'a> {
    /// The first owns these, the second the others.
    async fn start(log: &'a EmbeddedLog, total: usize, first: BTreeSet<u32>) -> Self {
        let store = MemoryStore::new();
        let second = others(&first);
        let owners = [own(&store, first).await, own(&store, second).await];
        let mut pair = Self { log, total, store, owners, records: [Vec::new(), Vec::new()] };
        pair.read_again().await;
        pair
    }

    /// Reads from where each stands.
    async fn read_again(&mut self) {
        for (owned, records) in self.owners.iter().zip(&mut self.records) {
            records.clear();
            if !owned.positions().is_empty() {
                *records = read(self.log, owned, self.total).await;
            }
        }
    }

    /// One of the two applies some records and commits what follows.
    async fn step(&mut self, who: usize, size: usize) {
        let records = &mut self.records[who];
        let size = size.min(records.len());
        let batch: Vec<Entered> = records.drain(..size).collect();
        apply(&self.store, &mut self.owners[who], batch).await;
    }

    /// The first owns these from here on, and the second the others.
    async fn assign(&mut self, first: BTreeSet<u32>) {
        let [one, other] = &mut self.owners;
        let owned = one.positions().into_iter().map(|(number, _)| number).collect();
        let kept = first.intersection(&owned).copied().collect();
        one.follow(&self.store, &kept).await.unwrap();
        other.follow(&self.store, &others(&first)).await.unwrap();
        one.follow(&self.store, &first).await.unwrap();
        self.read_again().await;
    }

    async fn finish(mut self) -> Outcome {
        for owned in &mut self.owners {
            write_state(&self.store, owned).await;
        }
        outcome(&self.store).await
    }
}

fn others(some: &BTreeSet<u32>) -> BTreeSet<u32> {
    (0..PARTITIONS).filter(|number| !some.contains(number)).collect()
}

#[tokio::test]
async fn two_detectors_with_half_each_find_what_one_finds() {
    let folder = tempfile::tempdir().unwrap();
    let (log, total) = logged(&folder).await;
    let alone = run(&log, total, 1, false).await;
    let mut pair = Pair::start(&log, total, BTreeSet::from([0, 1])).await;
    let mut random = Random(3);
    while pair.records.iter().any(|records| !records.is_empty()) {
        let who = usize::from(random.below(2) == 0);
        pair.step(who, 25).await;
    }
    assert_eq!(pair.finish().await, alone);
}

#[tokio::test]
async fn partitions_that_change_hands_lose_and_repeat_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (log, total) = logged(&folder).await;
    let alone = run(&log, total, 1, false).await;
    for seed in 1..12 {
        let mut random = Random(seed);
        let mut pair = Pair::start(&log, total, BTreeSet::from([0, 1])).await;
        while pair.records.iter().any(|records| !records.is_empty()) {
            if random.below(6) == 0 {
                let first = (0..PARTITIONS).filter(|_| random.below(2) == 0).collect();
                pair.assign(first).await;
            }
            let who = usize::from(random.below(2) == 0);
            pair.step(who, 25).await;
        }
        assert_eq!(pair.finish().await, alone, "seed {seed}");
    }
}

#[tokio::test]
async fn a_former_owner_cannot_write_and_loses_nothing_by_giving_up() {
    let folder = tempfile::tempdir().unwrap();
    let (log, total) = logged(&folder).await;
    let alone = run(&log, total, 1, false).await;
    let store = MemoryStore::new();
    let mut former = own(&store, 0..PARTITIONS).await;
    let mut records = read(&log, &former, total).await;
    apply(&store, &mut former, records.drain(..total / 2).collect()).await;
    let mut owner = own(&store, 0..PARTITIONS).await;
    let late = former.state(1).unwrap().unwrap();
    assert!(matches!(store.write_state(late).await, Err(StoreError::Fenced { .. })));
    former.follow(&store, &BTreeSet::new()).await.unwrap();
    assert!(former.positions().is_empty());
    let rest = read(&log, &owner, total).await;
    apply(&store, &mut owner, rest).await;
    write_state(&store, &mut owner).await;
    assert_eq!(outcome(&store).await, alone);
}

/// Waits until detection has stored this many events.
pub(super) async fn stored(store: &MemoryStore, events: usize) {
    let mut newest = store.newest_event();
    let filter = EventFilter { to_ms: i64::MAX, ..EventFilter::default() };
    while store.violation_events(&filter, None, 100_000).await.unwrap().len() < events {
        newest.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_running_detector_follows_its_assignment() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, total) = logged(&folder).await;
    let alone = run(&whole, total, 1, false).await;
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let store = Arc::new(MemoryStore::new());
    let (assign, assignment) = watch::channel(BTreeSet::from([0, 1]));
    let (stop, stopped) = watch::channel(false);
    let detector = Detector {
        settings: SETTINGS,
        store: store.clone(),
        log: log.clone(),
        awaited: Awaited::default(),
        outgoing: fleetward_front_door::Outgoing::default(),
        least_bytes: crate::roles::detector::LEAST_BYTES,
        assignment,
    };
    let running = tokio::spawn(detector.run(stopped));
    let entries = history();
    let (first_half, second_half) = entries.split_at(total / 2);
    log.append(first_half.to_vec()).await.unwrap();
    stored(&store, 3).await;
    // One is given up, two are new: theirs is all that was logged before, too.
    assign.send(BTreeSet::from([1, 2, 3])).unwrap();
    log.append(second_half.to_vec()).await.unwrap();
    let elsewhere = |event: &&ViolationEvent| {
        Placement::even(PARTITIONS).partition_of(event.thing.as_str()) != 0
    };
    stored(&store, alone.events.iter().filter(elsewhere).count()).await;
    assign.send((0..PARTITIONS).collect()).unwrap();
    stored(&store, alone.events.len()).await;
    stop.send(true).unwrap();
    let ended: Result<(), Failure> = running.await.unwrap();
    ended.unwrap();
    // What it had not yet applied has no effects; it belongs to the state all the same.
    let mut rest = own(&store, 0..PARTITIONS).await;
    let left = read(&log, &rest, total).await;
    apply(&store, &mut rest, left).await;
    write_state(&store, &mut rest).await;
    assert_eq!(outcome(&store).await, alone);
}
