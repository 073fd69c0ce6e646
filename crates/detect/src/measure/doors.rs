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
}

/// What a record of a door means for its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The door's bit.
    pub bit: u64,
    /// Whatever was connected through this place is not any more.
    pub restarted: bool,
}

impl Doors {
    /// A door (re)started. None if that start is known already.
    pub fn started(&mut self, name: &str, boot: u64, now_ms: EpochMs) -> Option<Heard> {
        match self.find(name) {
            Some((_, door)) if door.boot >= boot => None,
            _ => self.install(name, boot, None, now_ms),
        }
    }

    /// A door counted something. None if this record, or a later start, was seen before. A start
    /// that nobody announced counts as one.
    pub fn counted(&mut self, name: &str, boot: u64, seq: u64, now_ms: EpochMs) -> Option<Heard> {
        let Some((bit, door)) = self.find(name) else {
            return self.install(name, boot, Some(seq), now_ms);
        };
        if door.boot > boot || (door.boot == boot && door.seq.is_some_and(|last| last >= seq)) {
            return None;
        }
        if door.boot < boot {
            return self.install(name, boot, Some(seq), now_ms);
        }
        door.seq = Some(seq);
        door.heard_ms = now_ms;
        Some(Heard { bit, restarted: false })
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
        now_ms: EpochMs,
    ) -> Option<Heard> {
        let door = Door { name: name.to_owned(), boot, seq, heard_ms: now_ms };
        let own = self.places.iter().position(|known| known.name == name);
        if own.is_none() && self.places.len() < DOORS {
            self.places.push(door);
            return Some(Heard { bit: 1 << (self.places.len() - 1), restarted: false });
        }
        let silent_longest =
            || self.places.iter().enumerate().min_by_key(|(_, d)| d.heard_ms).map(|(i, _)| i);
        let place = own.or_else(silent_longest)?;
        *self.places.get_mut(place)? = door;
        Some(Heard { bit: 1 << place, restarted: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Option<Heard> = Some(Heard { bit: 1, restarted: false });
    const RESTARTED: Option<Heard> = Some(Heard { bit: 1, restarted: true });

    #[test]
    fn a_record_seen_twice_counts_once() {
        let mut doors = Doors::default();
        assert_eq!(doors.started("a", 1, 0), HEARD);
        assert_eq!(doors.started("a", 1, 0), None);
        assert_eq!(doors.counted("a", 1, 0, 0), HEARD);
        assert_eq!(doors.counted("a", 1, 0, 0), None);
        assert_eq!(doors.counted("a", 1, 5, 0), HEARD);
        assert_eq!(doors.counted("a", 1, 4, 0), None);
        assert_eq!(doors.started("a", 2, 0), RESTARTED);
        assert_eq!(doors.counted("a", 1, 6, 0), None, "of a start that is over");
        assert_eq!(doors.counted("a", 2, 0, 0), HEARD);
        assert_eq!(doors.counted("a", 3, 0, 0), RESTARTED, "nobody announced this start");
    }

    #[test]
    fn the_door_silent_longest_gives_way() {
        let mut doors = Doors::default();
        for place in 0..DOORS {
            let time = if place == 3 { 0 } else { 10 };
            assert!(doors.started(&format!("door-{place}"), 1, time).is_some());
        }
        let heard = doors.started("one-more", 1, 11).unwrap();
        assert_eq!(heard, Heard { bit: 1 << 3, restarted: true });
        assert_eq!(doors.places().len(), DOORS);
    }
}
