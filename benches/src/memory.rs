//! Memory: what a registered thing takes that ten behaviors judge, after three reports within ten
//! minutes, their ids remembered; resident, and at its peak.
//!
//! In 256 partitions, as `serve` has them, through which a front door draws the line. Measured
//! against the same process before anything was registered; a fresh process, so one run. Then the
//! loop of rules says of the same fleet what should have been found.

use std::fs;

use fleetward_detect::{Partition, Settings};
use fleetward_domain::{Change, Effects, EpochMs, Placement, Record, Report, Target, ThingName};
use fleetward_fleet::{Fleet, engine_profile, thing_name};
use fleetward_report::{Format, parse};

use crate::arguments::Arguments;
use crate::engine::{Found, LoopOfRules};
use crate::outcome::{Figure, Outcome};

/// Partitions of a new folder.
const PARTITIONS: u32 = 256;
/// When the things are registered: a window's begin.
const REGISTERED_MS: EpochMs = 1_700_000_100_000;
/// The length of a window.
const WINDOW_MS: EpochMs = 300_000;
/// For each round when it begins and how long it is: each lies in a window of its own, so that the
/// loop of rules, which knows none, finds the same; and all in ten minutes.
const ROUNDS: [(EpochMs, EpochMs); 3] =
    [(500_000, 100_000), (600_000, 300_000), (900_000, 200_000)];
/// Things unless the arguments say otherwise.
const THINGS: u64 = 1_000_000;
/// Bytes a thing that must not be exceeded, and those that are wanted.
const MUST_BYTES: f64 = 300.0;
const GOAL_BYTES: f64 = 150.0;
/// How much more than what stays the peak may be.
const MUST_PEAK: f64 = 1.3;

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let things = arguments.things.unwrap_or(THINGS);
    // As a server does when it starts.
    fleetward::huge_pages::refuse();
    let mut serving = Serving::new()?;
    // Only what things take: the profile and empty partitions are there already.
    let before = Resident::now()?;
    serving.register(things)?;
    let registered = Resident::now()?;
    serving.take_reports(things)?;
    let after = Resident::now()?;
    let each = |now: u64| now.saturating_sub(before.now) as f64 / things as f64;
    let (resident, peak) = (each(after.now), each(after.peak));
    let found = serving.finish();
    let expected = by_rules(things)?;
    let mut figures = vec![
        Figure::new("resident", "bytes a thing").at_most(MUST_BYTES, GOAL_BYTES),
        Figure::new("peak / what stays", "x").at_most(MUST_PEAK, MUST_PEAK),
        Figure::new("peak", "bytes a thing"),
        Figure::new("registered only", "bytes a thing"),
    ];
    let values = [resident, peak / resident, peak, each(registered.now)];
    figures.iter_mut().zip(values).for_each(|(figure, value)| figure.push(value));
    let mut outcome = Outcome::new("memory", figures, None);
    outcome.check(found == expected, || format!("{found:?}, by rules {expected:?}"));
    let kept = serving.things();
    outcome.check(kept == things, || format!("{kept} things of {things}"));
    outcome.notes.push(format!(
        "{things} things in {PARTITIONS} partitions, three reports each in ten minutes; \
         {} alarms, {} clears",
        found.alarms, found.clears
    ));
    Ok(outcome)
}

/// The partitions of a server, and what they found.
struct Serving {
    partitions: Vec<Partition>,
    effects: Effects,
    found: Found,
    line_ms: EpochMs,
}

impl Serving {
    fn new() -> Result<Self, String> {
        let profile = Change::Profile(engine_profile()?, vec![Target::AllThings]);
        let partitions = (0..PARTITIONS).map(|_| Partition::new(Settings::default())).collect();
        let (effects, found) = (Effects::default(), Found::default());
        let mut serving = Self { partitions, effects, found, line_ms: REGISTERED_MS };
        let started =
            Record::DoorStarted { door: "door".to_owned(), boot: 1, at_ms: REGISTERED_MS };
        serving.tell_all(&started);
        serving.tell_all(&Record::Change(1, REGISTERED_MS, profile));
        Ok(serving)
    }

    fn tell_all(&mut self, record: &Record) {
        for partition in &mut self.partitions {
            partition.apply_whole(record, &mut self.effects);
            self.found.add(&mut self.effects);
        }
    }

    fn register(&mut self, things: u64) -> Result<(), String> {
        for thing in 0..things {
            let name = ThingName::parse(thing_name(thing)).map_err(|error| error.to_string())?;
            let partition = self.partition_of(name.as_str())?;
            let change = Change::Thing { name, registered: true, groups: Vec::new() };
            let change = Record::Change(2 + thing, REGISTERED_MS, change);
            let Self { partitions, effects, .. } = self;
            partitions
                .get_mut(partition)
                .into_iter()
                .for_each(|partition| partition.apply_whole(&change, effects));
        }
        Ok(())
    }

    fn take_reports(&mut self, things: u64) -> Result<(), String> {
        let mut fleet = Fleet::new(things, ROUNDS.len() as u64);
        let (mut report, mut taken) = (Report::default(), 0);
        while let Some(simulated) = fleet.next_report() {
            parse(Format::Json, simulated.payload.as_bytes(), &mut report)
                .map_err(|reject| reject.message)?;
            let (name, at_ms) = (thing_name(simulated.thing), time_of(taken, things));
            taken += 1;
            self.draw_line(at_ms);
            let place = self.partition_of(&name)?;
            if let Some(partition) = self.partitions.get_mut(place) {
                partition.apply_report(&name, at_ms, &report, &mut self.effects);
            }
            self.found.add(&mut self.effects);
        }
        Ok(())
    }

    /// The front door says that it has flushed, once a window.
    fn draw_line(&mut self, at_ms: EpochMs) {
        let until_ms = at_ms.div_euclid(WINDOW_MS).saturating_mul(WINDOW_MS);
        if until_ms > self.line_ms {
            self.line_ms = until_ms;
            self.tell_all(&Record::Watermark { door: "door".to_owned(), boot: 1, until_ms });
        }
    }

    fn partition_of(&self, name: &str) -> Result<usize, String> {
        let place = Placement::even(PARTITIONS).partition_of(name);
        usize::try_from(place).map_err(|error| error.to_string())
    }

    fn finish(&mut self) -> Found {
        self.draw_line(self.line_ms + WINDOW_MS);
        self.found
    }

    fn things(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.thing_count() as u64).sum()
    }
}

/// When the report comes that so many came before.
fn time_of(taken: u64, things: u64) -> EpochMs {
    let round = usize::try_from(taken / things).unwrap_or(usize::MAX);
    let (begin_ms, length_ms) = ROUNDS.get(round).copied().unwrap_or_default();
    let part = u128::from(taken % things) * length_ms.unsigned_abs() as u128 / u128::from(things);
    REGISTERED_MS + begin_ms + EpochMs::try_from(part).unwrap_or(0)
}

/// What is in the fleet.
fn by_rules(things: u64) -> Result<Found, String> {
    let mut fleet = Fleet::new(things, ROUNDS.len() as u64);
    let mut rules = LoopOfRules::default();
    while let Some(simulated) = fleet.next_report() {
        rules.take(&thing_name(simulated.thing), simulated.payload.as_bytes())?;
    }
    Ok(rules.found())
}

/// What the kernel says of this process, in bytes.
struct Resident {
    now: u64,
    peak: u64,
}

impl Resident {
    fn now() -> Result<Self, String> {
        let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            kilobytes.map(|kilobytes: u64| kilobytes * 1024)
        };
        let known = bytes("VmRSS:").zip(bytes("VmHWM:"));
        let (now, peak) = known.ok_or("/proc/self/status does not say what is resident")?;
        Ok(Self { now, peak })
    }
}
