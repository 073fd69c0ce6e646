//! The devices, and who changes profiles: they send what the script says, until it is acknowledged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetward_domain::Placement;
use fleetward_domain::{Change, FormatLevel, Publisher, Record};
use fleetward_environment::Clock;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::dice::Dice;
use crate::script::Script;
use crate::switched_off::{Fault, happens};
use crate::world::{Acknowledged, World};

/// Until a report that came is handed to the log, in milliseconds at most.
const ON_ITS_WAY_MS: u64 = 120;

/// All of them, for the life of one process.
pub(crate) struct Devices {
    tasks: JoinSet<()>,
}

/// What each of them needs.
#[derive(Clone)]
struct Sender {
    script: Arc<Script>,
    log: Arc<EmbeddedLog>,
    clock: Clock,
    acknowledged: Arc<Mutex<Acknowledged>>,
    /// The first profile is in force.
    begun: Arc<Notify>,
    /// The log has refused something.
    deaf: Arc<Notify>,
    /// Whoever has a thing's turn hands in its next report.
    turns: Arc<Vec<tokio::sync::Mutex<()>>>,
}

impl Devices {
    pub(crate) fn start(
        world: &World,
        log: &Arc<EmbeddedLog>,
        clock: &Clock,
        (dice, deaf): (&mut Dice, &Arc<Notify>),
    ) -> Self {
        let things = world.script.things.len();
        let sender = Sender {
            script: world.script.clone(),
            log: log.clone(),
            clock: clock.clone(),
            acknowledged: world.acknowledged.clone(),
            begun: Arc::default(),
            deaf: deaf.clone(),
            turns: Arc::new((0..things).map(|_| tokio::sync::Mutex::default()).collect()),
        };
        let mut tasks = JoinSet::new();
        for thing in 0..things {
            tasks.spawn(sender.clone().report(thing, dice.fork()));
        }
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
    /// Sends a thing's reports that are not acknowledged yet, some at once.
    async fn report(self, thing: usize, mut dice: Dice) {
        self.begun.notified().await;
        let in_flight = if happens(Fault::ManyReportsInFlight) { 16 } else { 4 };
        let slots = Arc::new(Semaphore::new(in_flight));
        // Answers of a connection come in order, some way behind what they answer.
        let answer = Duration::from_millis(dice.one_of(&[0, 5, 50, 700]));
        for (place, planned) in self.script.reports.iter().enumerate() {
            let is_known = self.acknowledged.lock().unwrap().heard.contains(&place);
            if planned.thing != thing || is_known {
                continue;
            }
            self.clock.sleep_until(planned.due_ms).await;
            let slot = slots.clone().acquire_owned().await.unwrap();
            let turn = self.turns[thing].lock().await;
            let at_ms = self.clock.now_ms();
            let stalls = happens(Fault::LongStall) && dice.once_in(30);
            let pause_ms = if stalls { 3_000 } else { dice.below(ON_ITS_WAY_MS) };
            let pause = Duration::from_millis(pause_ms);
            let overtaken = happens(Fault::LateInItsOwnThing);
            if !overtaken {
                self.clock.sleep(pause).await;
            }
            let entry = self.entry(place, at_ms);
            // A device that heard nothing in time sends again: both arrive.
            let entries = if dice.once_in(8) { vec![entry.clone(), entry] } else { vec![entry] };
            let sender = self.clone();
            tokio::spawn(async move {
                if overtaken {
                    sender.clock.sleep(pause).await;
                }
                if sender.append(entries).await {
                    sender.acknowledged.lock().unwrap().reports.insert(place);
                    sender.clock.sleep(answer).await;
                    sender.acknowledged.lock().unwrap().heard.insert(place);
                    drop(slot);
                } else {
                    // It is sent again to the next process; the slot stays taken in this one.
                    slot.forget();
                }
            });
            drop(turn);
        }
        let _all = slots.acquire_many(in_flight as u32).await.unwrap();
    }

    fn entry(&self, place: usize, at_ms: i64) -> Entry {
        let planned = &self.script.reports[place];
        let thing = &self.script.things[planned.thing];
        let head = (thing, at_ms, Publisher::Itself);
        let bytes = record::encode_report(head, &planned.report, FormatLevel::CURRENT).unwrap();
        Entry {
            partition: Placement::even(self.script.partitions).partition_of(thing.as_str()),
            bytes,
        }
    }

    /// Carries changes into the log, as the relay does: in order, each at least once.
    async fn change(self, mut dice: Dice) {
        let first_profile = self.script.things.len() + 1;
        let mut next = self.acknowledged.lock().unwrap().changes;
        loop {
            if next >= first_profile {
                self.turns.iter().for_each(|_| self.begun.notify_one());
            }
            let Some((at_ms, _)) = self.script.changes.get(next) else { return };
            self.clock.sleep_until(*at_ms).await;
            let mut turns = Vec::new();
            if !happens(Fault::BeforeTheBehavior) {
                for turn in self.turns.iter() {
                    turns.push(turn.lock().await);
                }
            }
            let from = if dice.once_in(3) { next.saturating_sub(2) } else { next };
            let entries = (from..=next).map(|place| self.change_entry(place)).collect();
            if !self.append(entries).await {
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
                Placement::even(self.script.partitions).partition_of(name.as_str())
            }
            _ => EVERY_PARTITION,
        };
        let record = Record::Change(place as u64 + 1, self.clock.now_ms(), change.clone());
        Entry { partition, bytes: record::encode(&record, FormatLevel::CURRENT).unwrap() }
    }

    /// Whether the log has it.
    async fn append(&self, entries: Vec<Entry>) -> bool {
        loop {
            if self.log.append(entries.clone()).await.is_ok() {
                return true;
            }
            self.deaf.notify_one();
            if !happens(Fault::DeafAfterAFailedWrite) {
                return false;
            }
            self.clock.sleep(Duration::from_secs(1)).await;
        }
    }
}
