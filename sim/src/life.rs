//! The life of one process: it starts, takes what devices send, and ends by its fate.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetward::roles::detector::Detector;
use fleetward_alerts::Alerts;
use fleetward_domain::{FormatLevel, Record};
use fleetward_environment::{Chance, Clock};
use fleetward_front_door::Awaited;
use fleetward_log::embedded::{EmbeddedLog, Stepper};
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, LogError, record};
use fleetward_store::Outbox;
use tokio::sync::{Notify, watch};

use crate::carrier::Carrier;
use crate::devices::Devices;
use crate::dice::Dice;
use crate::script::{ALERT_ARN, PERIOD_MS};
use crate::switched_off::{Fault, happens};
use crate::world::World;

/// Longer than the longest window, its grace, and a tick that is sent again.
const SETTLES_MS: u64 = 12_000;
/// Alerts are retried up to five minutes later; a few in a row are to have their chance.
const ALERTS_SETTLE_MS: i64 = 2 * 3_600_000;

/// A process that has not settled by then never will.
const FOR_EVER_MS: u64 = 24 * 3_600_000;

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// When everything is done.
    Lives,
    /// All at once, and the machine with it.
    PowerCut { after_ms: u64 },
    /// All at once; what it wrote is in the system's cache.
    Kill { after_ms: u64 },
    /// By a disk that has no room for more.
    FullDisk { after_ms: u64, room: usize },
    /// By a disk that does not sync.
    FailingSync { syncs: u32 },
}

impl Fate {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let after_ms = 100 + dice.below(9_000);
        match dice.below(8) {
            0..3 => Self::PowerCut { after_ms },
            3..5 => Self::Kill { after_ms },
            5 | 6 => Self::FullDisk { after_ms, room: dice.below(3_000) as usize },
            _ => Self::FailingSync { syncs: dice.below(60) as u32 },
        }
    }
}

/// How a process ended.
pub(crate) enum End {
    /// Everything is done: all records of the log.
    Settled(Vec<(u32, Record)>),
    Killed,
    /// By itself, with a sentence.
    Ended(String),
}

impl End {
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Settled(records) => format!("settled with {} records", records.len()),
            Self::Killed => "killed".to_owned(),
            Self::Ended(sentence) => format!("ended: {sentence}"),
        }
    }
}

/// One process.
pub(crate) struct Life<'a> {
    world: &'a mut World,
    fate: Fate,
}

impl<'a> Life<'a> {
    pub(crate) fn new(world: &'a mut World, fate: Fate) -> Self {
        Self { world, fate }
    }

    /// Runs it in a runtime of its own: dropping that is how all of it dies at once.
    pub(crate) fn run(self) -> Result<End, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let steady = Clock::of_the_runtime(self.world.now_ms);
            let clock = wall_clock(&steady, &mut self.world.dice);
            let end = self.live(&clock).await;
            self.world.now_ms = steady.now_ms();
            match end {
                // Only a disk that fails is a reason to end.
                Ok(End::Ended(sentence)) if !self.has_a_bad_disk() => Err(sentence),
                end => end,
            }
        })
    }

    fn has_a_bad_disk(&self) -> bool {
        matches!(self.fate, Fate::FullDisk { .. } | Fate::FailingSync { .. })
    }

    async fn live(&self, clock: &Clock) -> Result<End, String> {
        let World { script, disk, store, .. } = &*self.world;
        let mut dice = self.world.dice.clone().fork();
        let (on_disk, folder) = (Arc::new(disk.clone()), Path::new("log"));
        let opened = EmbeddedLog::open_stepped(on_disk, folder, Some(script.partitions), u64::MAX);
        let (log, stepper) = opened.map_err(|error| format!("the log does not open: {error}"))?;
        tokio::spawn(step(stepper, clock.clone(), dice.fork()));
        if let Fate::FailingSync { syncs } = self.fate {
            disk.fail_a_sync_after(syncs);
        }
        if let Err(error) = start_door(&log, clock).await {
            return Ok(End::Ended(error.to_string()));
        }
        let (_assign, assignment) = watch::channel((0..script.partitions).collect());
        let (stop, stopped) = watch::channel(false);
        let awaited = Awaited::default();
        tokio::spawn(say_the_time(log.clone(), clock.clone(), awaited.clone()));
        let detector = Detector {
            settings: settings(script.partitions),
            store: store.clone(),
            log: log.clone(),
            awaited,
            assignment,
        };
        let mut detector = tokio::spawn(detector.run(stopped));
        let _alerts = self.start_alerts(clock, &mut dice)?;
        let deaf = Arc::new(Notify::new());
        let devices = Devices::start(self.world, &log, clock, (&mut dice, &deaf));
        // In the order written: at one and the same time, who failed first must not be a matter of
        // luck, or a seed would not play the same twice.
        let end = tokio::select! {
            biased;
            ended = &mut detector => match ended.unwrap() {
                Ok(()) => End::Ended("the detector ended without a word".to_owned()),
                Err(failure) => End::Ended(failure.to_string()),
            },
            () = deaf.notified(), if !happens(Fault::DeafAfterAFailedWrite) =>
                End::Ended("started again by hand: the log takes nothing".to_owned()),
            end = self.meet_fate(clock) => end,
            end = self.settle(clock, devices) => end?,
        };
        let End::Settled(_) = end else { return Ok(end) };
        stop.send(true).unwrap();
        let stopped = detector.await.unwrap();
        stopped.map_err(|failure| format!("the detector does not stop: {failure}"))?;
        Ok(End::Settled(read_all(&log, script.partitions, clock).await?))
    }

    async fn meet_fate(&self, clock: &Clock) -> End {
        let after = |ms| clock.sleep(Duration::from_millis(ms));
        match self.fate {
            Fate::PowerCut { after_ms } | Fate::Kill { after_ms } => {
                after(after_ms).await;
                End::Killed
            }
            Fate::FullDisk { after_ms, room } => {
                after(after_ms).await;
                self.world.disk.leave_room_for(room);
                after(FOR_EVER_MS).await;
                End::Ended("nothing was settled in a day".to_owned())
            }
            Fate::Lives | Fate::FailingSync { .. } => {
                after(FOR_EVER_MS).await;
                End::Ended("nothing was settled in a day".to_owned())
            }
        }
    }

    /// Waits until everything was sent, every window closed, and every alert delivered.
    async fn settle(&self, clock: &Clock, devices: Devices) -> Result<End, String> {
        devices.sent_everything().await;
        clock.sleep(Duration::from_millis(SETTLES_MS)).await;
        let until_ms = clock.now_ms() + ALERTS_SETTLE_MS;
        loop {
            let left = self.world.store.due_alerts(i64::MAX, 9).await.unwrap();
            if left.is_empty() {
                return Ok(End::Settled(Vec::new()));
            }
            if clock.now_ms() > until_ms {
                return Err(format!("alerts are stuck: {left:#?}"));
            }
            clock.sleep(Duration::from_secs(1)).await;
        }
    }

    fn start_alerts(
        &self,
        clock: &Clock,
        dice: &mut Dice,
    ) -> Result<fleetward_alerts::Running, String> {
        let webhook = Some("https://alarms.example/".to_owned());
        let target = fleetward_alerts::TargetSettings { webhook }.read();
        let target = target.map_err(|error| error.to_string())?;
        let settings = fleetward_alerts::Settings {
            targets: [(ALERT_ARN.to_owned(), target)].into(),
            clock: clock.clone(),
            chance: Chance::seeded(dice.below(1 << 40)),
            ..fleetward_alerts::Settings::default()
        };
        let carrier = Carrier {
            inbox: self.world.inbox.clone(),
            clock: clock.clone(),
            dice: Mutex::new(dice.fork()),
        };
        let started = Alerts::start_with(settings, self.world.store.clone(), Arc::new(carrier));
        started.map_err(|error| error.to_string())
    }
}

/// The clock that people set: an hour ahead for a while, now and then.
fn wall_clock(steady: &Clock, dice: &mut Dice) -> Clock {
    if !happens(Fault::ClockIsSet) || !dice.once_in(2) {
        return steady.clone();
    }
    let from_ms = steady.now_ms() + 1_000 + dice.below(8_000) as i64;
    let wrong = from_ms..from_ms + 5_000;
    let steady = steady.clone();
    Clock::new(move || {
        let now_ms = steady.now_ms();
        if wrong.contains(&now_ms) { now_ms + 3_600_000 } else { now_ms }
    })
}

fn settings(partitions: u32) -> fleetward_detect::Settings {
    fleetward_detect::Settings {
        period_ms: PERIOD_MS,
        partitions,
        ..fleetward_detect::Settings::default()
    }
}

/// The log's writer: slow by chance, so that what comes meanwhile shares its sync.
async fn step(mut stepper: Stepper, clock: Clock, mut dice: Dice) {
    while stepper.has_work().await {
        clock.sleep(Duration::from_millis(dice.below(20))).await;
        stepper.step();
    }
}

/// As the front door does before anything else: nothing is connected.
async fn start_door(log: &EmbeddedLog, clock: &Clock) -> Result<(), LogError> {
    let at_ms = clock.now_ms();
    // Grows with each start, as the store's counter does.
    let boot = at_ms.unsigned_abs();
    let record = Record::DoorStarted { door: "door".to_owned(), boot, at_ms };
    let bytes = record::encode(&record, FormatLevel::CURRENT)?;
    log.append(vec![Entry { partition: EVERY_PARTITION, bytes }]).await
}

/// As the front door does: says the time once somebody waits for it, and again if that was lost.
async fn say_the_time(log: Arc<EmbeddedLog>, clock: Clock, awaited: Awaited) {
    let mut follow = awaited.follow();
    loop {
        let until_ms = *follow.borrow_and_update();
        let due = async {
            match until_ms {
                Some(until_ms) => clock.sleep_until(until_ms).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = follow.changed() => if changed.is_err() { return },
            () = due => {
                let tick = Record::Tick(clock.now_ms());
                let bytes = record::encode(&tick, FormatLevel::Named).unwrap();
                // A log that takes nothing is looked at by others.
                let _ = log.append(vec![Entry { partition: EVERY_PARTITION, bytes }]).await;
                let _ = clock.timeout(Duration::from_secs(1), follow.changed()).await;
            }
        }
    }
}

/// Everything that is in the log, in its order.
async fn read_all(
    log: &EmbeddedLog,
    partitions: u32,
    clock: &Clock,
) -> Result<Vec<(u32, Record)>, String> {
    let positions: Vec<_> = (0..partitions).map(|partition| (partition, 0)).collect();
    let mut consumer = log.consume(&positions).await.map_err(|error| error.to_string())?;
    let mut records = Vec::new();
    loop {
        tokio::select! {
            biased;
            entered = consumer.next(1 << 20) => {
                for entered in entered.map_err(|error| error.to_string())? {
                    let record = record::decode(&entered.bytes).map_err(|e| e.to_string())?;
                    records.push((entered.partition, record));
                }
            }
            () = clock.sleep(Duration::from_secs(1)) => return Ok(records),
        }
    }
}
