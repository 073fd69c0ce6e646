//! Compares what came out with what should have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use fleetward_domain::{EventType, MetricValue, Record};
use fleetward_store::limits::FLAPPING_ALERTS;
use fleetward_store::{EventFilter, ViolationFilter, Violations};

use crate::carrier::Received;
use crate::evaluator::evaluate;
use crate::outcome::{Event, Expected};
use crate::switched_off::{Fault, happens};
use crate::world::World;

/// Gives a text that is the same whenever the same came out.
pub(crate) fn check(world: &World, records: &[(u32, Record)]) -> Result<String, String> {
    let expected = evaluate(records, world.script.partitions);
    let found = Found::read(world);
    nothing_acknowledged_is_lost(world, records)?;
    same("events", found.events.clone(), expected.events.iter().map(event_line).collect())?;
    let open = expected.open.iter().map(|((thing, behavior), open)| {
        let value = shown_value(behavior, &open.last_value);
        format!("{thing} {behavior} {} {} {value}", open.started_ms, open.last_ms)
    });
    let mut open: Vec<_> = open.collect();
    open.sort();
    same("open violations", found.open.clone(), open)?;
    let received = world.inbox.lock().unwrap().clone();
    alerts_are_right(&received, &expected)?;
    let mut digest = format!("{} records, now {}\n", records.len(), world.now_ms);
    let _always_fits = writeln!(digest, "{:#?}\n{:#?}\n{received:#?}", found.events, found.open);
    Ok(digest)
}

/// What is in the store at the end.
struct Found {
    events: Vec<String>,
    open: Vec<String>,
}

impl Found {
    fn read(world: &World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let filter = EventFilter { to_ms: i64::MAX, ..EventFilter::default() };
            let events = world.store.violation_events(&filter, None, 1_000_000).await.unwrap();
            let events = events.into_iter().map(|(_, event)| {
                event_line(&Event {
                    thing: event.thing.to_string(),
                    behavior: event.behavior.name.to_string(),
                    event_type: event.event_type,
                    at_ms: event.at_ms,
                    value: event.value,
                    is_suppressed: event.behavior.suppress_alerts,
                })
            });
            let all = ViolationFilter::default();
            let open = world.store.active_violations(&all, None, 1_000_000).await.unwrap();
            let open = open.into_iter().map(|violation| {
                let behavior = violation.behavior.name.to_string();
                let value = shown_value(&behavior, &violation.last_value);
                let (started_ms, last_ms) = (violation.started_ms, violation.last_violation_ms);
                format!("{} {behavior} {started_ms} {last_ms} {value}", violation.thing)
            });
            let mut open: Vec<_> = open.collect();
            // They come in the order in which they opened.
            open.sort();
            Self { events: events.collect(), open }
        })
    }
}

fn event_line(event: &Event) -> String {
    let Event { thing, behavior, event_type, at_ms, value, is_suppressed } = event;
    format!("{at_ms} {thing} {behavior} {} {value:?} {is_suppressed}", event_type.as_str())
}

/// An open violation's value, as far as the product is held to it.
fn shown_value(behavior: &str, value: &MetricValue) -> String {
    let is_sum = ["quiet", "very-quiet", "few-packets"].contains(&behavior);
    if is_sum && !happens(Fault::ValueOfTheWholeWindow) {
        return "a sum".to_owned();
    }
    format!("{value:?}")
}

/// Each line as often as it should be there.
fn same(what: &str, mut found: Vec<String>, mut expected: Vec<String>) -> Result<(), String> {
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected {
        return Ok(());
    }
    let count = |lines: &[String]| {
        let mut counts = BTreeMap::new();
        lines.iter().for_each(|line| *counts.entry(line.clone()).or_insert(0) += 1);
        counts
    };
    let (found, expected) = (count(&found), count(&expected));
    let mut complaint = format!("{what} are not what they should be (missing -, too many +):");
    for line in found.keys().chain(expected.keys()).collect::<BTreeSet<_>>() {
        let of = |counts: &BTreeMap<String, i32>| counts.get(line).copied().unwrap_or(0);
        let surplus = of(&found) - of(&expected);
        if surplus != 0 {
            let _always_fits = write!(complaint, "\n{surplus:+} {line}");
        }
    }
    Err(complaint)
}

fn nothing_acknowledged_is_lost(world: &World, records: &[(u32, Record)]) -> Result<(), String> {
    let logged: BTreeSet<(&str, i64)> = records
        .iter()
        .filter_map(|(_, record)| match record {
            Record::Report { thing, report, .. } => Some((thing.as_str(), report.report_id)),
            _ => None,
        })
        .collect();
    let script = &world.script;
    let lost = world.acknowledged.lock().unwrap().reports.iter().find_map(|place| {
        let planned = &script.reports[*place];
        let thing = script.things[planned.thing].as_str();
        let is_lost = !logged.contains(&(thing, planned.report.report_id));
        is_lost.then(|| format!("report {} of {thing} was acknowledged", planned.report.report_id))
    });
    lost.map_or(Ok(()), |report| Err(format!("{report} and is not in the log")))
}

/// Each alert at least once, of each thing one after the other, and none that nobody should hear.
/// Of a behavior that comes and goes too often some are held: of those the last says what is so.
fn alerts_are_right(received: &[Received], expected: &Expected) -> Result<(), String> {
    let line = |at_ms: i64, thing: &str, behavior: &str, event_type: &str| {
        format!("{at_ms} {thing} {behavior} {event_type}")
    };
    let told = expected.events.iter().filter(|event| !event.is_suppressed);
    let told: Vec<_> =
        told.map(|e| line(e.at_ms, &e.thing, &e.behavior, e.event_type.as_str())).collect();
    let mut by_thing: BTreeMap<&str, Vec<&Received>> = BTreeMap::new();
    received.iter().for_each(|one| by_thing.entry(&one.thing).or_default().push(one));
    let mut heard = Vec::new();
    for alerts in by_thing.values_mut() {
        // The next one goes only when the one before it has arrived: repeats follow each other.
        alerts.dedup();
        let lines = alerts.iter().map(|a| line(a.at_ms, &a.thing, &a.behavior, &a.event_type));
        heard.extend(lines);
        in_order(alerts)?;
    }
    // Which behaviors, a thing each, were told of more often than all goes through.
    let mut told_by_behavior: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in told {
        told_by_behavior.entry(behavior_in(&line)).or_default().push(line);
    }
    let mut heard_by_behavior: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in heard {
        heard_by_behavior.entry(behavior_in(&line)).or_default().push(line);
    }
    let (mut whole, mut wholly_heard) = (Vec::new(), Vec::new());
    for (behavior, lines) in told_by_behavior {
        let heard = heard_by_behavior.remove(&behavior).unwrap_or_default();
        if lines.len() <= FLAPPING_ALERTS {
            whole.extend(lines);
            wholly_heard.extend(heard);
            continue;
        }
        let kind = |lines: &[String]| lines.last().map(|l| l.ends_with("in-alarm"));
        if heard.iter().any(|line| !lines.contains(line)) || kind(&heard) != kind(&lines) {
            return Err(format!("alerts of {behavior:?}: {heard:#?} of {lines:#?}"));
        }
    }
    wholly_heard.extend(heard_by_behavior.into_values().flatten());
    same("alerts", wholly_heard, whole)
}

/// The thing and the behavior of a line.
fn behavior_in(line: &str) -> (String, String) {
    let mut words = line.split(' ').skip(1).map(str::to_owned);
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// The beginning of a violation, then its end.
fn in_order(alerts: &[&Received]) -> Result<(), String> {
    let mut open = BTreeSet::new();
    for alert in alerts {
        let begins = alert.event_type == EventType::InAlarm.as_str();
        let fits = if begins { open.insert(&alert.behavior) } else { open.remove(&alert.behavior) };
        if !fits {
            return Err(format!("out of order: {alert:?} in {alerts:#?}"));
        }
    }
    Ok(())
}
