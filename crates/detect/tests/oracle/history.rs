//! Random histories: what happens in a small world, and in which order it is learned.

use fleetward_domain::{Activity, Change, Publisher, Record, Report, SecurityProfile, ThingName};

use crate::dice::Dice;
use crate::profiles::{GROUPS, PROFILES, changed, group, profile, targets};
use crate::said::{counts, report, sizes, sources};
use crate::{PERIOD_MS, SILENCE_MS};

const START_MS: i64 = 1_000_000;
const THINGS: [&str; 4] = ["a", "b", "c", "d"];
const DOORS: [&str; 2] = ["d1", "d2"];

/// Something that happened, or that a front door says.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) at_ms: i64,
    /// How long it is on its way, at least: what has to follow something else waits for that.
    late_ms: i64,
    /// Through which front door; none for changes.
    door: Option<usize>,
    /// It is logged twice.
    twice: bool,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Report(&'static str, Report),
    /// What was counted of a thing until then: all but who logs it.
    Counted(Activity),
    /// All that came before is logged.
    Flushed,
    DoorStarts,
    /// Somebody found that the door is gone.
    DoorGone,
    /// Its clock stood at the time of this fact, and goes on at this one.
    ClockSet(i64),
    Changes(Change),
}

impl Fact {
    /// The time after it.
    pub(crate) fn goes_on_ms(&self) -> i64 {
        if let What::ClockSet(to_ms) = self.what { to_ms } else { self.at_ms }
    }

    /// The same with one thing less in it, each way.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let with = |what| Self { what, ..self.clone() };
        match &self.what {
            _ if self.late_ms > 0 => vec![Self { late_ms: 0, ..self.clone() }],
            _ if self.twice => vec![Self { twice: false, ..self.clone() }],
            What::Changes(Change::Profile(profile, targets)) => {
                let without = (0..profile.behaviors.len()).map(|place| {
                    let mut fewer = profile.clone();
                    fewer.behaviors.remove(place);
                    with(What::Changes(Change::Profile(fewer, targets.clone())))
                });
                without.collect()
            }
            What::Report(thing, report) => {
                let only = Report { report_id: report.report_id, ..Report::default() };
                let parts = [
                    Report { network: report.network, ..only.clone() },
                    Report { listening_tcp: report.listening_tcp.clone(), ..only.clone() },
                    Report { custom: report.custom.clone(), ..only.clone() },
                    only,
                ];
                let simpler = parts.into_iter().filter(|part| part != report);
                simpler.map(|part| with(What::Report(thing, part))).collect()
            }
            What::Counted(activity) => {
                let bare = Activity {
                    counts: Vec::new(),
                    sizes: Vec::new(),
                    sources: Vec::new(),
                    since_ms: None,
                    ..activity.clone()
                };
                let parts = [
                    Activity { counts: activity.counts.clone(), ..bare.clone() },
                    Activity { sizes: activity.sizes.clone(), ..bare.clone() },
                    Activity { sources: activity.sources.clone(), ..bare.clone() },
                    Activity { away_since_ms: None, ..activity.clone() },
                    bare,
                ];
                let simpler = parts.into_iter().filter(|part| part != activity);
                simpler.map(|part| with(What::Counted(part))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is so while a history is made.
struct World {
    dice: Dice,
    now_ms: i64,
    doors: usize,
    profiles: Vec<Option<SecurityProfile>>,
    facts: Vec<Fact>,
}

/// A history of at most so many steps.
pub(crate) fn history(seed: u64, steps: u64) -> Vec<Fact> {
    let mut dice = Dice::new(seed);
    let doors = 1 + usize::from(dice.once_in(3));
    let profiles = vec![None; PROFILES.len()];
    let mut world = World { dice, now_ms: START_MS, doors, profiles, facts: Vec::new() };
    world.change_profile(0);
    for _ in 0..world.dice.below(steps) {
        world.pass();
        world.step();
    }
    world.facts
}

impl World {
    /// Mostly a little time, sometimes up to a window's border, rarely a silence.
    fn pass(&mut self) {
        let before_ms = self.now_ms;
        let to_border = PERIOD_MS - self.now_ms.rem_euclid(PERIOD_MS);
        self.now_ms += match self.dice.below(80) {
            0..20 => 0,
            20..50 => self.dice.below(150) as i64,
            50..64 => self.dice.below(800) as i64,
            64..78 => to_border - self.dice.below(2) as i64,
            78 => self.dice.below(6_000) as i64,
            _ => SILENCE_MS + 4_000 + self.dice.below(4_000) as i64,
        };
        let crossed = before_ms.div_euclid(PERIOD_MS) != self.now_ms.div_euclid(PERIOD_MS);
        if (crossed && !self.dice.once_in(3)) || self.now_ms - before_ms > SILENCE_MS {
            self.flush();
        }
    }

    /// Each front door says how far it is: up to now, or only to the last border.
    fn flush(&mut self) {
        for door in 0..self.doors {
            self.happens(Some(door), What::Flushed);
        }
    }

    fn step(&mut self) {
        let door = self.dice.below(self.doors as u64) as usize;
        let thing = self.dice.one_of(&THINGS);
        match self.dice.below(100) {
            0..40 => {
                let report = report(&mut self.dice);
                self.happens(Some(door), What::Report(thing, report));
            }
            40..45 => self.send_again(),
            45..85 => {
                let activity = self.activity(door, thing);
                self.happens(Some(door), What::Counted(activity));
            }
            85 | 86 => self.happens(Some(door), What::DoorStarts),
            87 if self.doors == 1 => {
                let by_ms = self.dice.one_of(&[-9_500, -1_700, 0, 1_200, 7_000, 30_000]);
                self.happens(Some(door), What::ClockSet(self.now_ms + by_ms));
                self.now_ms += by_ms;
            }
            87 if self.dice.once_in(2) => {
                // It ended, was found to be gone, and comes back.
                self.happens(Some(door), What::DoorGone);
                self.pass();
                self.happens(Some(door), What::DoorStarts);
            }
            87..93 => {
                let registered = !self.dice.once_in(3);
                let groups = if registered { self.dice.some_of(&GROUPS, 2) } else { Vec::new() };
                let groups = groups.into_iter().map(group).collect();
                let name = ThingName::parse(thing).unwrap();
                self.happens(None, What::Changes(Change::Thing { name, registered, groups }));
            }
            _ => {
                let place = self.dice.below(PROFILES.len() as u64) as usize;
                self.change_profile(place);
            }
        }
    }

    fn happens(&mut self, door: Option<usize>, what: What) {
        let late_ms = match self.dice.below(12) {
            0..6 => 0,
            6..11 => self.dice.below(60) as i64,
            _ => self.dice.below(2_500) as i64,
        };
        let twice = self.dice.once_in(12);
        self.facts.push(Fact { at_ms: self.now_ms, late_ms, door, twice, what });
    }

    /// A device that heard nothing sends its report again.
    fn send_again(&mut self) {
        let mut reports = self.facts.iter().rev().take(8).filter_map(|fact| match &fact.what {
            What::Report(thing, report) => Some((fact.door, *thing, report.clone())),
            _ => None,
        });
        if let Some((door, thing, report)) = reports.next() {
            self.happens(door, What::Report(thing, report));
        }
    }

    fn change_profile(&mut self, place: usize) {
        let before = self.profiles[place].take();
        let dice = &mut self.dice;
        let change = match before {
            Some(before) if dice.once_in(6) => Change::ProfileDeleted(before.name),
            before => {
                let new = match before {
                    Some(before) if !dice.once_in(4) => changed(dice, &before),
                    _ => profile(dice, PROFILES[place]),
                };
                self.profiles[place] = Some(new.clone());
                Change::Profile(new, targets(dice))
            }
        };
        self.happens(None, What::Changes(change));
    }

    /// What a door counted of a thing: nothing of before it spoke last.
    fn activity(&mut self, door: usize, thing: &'static str) -> Activity {
        let name = ThingName::parse(thing).unwrap();
        let own = |fact: &&Fact| fact.door == Some(door) && !matches!(fact.what, What::Report(..));
        let is_of_it = |what: &What| matches!(what, What::Counted(a) if a.thing == name);
        let said = self.facts.iter().rev().filter(own);
        let last = said.clone().find(|f| is_of_it(&f.what) || !matches!(f.what, What::Counted(_)));
        let from_ms = last.map_or(START_MS, Fact::goes_on_ms);
        // What is counted from here on ends after whatever the door has said of now.
        let is_said =
            |fact: &Fact| !matches!(fact.what, What::Counted(_)) && from_ms == self.now_ms;
        self.now_ms += i64::from(last.is_some_and(is_said));
        let mut lives = said.take_while(|f| !matches!(f.what, What::DoorStarts | What::DoorGone));
        let was_connected = lives.find(|f| is_of_it(&f.what)).is_some_and(|f| match &f.what {
            What::Counted(activity) => activity.connected,
            _ => false,
        });
        let (until_ms, dice) = (self.now_ms, &mut self.dice);
        let last_ms = until_ms - 1;
        // A stretch lies in one period.
        let first_ms = from_ms.max(last_ms - last_ms.rem_euclid(PERIOD_MS)).min(last_ms);
        let since_ms =
            dice.once_in(3).then(|| first_ms + dice.below((last_ms - first_ms + 1) as u64) as i64);
        let since_ms = since_ms.filter(|since_ms| *since_ms < last_ms);
        let connected = !dice.once_in(3);
        // It was there at the begin, or came and went since.
        let is_away = !connected && if was_connected { !dice.once_in(4) } else { dice.once_in(4) };
        let stretch_ms = last_ms - since_ms.unwrap_or(last_ms);
        Activity {
            door: String::new(),
            boot: 0,
            seq: 0,
            thing: name,
            until_ms,
            since_ms,
            connected,
            away_since_ms: is_away.then(|| last_ms - dice.below(stretch_ms as u64 + 1) as i64),
            counts: counts(dice),
            sizes: sizes(dice),
            sources: sources(dice),
        }
    }
}

/// The records of these facts, from the starts of all front doors on, in the order in which they
/// are logged. What a front door says follows what it said before; that it has flushed, and that it
/// starts, all that it took before.
pub(crate) fn logged(facts: &[Fact]) -> Vec<Record> {
    let mut arrivals: Vec<(i64, &Fact)> = Vec::new();
    for fact in facts {
        let follows = |before: &Fact| match (&fact.what, &before.what) {
            (What::Report(..), What::DoorStarts | What::ClockSet(_) | What::DoorGone) => {
                before.door == fact.door
            }
            (What::Flushed | What::DoorStarts | What::ClockSet(_), _) => before.door == fact.door,
            (What::DoorGone, _) => before.door == fact.door,
            (What::Counted(..), What::Report(..)) => false,
            (What::Counted(..), _) => before.door == fact.door,
            (What::Changes(_), What::Changes(_)) => true,
            _ => false,
        };
        let before = arrivals.iter().filter(|(_, before)| follows(before));
        let after_ms = before.map(|(arrival_ms, _)| *arrival_ms).max().unwrap_or(i64::MIN);
        arrivals.push((after_ms.max(fact.at_ms + fact.late_ms), fact));
    }
    arrivals.sort_by_key(|(arrival_ms, _)| *arrival_ms);
    let mut writer = Writer::default();
    let fact = |door, at_ms, what| Fact { at_ms, late_ms: 0, door: Some(door), twice: false, what };
    let doors = facts.iter().filter_map(|fact| fact.door).max().unwrap_or_default() + 1;
    let starts = (0..doors).map(|door| fact(door, START_MS, What::DoorStarts));
    let mut records: Vec<_> = starts.map(|start| writer.record(&start)).collect();
    let mut again = Vec::new();
    for (place, (arrival_ms, fact)) in arrivals.iter().enumerate() {
        let record = writer.record(fact);
        // Whoever heard nothing appends it once more, a little later: not after a silence, which
        // forgets strangers and in earnest is much longer than ids are known.
        let is_told_twice = matches!(fact.what, What::Counted(_) | What::Changes(_));
        if fact.twice && (is_told_twice || matches!(fact.what, What::Report(..))) {
            let soon = |(later_ms, _): &&(i64, &Fact)| later_ms - arrival_ms < SILENCE_MS / 4;
            let others = arrivals[place + 1..].iter().take(3).take_while(soon).count();
            again.push((place + others, record.clone()));
        }
        records.push(record);
        records.extend(again.extract_if(.., |(at, _)| *at == place).map(|(_, record)| record));
    }
    // After all, whatever may have waited for its turn is judged.
    let end_ms = facts.last().map_or(START_MS, Fact::goes_on_ms) + 10 * PERIOD_MS;
    let ends = (0..doors).map(|door| fact(door, end_ms, What::Flushed));
    records.extend(ends.map(|end| writer.record(&end)));
    records
}

/// Numbers grow as their writers would have them grow.
#[derive(Default)]
struct Writer {
    changes: u64,
    seq: u64,
    boots: [u64; DOORS.len()],
}

impl Writer {
    fn record(&mut self, fact: &Fact) -> Record {
        let at_ms = fact.at_ms;
        let place = fact.door.unwrap_or_default();
        let door = DOORS[place].to_owned();
        match &fact.what {
            What::Report(thing, report) => Record::Report {
                thing: ThingName::parse(*thing).unwrap(),
                at_ms,
                publisher: Publisher::Itself,
                report: report.clone(),
            },
            What::Counted(activity) => {
                self.seq += 1;
                let (boot, seq) = (self.boots[place], self.seq);
                Record::Activity(Activity { door, boot, seq, ..activity.clone() })
            }
            What::Flushed => Record::Watermark { door, boot: self.boots[place], until_ms: at_ms },
            What::DoorStarts => {
                self.boots[place] += 1;
                Record::DoorStarted { door, boot: self.boots[place], at_ms }
            }
            What::DoorGone => Record::DoorGone { door, boot: self.boots[place], until_ms: at_ms },
            What::ClockSet(to_ms) => {
                let boot = self.boots[place];
                Record::ClockSet { door, boot, from_ms: at_ms, to_ms: *to_ms }
            }
            What::Changes(change) => {
                self.changes += 1;
                Record::Change(self.changes, at_ms, change.clone())
            }
        }
    }
}
