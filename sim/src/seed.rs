//! One seed from its first process to its last, and the check of what came of it.

use crate::check;
use crate::life::{End, Fate, Life};
use crate::script::START_MS;
use crate::world::World;

/// Processes that end before their time, at most.
const EARLY_ENDS: u64 = 6;

impl World {
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
