#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use fleetward_detect::statistical::{Sketch, encode};
use fleetward_domain::{BehaviorName, Effects, Percentile, ProfileName, WindowSummary};
use fleetward_log::embedded::EmbeddedLog;
use fleetward_store::memory::MemoryStore;
use fleetward_store::{DetectionTx, Partitions, Summaries};

use super::*;

const PARTITIONS: u32 = 4;
const NOW_MS: EpochMs = 1_000_000;

struct Stage {
    _folder: tempfile::TempDir,
    store: Arc<MemoryStore>,
    log: Arc<EmbeddedLog>,
    health: Arc<Health>,
    gatherer: Gatherer,
}

fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(PARTITIONS), u64::MAX).unwrap();
    let (store, health) = (Arc::new(MemoryStore::new()), Arc::new(Health::default()));
    let clock = Clock::of_the_runtime(NOW_MS);
    let gatherer = Gatherer {
        store: store.clone(),
        log: log.clone(),
        record_clock: RecordClock::new(clock.clone()),
        clock,
        health: health.clone(),
        least_things: 20,
        few: Few::default(),
    };
    Stage { _folder: folder, store, log, health, gatherer }
}

impl Stage {
    /// A partition says what its things did in a window.
    async fn say(&self, partition: u32, window_end_ms: EpochMs, values: impl Iterator<Item = u32>) {
        let mut sketch = Sketch::new(100, true);
        values.for_each(|value| sketch.add(value.into()));
        let summary = WindowSummary {
            profile: ProfileName::parse("fleet").unwrap(),
            behavior: BehaviorName::parse("sent").unwrap(),
            generation: 5,
            partition,
            window_end_ms,
            bytes: encode(Percentile::parse("p90").unwrap(), &sketch.summary()),
        };
        let effects = Effects { summaries: vec![summary], ..Effects::default() };
        self.store.commit_detection(DetectionTx::from(effects)).await.unwrap();
    }

    /// From when which threshold serves, and of how many things, by everything in the log.
    async fn thresholds(&self) -> Vec<(EpochMs, Option<f64>, u64)> {
        let marker = Entry {
            partition: EVERY_PARTITION,
            bytes: record::encode(&Record::Tick(0), FormatLevel::Proven).unwrap(),
        };
        self.log.append(vec![marker]).await.unwrap();
        let mut consumer = self.log.consume(&[(0, 0)]).await.unwrap();
        let mut found = Vec::new();
        loop {
            for entered in consumer.next(1 << 20).await.unwrap() {
                match record::decode(&entered.bytes).unwrap() {
                    Record::Threshold(it) => found.push((it.from_ms, it.value, it.things)),
                    _ => return found,
                }
            }
        }
    }
}

#[tokio::test]
async fn a_threshold_is_made_once_every_partition_has_spoken_and_never_before() {
    let stage = stage();
    for partition in 0..3 {
        stage.say(partition, 300, (0..10).map(|value| value + 10 * partition)).await;
        stage.gatherer.gather().await.unwrap();
    }
    let disk = crate::roles::disk::Disk::that_works();
    let late = stage.gatherer.clock.instant() + Duration::from_secs(60);
    let (_, said) = stage.health.answer(late, &disk, 0);
    assert!(said.contains("have waited for some partition for 60 seconds"), "{said}");
    assert_eq!(stage.store.waiting_summaries().await.unwrap().len(), 3);
    // Nothing to say is something that is said.
    stage.say(3, 300, 0..0).await;
    stage.gatherer.gather().await.unwrap();
    assert_eq!(stage.gatherer.few.count(), 1, "three of thirty lie beyond p90");
    assert_eq!(stage.thresholds().await, [(300, Some(26.0), 30)]);
    assert_eq!(stage.health.answer(late, &disk, 0).1, "ok\n");
    assert!(stage.store.waiting_summaries().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_summary_of_a_later_window_says_that_nothing_comes_of_an_earlier() {
    let stage = stage();
    stage.say(0, 300, 0..30).await;
    stage.say(0, 600, 0..40).await;
    for partition in 1..PARTITIONS {
        stage.say(partition, 600, 0..0).await;
    }
    stage.gatherer.gather().await.unwrap();
    assert_eq!(stage.thresholds().await, [(300, Some(26.0), 30), (600, Some(35.0), 40)]);
}

#[tokio::test]
async fn what_a_clock_that_was_set_back_left_ahead_of_now_is_no_word_of_before() {
    let stage = stage();
    // Some partitions had spoken of windows that are to come again, when the clock was set back.
    for partition in 1..PARTITIONS {
        stage.say(partition, NOW_MS + 3_600_000, 0..40).await;
    }
    stage.say(0, 300, 0..30).await;
    stage.gatherer.gather().await.unwrap();
    let waiting = stage.store.waiting_summaries().await.unwrap();
    let ends: Vec<_> = waiting.iter().map(|it| (it.window_end_ms, it.partition)).collect();
    assert_eq!(ends, [(300, 0)], "the others have not spoken");
    for partition in 1..PARTITIONS {
        stage.say(partition, 300, 0..0).await;
    }
    stage.gatherer.gather().await.unwrap();
    assert_eq!(stage.thresholds().await, [(300, Some(26.0), 30)]);
}

#[tokio::test]
async fn fewer_things_than_the_setting_have_no_percentile() {
    let stage = stage();
    for partition in 0..PARTITIONS {
        stage.say(partition, 300, 0..if partition == 0 { 19 } else { 0 }).await;
    }
    stage.gatherer.gather().await.unwrap();
    assert_eq!(stage.thresholds().await, [(300, None, 19)]);
}

#[tokio::test]
async fn after_a_crash_before_the_summaries_were_forgotten_it_is_made_again_alike() {
    let stage = stage();
    for partition in 0..PARTITIONS {
        stage.say(partition, 300, 0..10).await;
    }
    let crashed = Gatherer { store: Arc::new(stage.store.crash()), ..stage.gatherer };
    let survivor = Gatherer {
        store: stage.store.clone(),
        log: crashed.log.clone(),
        clock: crashed.clock.clone(),
        record_clock: crashed.record_clock.clone(),
        health: crashed.health.clone(),
        least_things: 20,
        few: Few::default(),
    };
    crashed.gather().await.unwrap();
    survivor.gather().await.unwrap();
    let stage = Stage { gatherer: survivor, ..stage };
    assert_eq!(stage.thresholds().await, [(300, Some(8.0), 40); 2]);
}

#[tokio::test]
async fn a_partition_that_stays_away_costs_the_oldest_windows_and_no_more_memory() {
    let stage = stage();
    for window in 1..=100 {
        stage.say(0, 300 * window, 0..30).await;
        stage.gatherer.gather().await.unwrap();
    }
    let waiting = stage.store.waiting_summaries().await.unwrap();
    assert_eq!(waiting.len(), WINDOWS_WAITING);
    assert!(stage.thresholds().await.is_empty(), "none is made without it");
}
