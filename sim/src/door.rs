//! The front door, as far as the log sees it: it stamps reports, counts what else is done, and says
//! up to when that is all, once somebody waits for it.
//!
//! The real one needs sockets and a broker. This one keeps to its contract with the detectors
//! (`crates/front-door/src/meter/flush.rs`) and shares its clock and its wait with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetward_domain::{Activity, Count, FormatLevel, Placement, Record, ThingName};
use fleetward_environment::{Clock, RecordClock};
use fleetward_front_door::Awaited;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, LogError, record};
use tokio::sync::Notify;

use crate::script::PERIOD_MS;

pub(crate) const NAME: &str = "door";
/// How often it looks for something to say.
const STEP: Duration = Duration::from_millis(40);
/// Counts are sent this often; a watermark takes them along.
const FLUSH_STEPS: u32 = 5;

pub(crate) struct Door {
    pub(crate) clock: RecordClock,
    log: Arc<EmbeddedLog>,
    steady: Clock,
    boot: u64,
    /// Of each detector.
    awaited: Mutex<Vec<Awaited>>,
    state: Mutex<State>,
    resumed: Notify,
}

#[derive(Default)]
struct State {
    /// When the reports came that are on their way to the log.
    in_flight: BTreeMap<i64, u32>,
    /// The clock is about to jump: nobody gets a stamp.
    is_held: bool,
    /// What was not sent yet, by thing and period.
    counted: BTreeMap<(ThingName, i64), Counted>,
    seq: u64,
    /// The last watermark.
    said_ms: i64,
}

struct Counted {
    last_ms: i64,
    connected: bool,
    counts: Vec<Count>,
}

impl Door {
    /// It starts by saying so.
    pub(crate) async fn start(
        log: &Arc<EmbeddedLog>,
        (clock, steady): (RecordClock, &Clock),
        boot: u64,
    ) -> Result<Arc<Self>, LogError> {
        let door = Self {
            log: log.clone(),
            steady: steady.clone(),
            boot,
            awaited: Mutex::default(),
            state: Mutex::default(),
            resumed: Notify::new(),
            clock,
        };
        let at_ms = door.clock.now_ms();
        let started = Record::DoorStarted { door: NAME.to_owned(), boot, at_ms };
        door.append(vec![to_all(&started)]).await?;
        Ok(Arc::new(door))
    }

    /// A detector that waits for its word.
    pub(crate) fn awaited(&self) -> Awaited {
        let awaited = Awaited::default();
        self.awaited.lock().unwrap().push(awaited.clone());
        awaited
    }

    /// Stamps a report that came; it is on its way until it is settled.
    pub(crate) async fn stamp(&self) -> i64 {
        loop {
            let resumed = self.resumed.notified();
            if let Some(at_ms) = self.try_stamp() {
                return at_ms;
            }
            resumed.await;
        }
    }

    fn try_stamp(&self) -> Option<i64> {
        let mut state = self.state.lock().unwrap();
        if state.is_held {
            return None;
        }
        let at_ms = self.clock.now_ms();
        *state.in_flight.entry(at_ms).or_default() += 1;
        Some(at_ms)
    }

    /// A report that was stamped is logged, or given up.
    pub(crate) fn settle(&self, at_ms: i64) {
        let mut state = self.state.lock().unwrap();
        let count = state.in_flight.get_mut(&at_ms).unwrap();
        *count -= 1;
        if *count == 0 {
            state.in_flight.remove(&at_ms);
        }
    }

    /// A thing did something, or came or went.
    pub(crate) fn count(&self, thing: &ThingName, connected: bool, counts: &[Count]) {
        let now_ms = self.clock.now_ms();
        let key = (thing.clone(), now_ms.div_euclid(PERIOD_MS));
        let nothing = || Counted { last_ms: now_ms, connected, counts: Vec::new() };
        let mut state = self.state.lock().unwrap();
        let counted = state.counted.entry(key).or_insert_with(nothing);
        (counted.last_ms, counted.connected) = (now_ms, connected);
        counted.counts.extend_from_slice(counts);
    }

    /// Sends what it counted, and says what is awaited, until the log takes nothing more.
    pub(crate) async fn run(self: Arc<Self>) -> LogError {
        let mut steps = 0;
        loop {
            self.steady.sleep(STEP).await;
            steps += 1;
            let Some(entries) = self.next(steps % FLUSH_STEPS == 0) else { continue };
            if let Err(error) = self.append(entries).await {
                return error;
            }
            self.state.lock().unwrap().is_held = false;
            self.resumed.notify_waiters();
        }
    }

    /// What is to be sent now, in one append.
    fn next(&self, flushes: bool) -> Option<Vec<Entry>> {
        if let Some(jump) = self.clock.jump() {
            let mut state = self.state.lock().unwrap();
            state.is_held = true;
            // Everything of the old time goes before the word that it is over.
            if !state.in_flight.is_empty() {
                return None;
            }
            // What was said was said of another time.
            state.said_ms = i64::MIN;
            drop(state);
            let mut entries = self.collect();
            self.clock.follow(&jump);
            entries.push(to_all(&Record::ClockSet {
                door: NAME.to_owned(),
                boot: self.boot,
                from_ms: jump.from_ms,
                to_ms: self.clock.now_ms(),
            }));
            return Some(entries);
        }
        let awaited = self.awaited.lock().unwrap();
        let mut state = self.state.lock().unwrap();
        let deadlines = awaited.iter().filter_map(|one| *one.follow().borrow());
        let deadline_ms = deadlines.filter(|deadline_ms| *deadline_ms > state.said_ms).min();
        let on_its_way = state.in_flight.keys().next().copied();
        let now_ms = self.clock.now_ms();
        let until_ms = on_its_way.map_or(now_ms, |oldest_ms| oldest_ms.min(now_ms));
        if deadline_ms.is_some_and(|deadline_ms| deadline_ms <= until_ms) {
            state.said_ms = until_ms;
            drop(state);
            let mut entries = self.collect();
            let (door, boot) = (NAME.to_owned(), self.boot);
            entries.push(to_all(&Record::Watermark { door, boot, until_ms }));
            return Some(entries);
        }
        drop(state);
        Some(self.collect()).filter(|entries| flushes && !entries.is_empty())
    }

    fn collect(&self) -> Vec<Entry> {
        let mut state = self.state.lock().unwrap();
        let counted = std::mem::take(&mut state.counted);
        let entries = counted.into_iter().map(|((thing, _), counted)| {
            state.seq += 1;
            let partition = Placement::even(self.log.partitions()).partition_of(thing.as_str());
            let record = Record::Activity(Activity {
                door: NAME.to_owned(),
                boot: self.boot,
                seq: state.seq,
                thing,
                until_ms: counted.last_ms + 1,
                since_ms: None,
                connected: counted.connected,
                counts: counted.counts,
                sizes: Vec::new(),
                sources: Vec::new(),
                away_since_ms: None,
            });
            Entry { partition, bytes: record::encode(&record, FormatLevel::CURRENT).unwrap() }
        });
        entries.collect()
    }

    /// Appends it, and again while the disk is full; what was sent is sent as it was.
    pub(crate) async fn append(&self, entries: Vec<Entry>) -> Result<(), LogError> {
        loop {
            match self.log.append(entries.clone()).await {
                Err(LogError::Full { .. }) => {
                    self.steady.sleep(Duration::from_millis(200)).await;
                }
                outcome => return outcome,
            }
        }
    }
}

fn to_all(record: &Record) -> Entry {
    let bytes = record::encode(record, FormatLevel::CURRENT).unwrap();
    Entry { partition: EVERY_PARTITION, bytes }
}
