//! Front doors: who counted, since which start, up to which record; and through which of them a
//! thing is connected.

use fleetward_domain::EpochMs;

use crate::limits::DOORS;

/// The front doors that this partition heard of. A door's place is its bit in a thing's `doors`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doors {
    places: Vec<Door>,
}

/// One front door.
#[derive(Clone, Debug, PartialEq)]
pub struct Door {
    pub(crate) name: String,
    /// The latest start that was heard of.
    pub(crate) boot: u64,
    /// The last record of that start; none before the first.
    pub(crate) seq: Option<u64>,
    /// When it was last heard of.
    pub(crate) heard_ms: EpochMs,
    /// It has logged whatever it stamped before this.
    pub(crate) until_ms: EpochMs,
    /// Nobody counts through it any more: what is logged of this start is not looked at.
    pub(crate) is_gone: bool,
}

/// What a record of a door means for its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The door's bit.
    pub bit: u64,
    /// Whatever was connected through this place is not any more, and since when it had not said
    /// that it had logged everything.
    pub restarted: Option<EpochMs>,
}

impl Doors {
    /// A door (re)started: it has logged everything of before. None if that start is known already.
    pub fn started(&mut self, name: &str, boot: u64, at_ms: EpochMs) -> Option<Heard> {
        match self.find(name) {
            Some((_, door)) if door.boot >= boot => None,
            _ => self.install(name, boot, None, (at_ms, at_ms)),
        }
    }

    /// A door counted something. None if this record, or a later start, was seen before. A start
    /// that nobody announced counts as one: of what it has logged nothing is known but the line.
    pub fn counted(
        &mut self,
        name: &str,
        (boot, seq): (u64, u64),
        (now_ms, line_ms): (EpochMs, EpochMs),
    ) -> Option<Heard> {
        match self.find(name) {
            Some((bit, door)) if door.boot == boot => {
                if door.is_gone || door.seq.is_some_and(|last| last >= seq) {
                    return None;
                }
                door.seq = Some(seq);
                door.heard_ms = now_ms;
                Some(Heard { bit, restarted: None })
            }
            Some((_, door)) if door.boot > boot => None,
            _ => self.install(name, boot, Some(seq), (now_ms, line_ms)),
        }
    }

    /// A door has logged everything that it stamped before `until_ms`. None if a later start was
    /// seen before, or it is gone.
    pub fn flushed(&mut self, name: &str, boot: u64, until_ms: EpochMs) -> Option<Heard> {
        match self.find(name) {
            Some((bit, door)) if door.boot == boot && !door.is_gone => {
                door.until_ms = door.until_ms.max(until_ms);
                door.heard_ms = door.heard_ms.max(until_ms);
                Some(Heard { bit, restarted: None })
            }
            Some((_, door)) if door.boot >= boot => None,
            _ => self.install(name, boot, None, (until_ms, until_ms)),
        }
    }

    /// The only door has: whichever that is.
    pub fn all_flushed(&mut self, until_ms: EpochMs) {
        for door in &mut self.places {
            door.until_ms = door.until_ms.max(until_ms);
        }
    }

    /// A door's clock was set: it stamps from this time on. None if it is not known, or gone.
    pub fn set_clock(&mut self, name: &str, boot: u64, to_ms: EpochMs) -> Option<()> {
        let (_, door) = self.find(name).filter(|(_, door)| door.boot == boot && !door.is_gone)?;
        (door.until_ms, door.heard_ms) = (to_ms, to_ms);
        Some(())
    }

    /// Nobody counts through a door any more. None if that start is not known, or it is gone
    /// already.
    pub fn gone(&mut self, name: &str, boot: u64) -> Option<Heard> {
        let (bit, door) = self.find(name).filter(|(_, door)| door.boot == boot && !door.is_gone)?;
        door.is_gone = true;
        Some(Heard { bit, restarted: Some(door.until_ms) })
    }

    /// What all doors that count have logged; none if there is none.
    #[must_use]
    pub fn line_ms(&self) -> Option<EpochMs> {
        self.places.iter().filter(|door| !door.is_gone).map(|door| door.until_ms).min()
    }

    /// Whether a door of this start is known, and counts.
    #[must_use]
    pub fn counts(&self, name: &str, boot: u64) -> bool {
        let is_it = |door: &Door| door.name == name && door.boot == boot && !door.is_gone;
        self.places.iter().any(is_it)
    }

    /// How many doors count.
    pub(crate) fn counting(&self) -> usize {
        self.places.iter().filter(|door| !door.is_gone).count()
    }

    pub(crate) fn places(&self) -> &[Door] {
        &self.places
    }

    pub(crate) fn restore(mut places: Vec<Door>) -> Self {
        places.truncate(DOORS);
        Self { places }
    }

    /// Most records come from few doors: a search from the front is the quickest.
    fn find(&mut self, name: &str) -> Option<(u64, &mut Door)> {
        let place = self.places.iter().position(|door| door.name == name)?;
        Some((1 << place, self.places.get_mut(place)?))
    }

    /// Puts a door in its own place, in a new one, or in that of the door silent longest.
    fn install(
        &mut self,
        name: &str,
        boot: u64,
        seq: Option<u64>,
        (heard_ms, until_ms): (EpochMs, EpochMs),
    ) -> Option<Heard> {
        let door = Door { name: name.to_owned(), boot, seq, heard_ms, until_ms, is_gone: false };
        let own = self.places.iter().position(|known| known.name == name);
        if own.is_none() && self.places.len() < DOORS {
            self.places.push(door);
            return Some(Heard { bit: 1 << (self.places.len() - 1), restarted: None });
        }
        let silent_longest = || {
            let doors = self.places.iter().enumerate();
            doors.min_by_key(|(_, d)| (!d.is_gone, d.heard_ms)).map(|(place, _)| place)
        };
        let place = own.or_else(silent_longest)?;
        let known = self.places.get_mut(place)?;
        let before = std::mem::replace(known, door);
        // One that was gone was lost then.
        let restarted = (!before.is_gone).then_some(before.until_ms);
        Some(Heard { bit: 1 << place, restarted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Option<Heard> = Some(Heard { bit: 1, restarted: None });

    fn restarted(until_ms: EpochMs) -> Option<Heard> {
        Some(Heard { bit: 1, restarted: Some(until_ms) })
    }

    fn counted(doors: &mut Doors, boot: u64, seq: u64) -> Option<Heard> {
        doors.counted("a", (boot, seq), (0, 0))
    }

    #[test]
    fn a_record_seen_twice_counts_once() {
        let mut doors = Doors::default();
        assert_eq!(doors.started("a", 1, 0), HEARD);
        assert_eq!(doors.started("a", 1, 0), None);
        assert_eq!(counted(&mut doors, 1, 0), HEARD);
        assert_eq!(counted(&mut doors, 1, 0), None);
        assert_eq!(counted(&mut doors, 1, 5), HEARD);
        assert_eq!(counted(&mut doors, 1, 4), None);
        assert_eq!(doors.flushed("a", 1, 7), HEARD);
        assert_eq!(doors.started("a", 2, 9), restarted(7));
        assert_eq!(counted(&mut doors, 1, 6), None, "of a start that is over");
        assert_eq!(doors.flushed("a", 1, 10), None, "of a start that is over");
        assert_eq!(counted(&mut doors, 2, 0), HEARD);
        assert_eq!(counted(&mut doors, 3, 0), restarted(9), "nobody announced this start");
    }

    #[test]
    fn the_line_is_where_the_last_door_stands_that_counts() {
        let mut doors = Doors::default();
        assert_eq!(doors.line_ms(), None);
        doors.started("a", 1, 10);
        doors.started("b", 1, 5);
        assert_eq!(doors.line_ms(), Some(5));
        doors.flushed("b", 1, 20);
        assert_eq!(doors.line_ms(), Some(10));
        let lost = doors.gone("a", 1).unwrap();
        assert_eq!(lost, Heard { bit: 1, restarted: Some(10) });
        assert_eq!(doors.line_ms(), Some(20));
        assert_eq!(counted(&mut doors, 1, 1), None, "it is gone");
        assert_eq!(doors.flushed("a", 1, 30), None, "it is gone");
        assert_eq!(doors.started("a", 2, 15), HEARD, "what it lost is known already");
        assert_eq!(doors.line_ms(), Some(15));
    }

    #[test]
    fn the_door_silent_longest_gives_way() {
        let mut doors = Doors::default();
        for place in 0..DOORS {
            let time = if place == 3 { 0 } else { 10 };
            assert!(doors.started(&format!("door-{place}"), 1, time).is_some());
        }
        let heard = doors.started("one-more", 1, 11).unwrap();
        assert_eq!(heard, Heard { bit: 1 << 3, restarted: Some(0) });
        assert_eq!(doors.places().len(), DOORS);
    }
}
