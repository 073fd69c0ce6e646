//! Compares what came out with what should have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use fleetward_domain::{EventType, Record, Violation, ViolationEvent};
use fleetward_oracle::{Event, Open, Oracle, Subject};
use fleetward_store::limits::FLAPPING_ALERTS;
use fleetward_store::{EventFilter, ViolationFilter, Violations};

use crate::carrier::Received;
use crate::owner::SILENCE_MS;
use crate::script::PERIOD_MS;
use crate::world::World;

/// Gives a text that is the same whenever the same came out.
pub(crate) fn check(world: &World, records: &[(u32, Record)]) -> Result<String, String> {
    nothing_acknowledged_is_lost(world, records)?;
    let mut events: BTreeMap<Subject, Vec<Event>> = BTreeMap::new();
    let mut open: BTreeMap<Subject, Open> = BTreeMap::new();
    for number in 0..world.script.partitions {
        let mut oracle = Oracle::new(PERIOD_MS, SILENCE_MS);
        let own = records.iter().filter(|(of, _)| *of == number || *of == u32::MAX);
        own.for_each(|(_, record)| oracle.learn(record));
        for event in oracle.told.events {
            events.entry(event.subject.clone()).or_default().push(event);
        }
        let still = oracle.judged.into_iter();
        open.extend(still.filter_map(|(subject, judged)| Some((subject, judged.open?))));
    }
    let found = Found::read(world);
    events_agree(&found.events, &events)?;
    open_agree(&found.open, &open)?;
    let received = world.inbox.lock().unwrap().clone();
    alerts_agree(&received, &found.events, &events)?;
    let mut digest = format!("{} records, now {}\n", records.len(), world.now_ms);
    let Found { events, open } = found;
    let _always_fits = writeln!(digest, "{events:#?}\n{open:#?}\n{received:#?}");
    Ok(digest)
}

/// What is in the store at the end.
struct Found {
    events: BTreeMap<Subject, Vec<ViolationEvent>>,
    open: BTreeMap<Subject, Violation>,
}

impl Found {
    fn read(world: &World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let filter = EventFilter { to_ms: i64::MAX, ..EventFilter::default() };
            let stored = world.store.violation_events(&filter, None, 1_000_000).await.unwrap();
            let mut events: BTreeMap<Subject, Vec<ViolationEvent>> = BTreeMap::new();
            for (_, event) in stored {
                let subject =
                    (event.thing.to_string(), event.profile.clone(), event.behavior.name.clone());
                events.entry(subject).or_default().push(event);
            }
            let all = ViolationFilter::default();
            let stored = world.store.active_violations(&all, None, 1_000_000).await.unwrap();
            let open = stored.into_iter().map(|violation| {
                let Violation { thing, profile, behavior, .. } = &violation;
                ((thing.to_string(), profile.clone(), behavior.name.clone()), violation)
            });
            Self { events, open: open.collect() }
        })
    }
}

/// Of each subject the same events, each once. Clocks are set here, so that the times of what is
/// stored say nothing of its order.
fn events_agree(
    found: &BTreeMap<Subject, Vec<ViolationEvent>>,
    expected: &BTreeMap<Subject, Vec<Event>>,
) -> Result<(), String> {
    for subject in found.keys().chain(expected.keys()).collect::<BTreeSet<_>>() {
        let found = found.get(subject).map_or(&[][..], Vec::as_slice);
        let expected = expected.get(subject).map_or(&[][..], Vec::as_slice);
        let mut left: Vec<&ViolationEvent> = found.iter().collect();
        // Those of a known time first, so that the others do not take theirs.
        let mut in_turn: Vec<&Event> = expected.iter().collect();
        in_turn.sort_by_key(|event| event.at_ms.start() != event.at_ms.end());
        for event in in_turn {
            let place = left.iter().position(|found| agrees(found, event));
            place.map(|place| left.remove(place));
        }
        if found.len() != expected.len() || !left.is_empty() {
            let found: Vec<_> =
                found.iter().map(|e| (e.event_type.as_str(), e.at_ms, &e.value)).collect();
            let expected: Vec<_> =
                expected.iter().map(|e| (e.event_type.as_str(), &e.at_ms, &e.value)).collect();
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

fn open_agree(
    found: &BTreeMap<Subject, Violation>,
    expected: &BTreeMap<Subject, Open>,
) -> Result<(), String> {
    let is_right = |violation: &Violation, open: &Open| {
        open.started_ms.contains(&violation.started_ms)
            && open.last_ms.contains(&violation.last_violation_ms)
            && open.last_value == violation.last_value
    };
    for subject in found.keys().chain(expected.keys()) {
        let (found, expected) = (found.get(subject), expected.get(subject));
        if !found.zip(expected).is_some_and(|(found, expected)| is_right(found, expected)) {
            return Err(format!("{subject:?} is {found:#?}\n  and should be {expected:#?}"));
        }
    }
    Ok(())
}

fn nothing_acknowledged_is_lost(world: &World, records: &[(u32, Record)]) -> Result<(), String> {
    let script = &world.script;
    let lost = world.acknowledged.lock().unwrap().reports.iter().find_map(|place| {
        let planned = &script.reports[*place];
        let name = &script.things[planned.thing];
        let is_it = |record: &Record| match record {
            Record::Report { thing, report, .. } => thing == name && *report == planned.report,
            _ => false,
        };
        let is_lost = !records.iter().any(|(_, record)| is_it(record));
        is_lost.then(|| format!("report {} of {name} was acknowledged", planned.report.report_id))
    });
    lost.map_or(Ok(()), |report| Err(format!("{report} and is not in the log")))
}

/// Each alert at least once, of each subject one after the other, none that nobody should hear. Of
/// what flaps some are left out, and what is heard last is what was to be told last: `in_turn` has
/// that order, which the times of events do not say where clocks are set.
fn alerts_agree(
    received: &[Received],
    events: &BTreeMap<Subject, Vec<ViolationEvent>>,
    in_turn: &BTreeMap<Subject, Vec<Event>>,
) -> Result<(), String> {
    let mut by_subject: BTreeMap<(&str, &str, &str), Vec<&Received>> = BTreeMap::new();
    for one in received {
        let alerts = by_subject.entry((&one.thing, &one.profile, &one.behavior)).or_default();
        // The next one goes only when the one before it has arrived: repeats follow each other.
        if alerts.last() != Some(&one) {
            alerts.push(one);
        }
    }
    for (subject, events) in events {
        let (thing, profile, behavior) = subject;
        let key = (thing.as_str(), profile.as_str(), behavior.as_str());
        let heard = by_subject.remove(&key).unwrap_or_default();
        let line = |event_type: &str, at_ms: i64| format!("{event_type} {at_ms}");
        let heard: Vec<_> = heard.iter().map(|one| line(&one.event_type, one.at_ms)).collect();
        let told = events.iter().filter(|event| !event.behavior.suppress_alerts);
        let told: Vec<_> = told.map(|e| line(e.event_type.as_str(), e.at_ms)).collect();
        let mut sorted = [heard.clone(), told.clone()];
        sorted.iter_mut().for_each(|lines| lines.sort_unstable());
        let is_told = sorted[0] == sorted[1];
        let flaps = told.len() > FLAPPING_ALERTS;
        let is_known = heard.iter().all(|line| told.contains(line));
        // An end that is suppressed is told to nobody: they go on with what they heard before it.
        let mut in_turn = in_turn.get(subject).into_iter().flatten();
        let told_last = in_turn.rfind(|event| !event.is_suppressed);
        let is_over = told_last.is_none_or(|event| event.event_type != EventType::InAlarm);
        let is_true = heard.last().is_none_or(|line| ends(line)) == is_over;
        if !(is_told || flaps && is_known && is_true) {
            return Err(format!("alerts of {key:?}\n  heard {heard:#?}\n  told {told:#?}"));
        }
        if heard.windows(2).any(|two| ends(&two[0]) == ends(&two[1])) && has_no_muting(events) {
            return Err(format!("alerts of {key:?} are out of order: {heard:#?}"));
        }
    }
    match by_subject.first_key_value() {
        Some(alerts) => Err(format!("nobody should have heard {alerts:#?}")),
        None => Ok(()),
    }
}

fn ends(line: &str) -> bool {
    !line.starts_with(EventType::InAlarm.as_str())
}

/// A beginning without its end, or an end without its beginning, is no fault where the behavior was
/// muted meanwhile.
fn has_no_muting(events: &[ViolationEvent]) -> bool {
    events.iter().all(|event| !event.behavior.suppress_alerts)
}
