//! The devices, and who changes profiles: they do what the script says; what they report they send
//! until it is acknowledged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetward_domain::{Change, FormatLevel, Placement, Publisher, Record};
use fleetward_environment::Clock;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::dice::Dice;
use crate::door::Door;
use crate::script::Script;
use crate::world::{Acknowledged, World};

/// Until a report that came is handed to the log, in milliseconds at most.
const ON_ITS_WAY_MS: u64 = 120;
/// Reports of one connection that are on their way at once.
const IN_FLIGHT: usize = 16;

/// All of them, for the life of one process.
pub(crate) struct Devices {
    tasks: JoinSet<()>,
}

/// What each of them needs.
#[derive(Clone)]
struct Sender {
    script: Arc<Script>,
    log: Arc<EmbeddedLog>,
    door: Arc<Door>,
    clock: Clock,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

impl Devices {
    pub(crate) fn start(
        world: &World,
        log: &Arc<EmbeddedLog>,
        (door, clock): (&Arc<Door>, &Clock),
        dice: &mut Dice,
    ) -> Self {
        let things = world.script.things.len();
        let sender = Sender {
            script: world.script.clone(),
            log: log.clone(),
            door: door.clone(),
            clock: clock.clone(),
            acknowledged: world.acknowledged.clone(),
        };
        let mut tasks = JoinSet::new();
        for thing in 0..things {
            tasks.spawn(sender.clone().report(thing, dice.fork()));
        }
        tasks.spawn(sender.clone().act());
        tasks.spawn(sender.change(dice.fork()));
        Self { tasks }
    }

    /// Waits until everything is acknowledged.
    pub(crate) async fn sent_everything(mut self) {
        while let Some(done) = self.tasks.join_next().await {
            done.unwrap();
        }
    }
}

impl Sender {
    /// Sends a thing's reports that are not acknowledged yet, many at once.
    async fn report(self, thing: usize, mut dice: Dice) {
        let slots = Arc::new(Semaphore::new(IN_FLIGHT));
        // Answers of a connection come in order, some way behind what they answer.
        let answer = Duration::from_millis(dice.one_of(&[0, 5, 50, 700]));
        for (place, planned) in self.script.reports.iter().enumerate() {
            let is_known = self.acknowledged.lock().unwrap().heard.contains(&place);
            if planned.thing != thing || is_known {
                continue;
            }
            self.clock.sleep_until(planned.due_ms).await;
            let slot = slots.clone().acquire_owned().await.unwrap();
            // A device that heard nothing in time sends again: both arrive.
            let times = if dice.once_in(8) { 2 } else { 1 };
            let stalls = dice.once_in(30);
            let pause_ms = if stalls { 3_000 } else { dice.below(ON_ITS_WAY_MS) };
            let sender = self.clone();
            tokio::spawn(async move {
                if sender.hand_in(place, times, Duration::from_millis(pause_ms)).await {
                    sender.acknowledged.lock().unwrap().reports.insert(place);
                    sender.clock.sleep(answer).await;
                    sender.acknowledged.lock().unwrap().heard.insert(place);
                    drop(slot);
                } else {
                    // It is sent again to the next process; the slot stays taken in this one.
                    slot.forget();
                }
            });
        }
        let _all = slots.acquire_many(IN_FLIGHT as u32).await.unwrap();
    }

    /// Whether the log has the report; those behind it may overtake it.
    async fn hand_in(&self, place: usize, times: usize, pause: Duration) -> bool {
        let at_ms = self.door.stamp().await;
        self.clock.sleep(pause).await;
        let entries = (0..times).map(|_| self.report_entry(place, at_ms)).collect();
        let is_logged = self.door.append(entries).await.is_ok();
        self.door.settle(at_ms);
        is_logged
    }

    fn report_entry(&self, place: usize, at_ms: i64) -> Entry {
        let planned = &self.script.reports[place];
        let thing = &self.script.things[planned.thing];
        let head = (thing, at_ms, Publisher::Itself);
        let bytes = record::encode_report(head, &planned.report, FormatLevel::CURRENT).unwrap();
        let placement = Placement::even(self.script.partitions);
        Entry { partition: placement.partition_of(thing.as_str()), bytes }
    }

    /// Lets things connect, send, and go. What happened while no door was there is nowhere.
    async fn act(self) {
        for doing in &self.script.doings {
            if doing.due_ms < self.clock.now_ms() {
                continue;
            }
            self.clock.sleep_until(doing.due_ms).await;
            self.door.count(&self.script.things[doing.thing], doing.connected, &doing.counts);
        }
    }

    /// Carries changes into the log, as the relay does: in order, each at least once.
    async fn change(self, mut dice: Dice) {
        let mut next = self.acknowledged.lock().unwrap().changes;
        while let Some((at_ms, _)) = self.script.changes.get(next) {
            self.clock.sleep_until(*at_ms).await;
            let from = if dice.once_in(3) { next.saturating_sub(2) } else { next };
            let entries = (from..=next).map(|place| self.change_entry(place)).collect();
            if self.door.append(entries).await.is_err() {
                return std::future::pending().await;
            }
            next += 1;
            self.acknowledged.lock().unwrap().changes = next;
        }
    }

    fn change_entry(&self, place: usize) -> Entry {
        let (_, change) = &self.script.changes[place];
        let partition = match change {
            Change::Thing { name, .. } => {
                Placement::even(self.log.partitions()).partition_of(name.as_str())
            }
            _ => EVERY_PARTITION,
        };
        let record = Record::Change(place as u64 + 1, self.door.clock.now_ms(), change.clone());
        Entry { partition, bytes: record::encode(&record, FormatLevel::CURRENT).unwrap() }
    }
}
