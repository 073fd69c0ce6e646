//! One behavior of one thing: its datapoints, its verdicts, its violation.

use std::collections::BTreeMap;

use fleetward_domain::{
    Behavior, ComparisonOperator as Op, EventType, Judgement, MetricKind, MetricSource,
    MetricValue, Report,
};

use crate::value::{Growth, offending, value_in};
use crate::{Event, Subject, Thing, When};

/// A violation that is open: the first datapoint of the run that led to it, the last violating
/// one, and its value; of a window the whole value, once that is known.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "said above")]
pub struct Open {
    pub started_ms: When,
    pub last_ms: When,
    pub last_value: MetricValue,
}

/// One behavior of one thing, since it is judged.
#[derive(Debug)]
#[allow(missing_docs, reason = "they say themselves")]
pub struct Judged {
    pub open: Option<Open>,
    pub(crate) subject: Subject,
    pub(crate) behavior: Behavior,
    pub(crate) datapoint_ms: i64,
    pub(crate) began_ms: i64,
    /// The length of its windows, if its metric is summed.
    pub(crate) window_ms: Option<i64>,
    /// Those that are not judged for good, by their number since the epoch.
    windows: BTreeMap<i64, Window>,
    violating: u8,
    conforming: u8,
    run_began_ms: When,
}

#[derive(Debug, Default)]
struct Window {
    /// What was said of it.
    grown: Vec<u64>,
    /// A front door did not count the dimension yet.
    is_partial: bool,
    is_judged: bool,
}

impl Judged {
    pub(crate) fn new(subject: Subject, behavior: &Behavior, period_ms: i64, now_ms: i64) -> Self {
        let is_sum = behavior.metric.as_ref().map(|m| m.kind()) == Some(MetricKind::Sum);
        let seconds = behavior.criteria.as_ref().and_then(|criteria| criteria.duration_seconds);
        let window_ms = (i64::from(seconds.unwrap_or(0)) * 1_000).max(period_ms);
        Self {
            open: None,
            subject,
            behavior: behavior.clone(),
            datapoint_ms: now_ms,
            began_ms: now_ms,
            window_ms: is_sum.then_some(window_ms),
            windows: BTreeMap::new(),
            violating: 0,
            conforming: 0,
            run_began_ms: 0..=0,
        }
    }

    /// Changed means: metric, dimension or criteria.
    pub(crate) fn is_same(&self, other: &Behavior) -> bool {
        let Behavior { metric, dimension, criteria, .. } = &self.behavior;
        (metric, dimension, criteria) == (&other.metric, &other.dimension, &other.criteria)
    }

    pub(crate) fn report(&mut self, at_ms: i64, report: &Report, to: &mut Vec<Event>) {
        let value = self.behavior.metric.as_ref().and_then(|metric| value_in(metric, report));
        match (self.window_ms, value) {
            (Some(_), Some(MetricValue::Count(by))) => self.grow(at_ms, Growth::By(by)),
            (None, Some(value)) if at_ms >= self.began_ms => self.judge(at_ms..=at_ms, value, to),
            _ => {}
        }
    }

    /// What happened before it began never counts, whenever it is learned.
    pub(crate) fn grow(&mut self, at_ms: i64, growth: Growth) {
        let Some(window_ms) = self.window_ms.filter(|_| at_ms >= self.began_ms) else { return };
        let window = self.windows.entry(at_ms.div_euclid(window_ms)).or_default();
        match growth {
            Growth::Nothing => {}
            Growth::Unknown => window.is_partial = true,
            Growth::By(by) => window.grown.push(by),
        }
    }

    /// A sum only grows: once over its bound the window will violate, and is judged then. Looks at
    /// the window that holds the line.
    pub(crate) fn judge_early(&mut self, line_ms: i64, thing: &Thing, to: &mut Vec<Event>) {
        let Some(window_ms) = self.window_ms.filter(|_| self.has_upper_bound()) else { return };
        let number = line_ms.div_euclid(window_ms);
        let Some(window) = self.windows.get_mut(&number).filter(|w| !w.is_judged) else { return };
        let sum = MetricValue::Count(window.grown.iter().sum());
        if !window.grown.is_empty() && offending(&self.behavior, &sum).is_some() {
            window.is_judged = true;
            let (begin_ms, end_ms) = (number * window_ms, (number + 1) * window_ms);
            let seen = || thing.seen.range(begin_ms..end_ms);
            let latest_ms = seen().next_back().map_or(begin_ms, |(at_ms, _)| *at_ms);
            let has_waited = seen().any(|(_, learned_ms)| *learned_ms < begin_ms);
            let at_ms = if has_waited { begin_ms..=end_ms - 1 } else { latest_ms..=latest_ms };
            self.judge(at_ms, sum, to);
            self.datapoint_ms = self.datapoint_ms.max(latest_ms);
        }
    }

    /// The line goes from the one time to the other: judges the windows that it passes.
    pub(crate) fn pass(
        &mut self,
        (from_ms, to_ms): (i64, i64),
        thing: &Thing,
        uncounted: &[(i64, i64)],
        to: &mut Vec<Event>,
    ) {
        let Some(window_ms) = self.window_ms else { return };
        let first = from_ms.max(self.began_ms).div_euclid(window_ms);
        for number in first..to_ms.div_euclid(window_ms) {
            let away = |(from_ms, until_ms): &(i64, i64)| {
                *from_ms < (number + 1) * window_ms && number * window_ms < *until_ms
            };
            let is_counted = number * window_ms >= self.began_ms && !uncounted.iter().any(away);
            self.close((number, window_ms), is_counted, thing, to);
        }
        self.judge_early(to_ms, thing, to);
    }

    /// What is open ends, and was not counted whole; what measures elapsed time goes on.
    pub(crate) fn clock_set(
        &mut self,
        (to_ms, by_ms): (i64, i64),
        thing: &Thing,
        to: &mut Vec<Event>,
    ) {
        for number in self.windows.keys().copied().collect::<Vec<_>>() {
            self.close((number, self.window_ms.unwrap_or(1)), false, thing, to);
        }
        self.began_ms = self.began_ms.min(to_ms);
        self.datapoint_ms += by_ms;
        let (first_ms, last_ms) = self.run_began_ms.clone().into_inner();
        self.run_began_ms = first_ms + by_ms..=last_ms + by_ms;
    }

    /// A window is judged for good; one that was not counted whole only against upper bounds.
    fn close(
        &mut self,
        (number, window_ms): (i64, i64),
        is_counted: bool,
        thing: &Thing,
        to: &mut Vec<Event>,
    ) {
        let (begin_ms, end_ms) = (number * window_ms, (number + 1) * window_ms);
        self.judge_early(begin_ms, thing, to);
        let window = self.windows.remove(&number).unwrap_or_default();
        // Of what is counted zero is a value; lower bounds ask for a thing that was there.
        let source = self.behavior.metric.as_ref().map(|metric| metric.source());
        let is_there = thing.is_connected_at(begin_ms);
        let is_known = match (source, self.has_upper_bound()) {
            (Some(MetricSource::Cloud), false) => is_there,
            (Some(MetricSource::Cloud), true) => {
                is_there || thing.seen.range(begin_ms..end_ms).next().is_some()
            }
            _ => !window.grown.is_empty(),
        };
        let sum = MetricValue::Count(window.grown.iter().sum());
        if window.is_judged {
            self.open.iter_mut().for_each(|open| open.last_value = sum.clone());
        } else if is_counted && is_known && !window.is_partial {
            self.judge(end_ms..=end_ms, sum, to);
        }
    }

    /// One datapoint: counts verdicts, begins and ends the violation.
    fn judge(&mut self, at_ms: When, value: MetricValue, to: &mut Vec<Event>) {
        let Some(criteria) = self.behavior.criteria.clone() else { return };
        self.datapoint_ms = self.datapoint_ms.max(*at_ms.start());
        let Some(value) = offending(&self.behavior, &value) else {
            (self.violating, self.conforming) = (0, self.conforming.saturating_add(1));
            if self.open.is_some() && self.conforming >= criteria.to_clear() {
                self.open = None;
                to.push(self.event(EventType::AlarmCleared, at_ms, Some(value)));
            }
            return;
        };
        if self.violating == 0 {
            self.run_began_ms = at_ms.clone();
        }
        (self.violating, self.conforming) = (self.violating.saturating_add(1), 0);
        let opens = self.open.is_none() && self.violating >= criteria.to_alarm();
        if opens {
            to.push(self.event(EventType::InAlarm, at_ms.clone(), Some(value.clone())));
        }
        if opens || self.open.is_some() {
            let open = self.open.take();
            let started_ms = open.map_or(self.run_began_ms.clone(), |open| open.started_ms);
            self.open = Some(Open { started_ms, last_ms: at_ms, last_value: value });
        }
    }

    /// Nobody can tell any more; it begins anew.
    pub(crate) fn invalidate(&mut self, at_ms: When, to: &mut Vec<Event>) {
        if self.open.take().is_some() {
            (self.violating, self.conforming) = (0, 0);
            to.push(self.event(EventType::AlarmInvalidated, at_ms, None));
        }
    }

    fn event(&self, event_type: EventType, at_ms: When, value: Option<MetricValue>) -> Event {
        let (subject, is_suppressed) = (self.subject.clone(), self.behavior.suppress_alerts);
        Event { subject, event_type, at_ms, value, is_suppressed }
    }

    fn has_upper_bound(&self) -> bool {
        let judgement = self.behavior.criteria.as_ref().map(|criteria| &criteria.judgement);
        let Some(Judgement::Static(comparison)) = judgement else { return false };
        matches!(comparison.operator(), Op::LessThan | Op::LessThanEquals)
    }
}
