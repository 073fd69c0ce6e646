//! The life of one process: it starts, takes what devices send, and ends by its fate.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetward_alerts::Alerts;
use fleetward_domain::{Condition, Record};
use fleetward_environment::{Chance, Clock, RecordClock};
use fleetward_log::embedded::{EmbeddedLog, Stepper};
use fleetward_log::{EventLog, record};
use fleetward_store::Outbox;
use tokio::sync::watch;

use crate::carrier::Carrier;
use crate::devices::Devices;
use crate::dice::Dice;
use crate::door::Door;
use crate::owner::Owners;
use crate::script::ALERT_ARN;
use crate::world::World;

/// Longer than the longest window.
const SETTLES_MS: u64 = 12_000;
/// Alerts are retried up to five minutes later; a few in a row are to have their chance.
const ALERTS_SETTLE_MS: i64 = 2 * 3_600_000;

const ROOM_ENOUGH: usize = 1 << 30;
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
    /// When everything is done, though the disk has no room for a while.
    FullDisk { after_ms: u64, room: usize, for_ms: u64 },
    /// By a disk that does not sync.
    FailingSync { syncs: u32 },
}

impl Fate {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let after_ms = 100 + dice.below(9_000);
        match dice.below(8) {
            0..3 => Self::PowerCut { after_ms },
            3..5 => Self::Kill { after_ms },
            5 | 6 => {
                let (room, for_ms) = (dice.below(3_000) as usize, 500 + dice.below(9_000));
                Self::FullDisk { after_ms, room, for_ms }
            }
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
            let clock = wall_clock(&steady, self.world.wrong.clone());
            self.world.boots += 1;
            let end = self.live(&steady, &clock).await;
            self.world.now_ms = steady.now_ms();
            match end {
                // Only a disk that fails is a reason to end.
                Ok(End::Ended(sentence)) if !self.has_a_bad_disk() => Err(sentence),
                end => end,
            }
        })
    }

    fn has_a_bad_disk(&self) -> bool {
        matches!(self.fate, Fate::FailingSync { .. })
    }

    async fn live(&self, steady: &Clock, clock: &Clock) -> Result<End, String> {
        let World { script, disk, .. } = &*self.world;
        let mut dice = self.world.dice.clone().fork();
        let (on_disk, folder) = (Arc::new(disk.clone()), Path::new("log"));
        let opened = EmbeddedLog::open_stepped(on_disk, folder, Some(script.partitions), u64::MAX);
        let (log, stepper) = opened.map_err(|error| format!("the log does not open: {error}"))?;
        tokio::spawn(step(stepper, steady.clone(), dice.fork()));
        if let Fate::FailingSync { syncs } = self.fate {
            disk.fail_a_sync_after(syncs);
        }
        let clocks = (RecordClock::new(clock.clone()), steady);
        let door = match Door::start(&log, clocks, self.world.boots).await {
            Ok(door) => door,
            Err(error) => return Ok(End::Ended(error.to_string())),
        };
        let _alerts = self.start_alerts(clock, &mut dice)?;
        let owners = Owners::start(self.world, &log, (&door, steady), &mut dice);
        let (stop, stopped) = watch::channel(false);
        let mut owning = tokio::spawn(owners.run(stopped));
        let devices = Devices::start(self.world, &log, (&door, steady), &mut dice);
        // In the order written: at one and the same time, who failed first must not be a matter of
        // luck, or a seed would not play the same twice.
        let end = tokio::select! {
            biased;
            ended = &mut owning => End::Ended(ended.unwrap().err().unwrap_or_default()),
            error = door.run() => End::Ended(error.to_string()),
            sentence = failed(&log) => End::Ended(sentence),
            end = self.meet_fate(steady) => end,
            end = self.settle(steady, devices) => end?,
        };
        let End::Settled(_) = end else { return Ok(end) };
        // Nobody says anything more; what was said last is applied before it stops.
        steady.sleep(Duration::from_secs(5)).await;
        stop.send(true).unwrap();
        owning
            .await
            .unwrap()
            .map_err(|failure| format!("the detector does not stop: {failure}"))?;
        Ok(End::Settled(read_all(&log, script.partitions, steady).await?))
    }

    async fn meet_fate(&self, clock: &Clock) -> End {
        let after = |ms| clock.sleep(Duration::from_millis(ms));
        match self.fate {
            Fate::PowerCut { after_ms } | Fate::Kill { after_ms } => {
                after(after_ms).await;
                End::Killed
            }
            Fate::FullDisk { after_ms, room, for_ms } => {
                after(after_ms).await;
                self.world.disk.leave_room_for(room);
                after(for_ms).await;
                self.world.disk.leave_room_for(ROOM_ENOUGH);
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

/// The clock that people set.
fn wall_clock(steady: &Clock, wrong: Vec<(Range<i64>, i64)>) -> Clock {
    let steady = steady.clone();
    Clock::new(move || {
        let now_ms = steady.now_ms();
        let by_ms = wrong.iter().find(|(when, _)| when.contains(&now_ms)).map(|(_, by_ms)| *by_ms);
        now_ms + by_ms.unwrap_or(0)
    })
}

/// Waits until the log has failed for good: that ends a process.
async fn failed(log: &EmbeddedLog) -> String {
    let mut condition = log.condition();
    loop {
        if let Condition::Failed(why) = &*condition.borrow_and_update() {
            return why.clone();
        }
        condition.changed().await.unwrap();
    }
}

/// The log's writer: slow by chance, so that what comes meanwhile shares its sync. Now and then the
/// disk stalls.
async fn step(mut stepper: Stepper, clock: Clock, mut dice: Dice) {
    while stepper.has_work().await {
        let pause_ms = if dice.once_in(60) { 2_500 } else { dice.below(20) };
        clock.sleep(Duration::from_millis(pause_ms)).await;
        stepper.step();
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
