//! What lasts while processes come and go: the disk, the store, the devices' plans, the alerts that
//! were received, and the time.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use fleetward_log::disk::SimulatedDisk;
use fleetward_store::memory::MemoryStore;

use crate::carrier::Inbox;
use crate::dice::Dice;
use crate::script::{START_MS, Script};

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
    /// When people have the machine's clock wrong, and by how much.
    pub(crate) wrong: Vec<(Range<i64>, i64)>,
    /// How often a front door has started.
    pub(crate) boots: u64,
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
            wrong: wrong(&mut dice),
            boots: 0,
            story: Vec::new(),
            dice,
        }
    }
}

/// The clock is set now and then: forward or back, and right again.
fn wrong(dice: &mut Dice) -> Vec<(Range<i64>, i64)> {
    let mut wrong = Vec::new();
    let mut from_ms = START_MS;
    for _ in 0..dice.below(3) {
        from_ms += 1_000 + dice.below(9_000) as i64;
        let until_ms = from_ms + 2_000 + dice.below(6_000) as i64;
        let by_ms = dice.one_of(&[3_600_000, -3_600_000, 1_500, -1_500, 20_000]);
        wrong.push((from_ms..until_ms, by_ms));
        from_ms = until_ms;
    }
    wrong
}
