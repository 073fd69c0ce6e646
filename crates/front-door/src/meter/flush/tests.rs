//! What is said to the log, and in which order, on virtual time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use fleetward_domain::{Metric, Place, Placement, Record, ThingName};
use fleetward_environment::RecordClock;
use fleetward_log::{Consumer, LogError, record};
use tokio::sync::Notify;

use super::super::{Counts, MeterPlan, TopicSet};
use super::*;
use crate::Awaited;
use crate::stamps::{Stamped, Stamps};

const START_MS: i64 = 1_700_000_000_000;
const LEVEL: FormatLevel = FormatLevel::CURRENT;

/// Takes records, unless it is stalled or broken.
#[derive(Default)]
struct TestLog {
    appends: Mutex<Vec<Vec<Record>>>,
    is_stalled: AtomicBool,
    goes_on: Notify,
    is_broken: AtomicBool,
}

#[async_trait::async_trait]
impl EventLog for TestLog {
    fn placement(&self) -> Placement {
        Placement::even(4)
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<(), LogError> {
        while self.is_stalled.load(Ordering::SeqCst) {
            self.goes_on.notified().await;
        }
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(LogError::Closed);
        }
        let records = entries.iter().map(|entry| record::decode(&entry.bytes).unwrap());
        self.appends.lock().unwrap().push(records.collect());
        Ok(())
    }

    async fn consume(&self, _: &[(u32, u64)]) -> Result<Box<dyn Consumer>, LogError> {
        Err(LogError::Closed)
    }

    async fn release(&self, _: &[(u32, u64)]) -> Result<(), LogError> {
        Ok(())
    }
}

/// A flusher that runs, and everything around it.
struct Stage {
    log: Arc<TestLog>,
    meter: Arc<Meter>,
    stamps: Arc<Stamps>,
    awaited: Awaited,
    clock: Clock,
    records: RecordClock,
    /// How far the wall clock is ahead of the passing time.
    set_ms: Arc<AtomicI64>,
    stop: watch::Sender<bool>,
}

fn stage_at(level: FormatLevel) -> Stage {
    let passing = Clock::of_the_runtime(START_MS);
    let set_ms = Arc::new(AtomicI64::new(0));
    let (told, ahead_ms) = (passing.clone(), Arc::clone(&set_ms));
    let clock = Clock::new(move || told.now_ms() + ahead_ms.load(Ordering::SeqCst));
    let records = RecordClock::new(clock.clone());
    let place = Place { account: "123456789012".into(), region: "us-east-1".into() };
    let awaited = Awaited::default();
    let mut settings = Settings::new("door-1", 7, place);
    settings.period_ms = 1_000;
    settings.clock = clock.clone();
    let stamps = Arc::new(Stamps::new(records.clone()));
    settings.stamps = Arc::clone(&stamps);
    settings.awaited = awaited.clone();
    let meter = Arc::new(Meter::new(records.clone(), 1_000, MeterPlan::default()));
    let log = Arc::new(TestLog::default());
    let sources = Sources { meter: Arc::clone(&meter), log: log.clone() };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Flusher::new(&settings, level, sources).run(stopped));
    Stage { log, meter, stamps, awaited, clock, records, set_ms, stop }
}

fn stage() -> Stage {
    stage_at(LEVEL)
}

impl Stage {
    async fn pass(&self, ms: u64) {
        self.clock.sleep(Duration::from_millis(ms)).await;
    }

    fn send(&self, thing: &str) {
        let meter = self.meter.hold(&ThingName::parse(thing).unwrap()).unwrap();
        let mut counts = Counts::new(self.meter.plan());
        counts.count(Metric::MessagesSent, TopicSet::NONE);
        self.meter.add(&meter, &mut counts);
        self.meter.release(&meter);
    }

    async fn report(&self) -> Stamped {
        self.stamps.take().await
    }

    /// What was appended since it was asked last: each append, each record in short.
    fn appended(&self) -> Vec<Vec<String>> {
        let appends = std::mem::take(&mut *self.log.appends.lock().unwrap());
        appends.into_iter().map(|records| records.iter().map(in_short).collect()).collect()
    }
}

/// Times from the start.
fn in_short(record: &Record) -> String {
    match record {
        Record::Activity(activity) => {
            format!("{} until {}", activity.thing, activity.until_ms - START_MS)
        }
        Record::Watermark { door, boot: 7, until_ms } if door == "door-1" => {
            format!("all until {}", until_ms - START_MS)
        }
        Record::Tick(at_ms) => format!("tick {}", at_ms - START_MS),
        Record::ClockSet { door, boot: 7, from_ms, to_ms } if door == "door-1" => {
            format!("set from {} to {}", from_ms - START_MS, to_ms - START_MS)
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_watermark_is_said_when_its_time_has_come_last_in_the_append_of_the_counts() {
    let stage = stage();
    stage.pass(900).await;
    stage.awaited.until(Some(START_MS + 1_000));
    stage.send("pump");
    stage.send("valve");
    stage.pass(150).await;
    let appended = stage.appended();
    assert_eq!(appended, [["pump until 901", "valve until 901", "all until 1000"]]);
    stage.pass(5_000).await;
    assert!(stage.appended().is_empty(), "it is said once");
}

#[tokio::test(start_paused = true)]
async fn while_nobody_waits_an_idle_fleet_writes_nothing() {
    let stage = stage();
    stage.pass(60_000).await;
    stage.awaited.until(Some(START_MS + 120_000));
    stage.pass(1_000).await;
    stage.awaited.until(None);
    stage.pass(120_000).await;
    assert!(stage.appended().is_empty());
    // What is over when it is asked for is said at once.
    stage.awaited.until(Some(START_MS + 120_000));
    stage.pass(2).await;
    assert_eq!(stage.appended(), [["all until 181000"]]);
}

#[tokio::test(start_paused = true)]
async fn a_report_on_its_way_holds_the_watermark_back_and_nothing_else() {
    let stage = stage();
    stage.awaited.until(Some(START_MS + 1_000));
    stage.pass(990).await;
    let report = stage.report().await;
    stage.send("pump");
    stage.pass(3_000).await;
    assert_eq!(stage.appended(), [["pump until 991"]], "counts do not wait");
    drop(report);
    stage.pass(2).await;
    assert_eq!(stage.appended(), [["all until 3990"]]);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_came_after_the_time_holds_only_what_is_after_it() {
    let stage = stage();
    stage.awaited.until(Some(START_MS + 1_000));
    stage.pass(995).await;
    let before = stage.report().await;
    stage.pass(10).await;
    let after = stage.report().await;
    drop(before);
    stage.pass(30).await;
    assert_eq!(stage.appended(), [["all until 1005"]]);
    drop(after);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_log_delays_the_watermark_and_loses_no_count() {
    let stage = stage();
    stage.awaited.until(Some(START_MS + 1_000));
    stage.log.is_stalled.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        stage.send("pump");
        stage.pass(1_000).await;
    }
    assert!(stage.appended().is_empty());
    stage.log.is_stalled.store(false, Ordering::SeqCst);
    stage.log.goes_on.notify_one();
    stage.pass(300).await;
    let appended: Vec<String> = stage.appended().into_iter().flatten().collect();
    let expected = ["pump until 1", "pump until 1001", "pump until 2001", "pump until 3001"];
    assert_eq!(appended[..4], expected);
    assert_eq!(appended[4..], ["pump until 4001", "all until 5000"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_log_did_not_take_is_sent_again_before_anything_is_said_of_later() {
    let stage = stage();
    stage.awaited.until(Some(START_MS + 1_000));
    stage.log.is_broken.store(true, Ordering::SeqCst);
    stage.pass(500).await;
    stage.send("pump");
    stage.pass(1_000).await;
    stage.send("pump");
    stage.pass(1_000).await;
    assert!(stage.appended().is_empty());
    stage.log.is_broken.store(false, Ordering::SeqCst);
    stage.pass(250).await;
    let appended: Vec<String> = stage.appended().into_iter().flatten().collect();
    assert_eq!(appended, ["pump until 501", "pump until 1501", "all until 2600"]);
    let _ = stage.stop.send(true);
}

#[tokio::test(start_paused = true)]
async fn many_times_that_are_waited_for_make_few_watermarks() {
    let stage = stage();
    for at_ms in 0..1_000 {
        stage.awaited.until(Some(START_MS + at_ms));
        stage.pass(1).await;
    }
    let said = stage.appended().len();
    assert!((15..=21).contains(&said), "{said} watermarks in a second");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_is_told_between_the_records_of_both_times() {
    for by_ms in [3_600_000, -3_600_000] {
        let stage = stage();
        stage.pass(100).await;
        let report = stage.report().await;
        stage.set_ms.store(by_ms, Ordering::SeqCst);
        stage.send("pump");
        stage.pass(350).await;
        // A report on its way is waited for; another one waits for its stamp.
        assert_eq!(stage.appended(), [["pump until 101"]], "{by_ms}");
        stage.send("pump");
        let stamps = Arc::clone(&stage.stamps);
        let next = tokio::spawn(async move { stamps.take().await.at_ms() - START_MS });
        stage.pass(1).await;
        drop(report);
        stage.pass(150).await;
        let said = format!("set from 600 to {}", 600 + by_ms);
        assert_eq!(stage.appended(), [["pump until 451", said.as_str()]], "{by_ms}");
        assert_eq!(next.await.unwrap(), 600 + by_ms);
        stage.send("pump");
        stage.pass(200).await;
        assert_eq!(stage.appended().concat()[0], format!("pump until {}", 602 + by_ms));
        assert_eq!(stage.records.now_ms(), stage.clock.now_ms());
    }
}

#[tokio::test(start_paused = true)]
async fn no_report_is_stamped_by_the_new_time_before_the_log_knows_of_it() {
    let stage = stage();
    stage.pass(100).await;
    stage.log.is_broken.store(true, Ordering::SeqCst);
    stage.set_ms.store(60_000, Ordering::SeqCst);
    let stamps = Arc::clone(&stage.stamps);
    stage.pass(250).await;
    let next = tokio::spawn(async move { stamps.take().await.at_ms() - START_MS });
    stage.pass(1_000).await;
    assert!(!next.is_finished());
    stage.log.is_broken.store(false, Ordering::SeqCst);
    stage.pass(250).await;
    assert_eq!(stage.appended(), [["set from 200 to 60200"]]);
    assert_eq!(next.await.unwrap(), 61_400);
}

#[tokio::test(start_paused = true)]
async fn levels_without_a_word_for_it_say_ticks_and_follow_no_jump() {
    let stage = stage_at(FormatLevel::Named);
    stage.awaited.until(Some(START_MS + 1_000));
    stage.set_ms.store(60_000, Ordering::SeqCst);
    stage.pass(1_100).await;
    assert_eq!(stage.appended(), [["tick 1000"]]);
    assert_eq!(stage.records.now_ms(), START_MS + 1_100);
}

#[tokio::test(start_paused = true)]
async fn counts_that_were_lost_leave_no_window_whole() {
    let stage = stage();
    stage.log.is_broken.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        stage.send("pump");
        stage.pass(1_000).await;
    }
    stage.log.is_broken.store(false, Ordering::SeqCst);
    stage.pass(450).await;
    let appended = stage.appended().concat();
    assert_eq!(appended[..2], ["pump until 1", "set from 20200 to 20200"]);
    assert_eq!(appended.len(), 2 + crate::limits::UNFLUSHED_WINDOWS);
    assert_eq!(appended[2], "pump until 4001");
}

#[tokio::test(start_paused = true)]
async fn counts_that_are_lost_while_they_are_sent_are_told_of_before_their_window_closes() {
    let stage = stage();
    stage.pass(900).await;
    stage.awaited.until(Some(START_MS + 1_000));
    stage.log.is_stalled.store(true, Ordering::SeqCst);
    // Collected last, since more change than fit one append.
    stage.send("pump");
    (0..FLUSH_RECORDS).for_each(|number| stage.send(&format!("other-{number}")));
    for _ in 0..=crate::limits::UNFLUSHED_WINDOWS {
        stage.pass(1_000).await;
        stage.send("pump");
    }
    stage.log.is_stalled.store(false, Ordering::SeqCst);
    stage.log.goes_on.notify_one();
    stage.pass(1).await;
    let appended = stage.appended();
    assert_eq!(appended[0].len(), FLUSH_RECORDS);
    let told = appended[1].iter().filter(|record| !record.starts_with("pump"));
    assert_eq!(told.collect::<Vec<_>>(), ["set from 17900 to 17900", "all until 1000"]);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_is_noticed_whatever_wakes_it() {
    // Which of two that are ready is looked at first is left to chance.
    for _ in 0..20 {
        let stage = stage();
        stage.pass(100).await;
        stage.awaited.until(Some(START_MS + 1_000));
        tokio::time::advance(Duration::from_secs(10)).await;
        stage.pass(1).await;
        let said = stage.appended().concat();
        assert!(said[0].starts_with("set from 101"), "{said:?}");
        assert!(said[1].starts_with("all until 101"), "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_while_the_log_was_written_is_noticed() {
    for is_answered_first in [true, false] {
        let stage = stage();
        stage.log.is_stalled.store(true, Ordering::SeqCst);
        stage.send("pump");
        stage.pass(300).await;
        let answer = || {
            stage.log.is_stalled.store(false, Ordering::SeqCst);
            stage.log.goes_on.notify_one();
        };
        if is_answered_first {
            answer();
        }
        tokio::time::advance(Duration::from_secs(10)).await;
        answer();
        stage.awaited.until(Some(START_MS + 10_000));
        stage.pass(250).await;
        let said = stage.appended().concat();
        assert_eq!(said[0], "pump until 1");
        assert!(said[1].starts_with("set from 10"), "{said:?}");
        assert!(said[2].starts_with("all until 10"), "{said:?}");
    }
}
