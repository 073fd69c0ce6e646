//! The detector agrees with the oracle, which was written from the specification alone, on random
//! histories: whatever is learned late, twice or in another order.
//!
//! `FLEETWARD_HISTORIES=N` tries N histories, from seed `FLEETWARD_FROM=S` on, and
//! `FLEETWARD_HISTORY=S` the one of seed S. One on which they differ is told after everything is
//! left out of it that can be.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod dice;
mod history;
mod met;
mod profiles;
mod said;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fleetward_detect::statistical::decode;
use fleetward_detect::{Partition, Settings};
use fleetward_domain::{
    Change, Effects, EventType, Notification, Record, Threshold, Violation, ViolationEvent,
    WindowSummary,
};
use fleetward_oracle::{Event, Oracle, Subject};

use history::{Fact, history, logged};
use met::Met;

/// The shortest window.
const PERIOD_MS: i64 = 1_000;
/// Fewer windows than the detector makes up for at once.
const SILENCE_MS: i64 = 40_000;
/// After a longer one the detector makes up for the last of the windows only: nothing to compare.
const LONGEST_LEAP_MS: i64 = 60_000;
/// How often it is told how far a long run is (`--nocapture`).
const CHUNK: u64 = 1_000;
/// Histories of an ordinary run.
const HISTORIES: u64 = 1_000;
/// A window in which fewer things gave a value has no percentile.
const LEAST_THINGS: usize = 2;
/// Most steps of one.
const STEPS: u64 = 120;

#[allow(clippy::disallowed_methods, reason = "a test's own settings")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn the_detector_agrees_with_the_oracle() {
    let seeds = match number("FLEETWARD_HISTORY") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("FLEETWARD_FROM").unwrap_or(0);
            from..from + number("FLEETWARD_HISTORIES").unwrap_or(HISTORIES)
        }
    };
    let (count, mut differing, mut met) = (seeds.end - seeds.start, Vec::new(), Met::default());
    for seed in seeds {
        if complaint(&history(seed, STEPS), &mut met).is_some() {
            println!("history {seed} differs");
            differing.push(seed);
        }
        if (seed + 1) % CHUNK == 0 {
            println!("up to {}: {} differ", seed + 1, differing.len());
        }
    }
    let Some(seed) = differing.first() else {
        // Fewer need not have met everything.
        assert!(count < HISTORIES || met.missed().is_empty(), "never met: {:?}", met.missed());
        return;
    };
    panic!("{} of {count} histories differ: {differing:?}: {}", differing.len(), shortest(*seed));
}

/// What is wrong about a history; none if nothing is, or nothing of the kind can happen: shortening
/// may leave out that a clock was set.
fn complaint(facts: &[Fact], met: &mut Met) -> Option<String> {
    if facts.windows(2).any(|two| two[1].at_ms < two[0].goes_on_ms()) {
        return None;
    }
    let records = logged(facts);
    match catch_unwind(AssertUnwindSafe(|| compare(&records, met))) {
        Ok(compared) => compared.err(),
        Err(_) => Some("something panicked".to_owned()),
    }
}

/// The history of this seed, without what can be left out of it.
fn shortest(seed: u64) -> String {
    let mut facts = history(seed, STEPS);
    let mut length = facts.len();
    while length > 0 {
        let mut from = 0;
        while from < facts.len() {
            let mut fewer = facts.clone();
            fewer.drain(from..(from + length).min(facts.len()));
            if complaint(&fewer, &mut Met::default()).is_some() {
                facts = fewer;
            } else {
                from += length;
            }
        }
        length /= 2;
    }
    for place in 0..facts.len() {
        while let Some(simpler) = simplified(&facts, place) {
            facts = simpler;
        }
    }
    let mut text =
        format!("seed {seed}\n{}\n", complaint(&facts, &mut Met::default()).unwrap_or_default());
    for record in logged(&facts) {
        let _always_fits = writeln!(text, "{record:?}");
    }
    text
}

/// The same history with less in one of its facts, if the two differ on it still.
fn simplified(facts: &[Fact], place: usize) -> Option<Vec<Fact>> {
    let mut simpler = facts[place].simpler().into_iter().map(|fact| {
        let mut facts = facts.to_vec();
        facts[place] = fact;
        facts
    });
    simpler.find(|facts| complaint(facts, &mut Met::default()).is_some())
}

/// Compares all that came of the records.
fn compare(records: &[Record], met: &mut Met) -> Result<(), String> {
    let settings = Settings { period_ms: PERIOD_MS, silence_ms: SILENCE_MS, ..Settings::default() };
    let mut partition = Partition::new(settings);
    let mut oracle = Oracle::new(PERIOD_MS, SILENCE_MS);
    let mut effects = Effects::default();
    let mut thresholds: Vec<(usize, Threshold)> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        // None waits while strangers are forgotten: how soon after a silence that is, is not said.
        let is_leap = matches!(record, Record::Watermark { until_ms, .. }
            if until_ms - oracle.line_ms() > SILENCE_MS / 4);
        let due = thresholds.extract_if(.., |(at, _)| is_leap || *at <= place);
        let due: Vec<_> = due.map(|(_, threshold)| Record::Threshold(threshold)).collect();
        for record in due.iter().chain([record]) {
            let line_ms = oracle.line_ms();
            partition.apply_whole(record, &mut effects);
            oracle.learn(record);
            if line_ms > 0 && oracle.line_ms() - line_ms > LONGEST_LEAP_MS {
                return Ok(());
            }
            if let Record::Change(_, _, change) = record {
                // What the fleet said is of the profile that it was.
                thresholds.retain(|(_, threshold)| match change {
                    Change::Profile(profile, _) => profile.name != threshold.profile,
                    Change::ProfileDeleted(name) => *name != threshold.profile,
                    _ => true,
                });
            }
            for summary in effects.summaries.drain(..) {
                // Some come at once, others after the next records or windows.
                let late = summary.window_end_ms as usize / 1_000 % 3 * 3;
                thresholds.push((place + late, threshold(&summary, &oracle)?));
            }
        }
    }
    alerts_are_told(&effects)?;
    events_agree(&effects, &oracle)?;
    open_agree(&effects, &oracle)?;
    met.learn(records, &effects);
    Ok(())
}

/// What the whole fleet says for the next window; both have to find the same.
fn threshold(summary: &WindowSummary, oracle: &Oracle) -> Result<Threshold, String> {
    let WindowSummary { profile, behavior, generation, window_end_ms, .. } = summary.clone();
    let (statistic, fleet) = decode(&summary.bytes).unwrap();
    let found = (fleet.count() >= LEAST_THINGS as u64).then(|| fleet.percentile(statistic));
    let value = oracle.threshold((&profile, &behavior, window_end_ms), statistic, LEAST_THINGS);
    if found.flatten() != value {
        let values = oracle.told.sums.get(&(profile, behavior, window_end_ms));
        return Err(format!("{statistic} of {values:?} at {window_end_ms}: found {fleet:?}"));
    }
    let (from_ms, things) = (window_end_ms, fleet.count());
    Ok(Threshold { profile, behavior, generation, from_ms, value, things })
}

/// Of each subject the same events in the same order.
fn events_agree(effects: &Effects, oracle: &Oracle) -> Result<(), String> {
    let mut found: BTreeMap<Subject, Vec<&ViolationEvent>> = BTreeMap::new();
    for event in &effects.events {
        let subject = (event.thing.to_string(), event.profile.clone(), event.behavior.name.clone());
        found.entry(subject).or_default().push(event);
    }
    let mut expected: BTreeMap<&Subject, Vec<&Event>> = BTreeMap::new();
    for event in &oracle.told.events {
        expected.entry(&event.subject).or_default().push(event);
    }
    for subject in found.keys().chain(expected.keys().copied()) {
        let found = found.get(subject).map_or(&[][..], Vec::as_slice);
        let expected = expected.get(subject).map_or(&[][..], Vec::as_slice);
        let agree = found.iter().zip(expected).all(|(found, expected)| agrees(found, expected));
        if !agree || found.len() != expected.len() {
            let found = found.iter().map(|e| (e.event_type, e.at_ms, &e.value));
            let found = found.collect::<Vec<_>>();
            let expected = expected.iter().map(|e| (e.event_type, &e.at_ms, &e.value));
            let expected = expected.collect::<Vec<_>>();
            return Err(format!("{subject:?}\n  found {found:#?}\n  expected {expected:#?}"));
        }
    }
    Ok(())
}

/// The value of an alarm that had to wait for its turn may be any on the way to the whole.
fn agrees(found: &ViolationEvent, expected: &Event) -> bool {
    let is_exact = expected.at_ms.start() == expected.at_ms.end();
    let is_any = found.event_type == EventType::InAlarm && !is_exact;
    found.event_type == expected.event_type
        && expected.at_ms.contains(&found.at_ms)
        && (is_any || found.value == expected.value)
        && found.behavior.suppress_alerts == expected.is_suppressed
}

/// The same violations are open.
fn open_agree(effects: &Effects, oracle: &Oracle) -> Result<(), String> {
    let mut found = BTreeMap::new();
    for violation in &effects.violations {
        found.insert(violation.id.clone(), violation);
    }
    found.retain(|id, _| !effects.closed.contains(id));
    let mut found: Vec<&Violation> = found.into_values().collect();
    for (subject, judged) in &oracle.judged {
        let Some(open) = &judged.open else { continue };
        let is_it = |v: &&Violation| {
            (v.thing.as_str(), &v.profile, &v.behavior.name)
                == (subject.0.as_str(), &subject.1, &subject.2)
        };
        let Some(place) = found.iter().position(is_it) else {
            return Err(format!("{subject:?} should be open: {open:?}"));
        };
        let violation = found.swap_remove(place);
        if !open.started_ms.contains(&violation.started_ms)
            || !open.last_ms.contains(&violation.last_violation_ms)
            || open.last_value != violation.last_value
        {
            return Err(format!("{subject:?} is {violation:?}\n  and should be {open:?}"));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(format!("should not be open: {found:?}")) }
}

/// Each event goes to the profile's one target, unless its behavior's alerts are suppressed.
fn alerts_are_told(effects: &Effects) -> Result<(), String> {
    for event in &effects.events {
        let told = Notification::Violation(event.clone());
        let alerts = effects.alerts.iter().filter(|alert| alert.notification == told).count();
        if alerts != usize::from(!event.behavior.suppress_alerts) {
            return Err(format!("{alerts} alerts of {event:?}"));
        }
    }
    Ok(())
}
