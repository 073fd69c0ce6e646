//! What lasts while processes come and go: the disk, the store, the devices' plans, the alerts that
//! were received, and the time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use fleetward_log::disk::SimulatedDisk;
use fleetward_store::memory::MemoryStore;

use crate::carrier::Inbox;
use crate::check;
use crate::dice::Dice;
use crate::life::{End, Fate, Life};
use crate::script::{START_MS, Script};

/// Processes that end before their time, at most.
const EARLY_ENDS: u64 = 6;

/// What was acknowledged so far.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// Places in the script's reports.
    pub(crate) reports: BTreeSet<usize>,
    /// Those of which the device has heard; the others it sends again.
    pub(crate) heard: BTreeSet<usize>,
    /// The first so many changes.
    pub(crate) changes: usize,
}

/// One seed's world.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) script: Arc<Script>,
    pub(crate) disk: SimulatedDisk,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) inbox: Inbox,
    pub(crate) acknowledged: Arc<Mutex<Acknowledged>>,
    pub(crate) now_ms: i64,
    /// What happened, for whoever looks into a seed.
    pub(crate) story: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            script: Arc::new(Script::new(&mut dice)),
            disk: SimulatedDisk::new(seed),
            store: Arc::new(MemoryStore::new()),
            inbox: Inbox::default(),
            acknowledged: Arc::default(),
            now_ms: START_MS,
            story: Vec::new(),
            dice,
        }
    }

    /// Runs processes until everything was sent and has settled, and checks what came of it.
    /// Gives a text that is the same whenever the same happened.
    pub(crate) fn run(&mut self) -> Result<String, String> {
        for _ in 0..self.dice.below(EARLY_ENDS) {
            let fate = Fate::draw(&mut self.dice);
            self.story.push(format!("{:>6} {fate:?}", self.now_ms - START_MS));
            let end = Life::new(self, fate).run()?;
            self.after(fate, &end);
            if matches!(end, End::Settled(_)) {
                break;
            }
        }
        match Life::new(self, Fate::Lives).run()? {
            End::Settled(records) => check::check(self, &records),
            End::Killed | End::Ended(_) => Err("the last process did not settle".to_owned()),
        }
        .map_err(|complaint| format!("{complaint}\n\n{}", self.story.join("\n")))
    }

    /// What becomes of the disk, and how long it takes until the next process starts.
    fn after(&mut self, fate: Fate, end: &End) {
        self.story.push(format!("{:>6} {}", self.now_ms - START_MS, end.in_words()));
        match fate {
            Fate::PowerCut { .. } => self.disk.crash(),
            // Now and then the power goes after all, before anybody has looked.
            _ if self.dice.once_in(4) => self.disk.crash(),
            _ => self.disk.recover(),
        }
        self.now_ms += self.dice.below(3_000) as i64;
    }
}
