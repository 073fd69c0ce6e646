//! What should have come out: slow, obvious, written from the specification of detection alone.

use std::collections::{BTreeMap, BTreeSet};

use fleetward_domain::value::host_network;
use fleetward_domain::{
    Behavior, Change, ComparisonOperator as Op, CustomValue, EventType, Metric, MetricValue,
    Record, Report,
};

use crate::outcome::{Event, Expected, Open};
use crate::script::PERIOD_MS;

/// One behavior of one thing.
struct Judged {
    behavior: Behavior,
    began_ms: i64,
    /// Begin of the window, its sum, and whether it violated early.
    window: Option<(i64, u64, bool)>,
    violating: u8,
    conforming: u8,
    run_began_ms: i64,
    open: Option<Open>,
}

/// One partition.
#[derive(Default)]
struct Partition {
    now_ms: i64,
    ticked_ms: i64,
    applied: u64,
    profile: Vec<Behavior>,
    things: BTreeMap<String, Vec<Judged>>,
    reports: BTreeMap<(String, i64), i64>,
    events: Vec<Event>,
}

/// Evaluates all records, in the order of the log.
pub(crate) fn evaluate(records: &[(u32, Record)], partitions: u32) -> Expected {
    let mut expected = Expected::default();
    for number in 0..partitions {
        let mut partition = Partition::default();
        let own = records.iter().filter(|(of, _)| *of == number || *of == u32::MAX);
        own.for_each(|(_, record)| partition.take(record));
        expected.events.append(&mut partition.events);
        for (thing, judged) in partition.things {
            let open = judged.into_iter().filter_map(|judged| {
                let name = judged.behavior.name.to_string();
                judged.open.map(|open| ((thing.clone(), name), open))
            });
            expected.open.extend(open);
        }
    }
    expected
}

impl Partition {
    fn take(&mut self, record: &Record) {
        match record {
            Record::Report { thing, at_ms, report, .. } => {
                self.now_ms = self.now_ms.max(*at_ms);
                self.report(thing.as_str(), *at_ms, report);
            }
            Record::Change(seq, at_ms, change) if *seq > self.applied => {
                self.applied = *seq;
                self.now_ms = self.now_ms.max(*at_ms);
                self.change(change);
            }
            Record::Tick(at_ms) => {
                self.now_ms = self.now_ms.max(*at_ms);
                self.ticked_ms = self.ticked_ms.max(*at_ms);
                let closed_ms = self.ticked_ms;
                for (thing, judged) in &mut self.things {
                    judged.iter_mut().for_each(|j| j.close(thing, closed_ms, &mut self.events));
                }
            }
            Record::DoorStarted { at_ms, .. } => self.now_ms = self.now_ms.max(*at_ms),
            Record::Change(..) | Record::Activity(_) => {}
            other => unreachable!("no script has {other:?}"),
        }
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Thing { name, .. } => {
                let judged = self.profile.iter().map(|b| Judged::new(b, self.now_ms)).collect();
                self.things.entry(name.to_string()).or_insert(judged);
            }
            Change::Profile(profile, _) => {
                self.profile = profile.behaviors.clone();
                // The same behavior goes on with what it has; one that went ends its violation.
                for (thing, judged) in &mut self.things {
                    let mut before = std::mem::take(judged);
                    for behavior in &self.profile {
                        let same = before.iter().position(|old| is_same(&old.behavior, behavior));
                        let mut kept = match same {
                            Some(place) => before.remove(place),
                            None => Judged::new(behavior, self.now_ms),
                        };
                        kept.behavior = behavior.clone();
                        judged.push(kept);
                    }
                    for mut gone in before {
                        if gone.open.take().is_some() {
                            let what = (EventType::AlarmInvalidated, self.now_ms, None);
                            self.events.push(gone.event(thing, what));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn report(&mut self, thing: &str, at_ms: i64, report: &Report) {
        let Some(judged) = self.things.get_mut(thing) else { return };
        let id = (thing.to_owned(), report.report_id);
        if self.reports.get(&id).is_some_and(|first_ms| at_ms - first_ms < 600_000) {
            return;
        }
        self.reports.insert(id, at_ms);
        for judged in judged.iter_mut().filter(|judged| judged.began_ms <= at_ms) {
            // Later records of a thing say that it has left the windows before.
            judged.close(thing, at_ms, &mut self.events);
            if let Some(value) = judged.behavior.metric.as_ref().and_then(|m| value(m, report)) {
                judged.take(thing, at_ms, value, &mut self.events);
            }
        }
    }
}

/// Changed means: metric, dimension or criteria.
fn is_same(a: &Behavior, b: &Behavior) -> bool {
    (&a.name, &a.metric, &a.dimension, &a.criteria)
        == (&b.name, &b.metric, &b.dimension, &b.criteria)
}

impl Judged {
    fn new(behavior: &Behavior, began_ms: i64) -> Self {
        let behavior = behavior.clone();
        let (violating, conforming) = (0, 0);
        Self {
            behavior,
            began_ms,
            window: None,
            violating,
            conforming,
            run_began_ms: 0,
            open: None,
        }
    }

    /// The window's length; none for what is judged at each report.
    fn window_ms(&self) -> Option<i64> {
        let sums = ["aws:all-bytes-out", "aws:all-packets-in"];
        let is_sum = sums.contains(&self.behavior.metric.as_ref()?.as_str());
        let seconds = self.behavior.criteria.as_ref()?.duration_seconds.unwrap_or(0);
        is_sum.then_some((i64::from(seconds) * 1_000).max(PERIOD_MS))
    }

    fn take(&mut self, thing: &str, at_ms: i64, value: MetricValue, events: &mut Vec<Event>) {
        let (Some(window_ms), MetricValue::Count(growth)) = (self.window_ms(), &value) else {
            let offending = self.offending(&value);
            return self.count(
                thing,
                at_ms,
                offending.is_some(),
                offending.unwrap_or(value),
                events,
            );
        };
        let begin_ms = at_ms - at_ms.rem_euclid(window_ms);
        let (begin_ms, sum, early) = self.window.unwrap_or((begin_ms, 0, false));
        let sum = sum + growth;
        // A sum only grows: once over its bound the window will violate, and is judged then.
        let violates = self.offending(&MetricValue::Count(sum)).is_some();
        self.window = Some((begin_ms, sum, early || violates));
        if violates && !early {
            self.count(thing, at_ms, true, MetricValue::Count(sum), events);
        }
    }

    /// Closes the window if it ended by then. One that the behavior began in never conforms.
    fn close(&mut self, thing: &str, by_ms: i64, events: &mut Vec<Event>) {
        let (Some(window_ms), Some((begin_ms, sum, early))) = (self.window_ms(), self.window)
        else {
            return;
        };
        let end_ms = begin_ms + window_ms;
        if end_ms <= by_ms {
            self.window = None;
            if let Some(open) = self.open.as_mut().filter(|_| early) {
                open.last_value = MetricValue::Count(sum);
            } else if !early && self.began_ms <= begin_ms {
                self.count(thing, end_ms, false, MetricValue::Count(sum), events);
            }
        }
    }

    fn count(
        &mut self,
        thing: &str,
        at_ms: i64,
        violates: bool,
        value: MetricValue,
        events: &mut Vec<Event>,
    ) {
        let Some(criteria) = self.behavior.criteria.clone() else { return };
        if violates {
            self.run_began_ms = if self.violating == 0 { at_ms } else { self.run_began_ms };
            (self.violating, self.conforming) = (self.violating.saturating_add(1), 0);
            let started_ms = self.open.as_ref().map_or(self.run_began_ms, |open| open.started_ms);
            let opens = self.open.is_none() && self.violating >= criteria.to_alarm();
            if opens || self.open.is_some() {
                self.open = Some(Open { started_ms, last_ms: at_ms, last_value: value.clone() });
            }
            if opens {
                events.push(self.event(thing, (EventType::InAlarm, at_ms, Some(value))));
            }
        } else {
            (self.violating, self.conforming) = (0, self.conforming.saturating_add(1));
            if self.open.is_some() && self.conforming >= criteria.to_clear() {
                self.open = None;
                events.push(self.event(thing, (EventType::AlarmCleared, at_ms, Some(value))));
            }
        }
    }

    fn event(&self, thing: &str, what: (EventType, i64, Option<MetricValue>)) -> Event {
        let (event_type, at_ms, value) = what;
        let behavior = self.behavior.name.to_string();
        let is_suppressed = self.behavior.suppress_alerts;
        Event { thing: thing.to_owned(), behavior, event_type, at_ms, value, is_suppressed }
    }

    /// What of a value is not as the criteria want it; none if it conforms.
    fn offending(&self, value: &MetricValue) -> Option<MetricValue> {
        let comparison = self.behavior.criteria.as_ref()?.judgement.comparison()?;
        let number = |value: &MetricValue| match value {
            MetricValue::Count(count) => *count as f64,
            MetricValue::Number(number) => *number,
            _ => f64::NAN,
        };
        let (limit, found) = (number(comparison.value()), number(value));
        let not = |conforms: bool| (!conforms).then(|| value.clone());
        match (comparison.operator(), comparison.value(), value) {
            (Op::LessThan, ..) => not(found < limit),
            (Op::LessThanEquals, ..) => not(found <= limit),
            (Op::GreaterThan, ..) => not(found > limit),
            (Op::InPortSet, MetricValue::Ports(set), MetricValue::Ports(list)) => {
                rest(list, |port| set.contains(port)).map(MetricValue::Ports)
            }
            (Op::InSet, MetricValue::Strings(set), MetricValue::Strings(list)) => {
                rest(list, |text| set.contains(text)).map(MetricValue::Strings)
            }
            (Op::InCidrSet, MetricValue::Cidrs(set), MetricValue::Cidrs(list)) => {
                rest(list, |host| set.iter().any(|net| net.contains(host))).map(MetricValue::Cidrs)
            }
            (operator, ..) => unreachable!("no script uses {operator:?} here"),
        }
    }
}

/// The elements that are not wanted; none if all are.
fn rest<T: Clone>(list: &[T], is_wanted: impl Fn(&T) -> bool) -> Option<Vec<T>> {
    let rest: Vec<T> = list.iter().filter(|element| !is_wanted(element)).cloned().collect();
    (!rest.is_empty()).then_some(rest)
}

fn each_once<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut seen = BTreeSet::new();
    list.iter().filter(|element| seen.insert((*element).clone())).cloned().collect()
}

/// A metric's value in a report; none if the report does not carry it.
fn value(metric: &Metric, report: &Report) -> Option<MetricValue> {
    match metric.as_str() {
        "aws:all-bytes-out" => report.network.bytes_out.map(MetricValue::Count),
        "aws:all-packets-in" => report.network.packets_in.map(MetricValue::Count),
        "aws:num-listening-tcp-ports" => {
            let list = report.listening_tcp.as_ref()?;
            let listed = list.ports.as_ref().map(|ports| ports.len() as u64);
            list.total.or(listed).map(MetricValue::Count)
        }
        "aws:listening-tcp-ports" => {
            let ports = report.listening_tcp.as_ref()?.ports.as_ref()?;
            Some(MetricValue::Ports(each_once(ports)))
        }
        "aws:destination-ip-addresses" => {
            let addresses = report.established.as_ref()?.addresses.as_ref()?;
            let hosts = each_once(addresses).into_iter().map(host_network);
            Some(MetricValue::Cidrs(hosts.collect()))
        }
        custom => match &report.custom.iter().find(|found| found.name == custom)?.value {
            CustomValue::Number(number) => Some(MetricValue::Number(*number)),
            CustomValue::Strings(list) => Some(MetricValue::Strings(each_once(list))),
            _ => None,
        },
    }
}
