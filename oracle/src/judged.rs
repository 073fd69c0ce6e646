//! One behavior of one thing: its datapoints, its verdicts, its violation.

use std::collections::BTreeMap;

use fleetward_domain::{
    Behavior, ComparisonOperator as Op, EventType, Judgement, MetricKind, MetricSource,
    MetricValue, Report,
};

use crate::value::{Growth, offending, value_in};
use crate::{Event, Subject, Thing};

/// A violation that is open: the first datapoint of the run that led to it, the last violating
/// one, and its value; of a window the whole value, once that is known.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "said above")]
pub struct Open {
    pub started_ms: i64,
    pub last_ms: i64,
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
    began_ms: i64,
    /// The length of its windows, if its metric is summed.
    window_ms: Option<i64>,
    /// Those that are not judged for good, by their number since the epoch.
    windows: BTreeMap<i64, Window>,
    violating: u8,
    conforming: u8,
    run_began_ms: i64,
}

#[derive(Debug, Default)]
struct Window {
    sum: u64,
    /// Somebody said something of it.
    is_fed: bool,
    /// A front door did not count the dimension yet.
    is_partial: bool,
    latest_ms: i64,
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
            run_began_ms: 0,
        }
    }

    /// Changed means: metric, dimension or criteria.
    pub(crate) fn is_same(&self, other: &Behavior) -> bool {
        let Behavior { metric, dimension, criteria, .. } = &self.behavior;
        (metric, dimension, criteria) == (&other.metric, &other.dimension, &other.criteria)
    }

    pub(crate) fn report(
        &mut self,
        at_ms: i64,
        report: &Report,
        line_ms: i64,
        to: &mut Vec<Event>,
    ) {
        let value = self.behavior.metric.as_ref().and_then(|metric| value_in(metric, report));
        match (self.window_ms, value) {
            (Some(_), Some(MetricValue::Count(by))) => {
                self.grow(at_ms, Growth::By(by), line_ms, to);
            }
            (None, Some(value)) if at_ms >= self.began_ms => self.judge(at_ms, value, to),
            _ => {}
        }
    }

    /// What happened before it began never counts, whenever it is learned.
    pub(crate) fn grow(&mut self, at_ms: i64, growth: Growth, line_ms: i64, to: &mut Vec<Event>) {
        let Some(window_ms) = self.window_ms.filter(|_| at_ms >= self.began_ms) else { return };
        let window = self.windows.entry(at_ms.div_euclid(window_ms)).or_default();
        match growth {
            Growth::Nothing => return,
            Growth::Unknown => window.is_partial = true,
            Growth::By(by) => (window.sum, window.is_fed) = (window.sum + by, true),
        }
        window.latest_ms = window.latest_ms.max(at_ms);
        self.judge_early(line_ms.div_euclid(window_ms), to);
    }

    /// A sum only grows: once over its bound the window will violate, and is judged then.
    fn judge_early(&mut self, number: i64, to: &mut Vec<Event>) {
        let is_upper = self.has_upper_bound();
        let Some(window) = self.windows.get_mut(&number).filter(|_| is_upper) else { return };
        let (at_ms, value) = (window.latest_ms, MetricValue::Count(window.sum));
        if !window.is_judged && window.is_fed && offending(&self.behavior, &value).is_some() {
            window.is_judged = true;
            self.judge(at_ms, value, to);
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
            self.judge_early(number, to);
            let window = self.windows.remove(&number).unwrap_or_default();
            let (begin_ms, end_ms) = (number * window_ms, (number + 1) * window_ms);
            let away = |(from, to): &(i64, i64)| *from < end_ms && begin_ms < *to;
            let is_whole =
                begin_ms >= self.began_ms && !window.is_partial && !uncounted.iter().any(away);
            // Of what is counted zero is a value; lower bounds ask for a thing that was there.
            let source = self.behavior.metric.as_ref().map(|metric| metric.source());
            let is_there = thing.is_connected_at(begin_ms);
            let is_known = match (source, self.has_upper_bound()) {
                (Some(MetricSource::Cloud), false) => is_there,
                (Some(MetricSource::Cloud), true) => {
                    is_there || thing.seen.range(begin_ms..end_ms).next().is_some()
                }
                _ => window.is_fed,
            };
            let sum = MetricValue::Count(window.sum);
            if window.is_judged {
                self.open.iter_mut().for_each(|open| open.last_value = sum.clone());
            } else if is_whole && is_known {
                self.judge(end_ms, sum, to);
            }
        }
        self.judge_early(to_ms.div_euclid(window_ms), to);
    }

    /// One datapoint: counts verdicts, begins and ends the violation.
    fn judge(&mut self, at_ms: i64, value: MetricValue, to: &mut Vec<Event>) {
        let Some(criteria) = self.behavior.criteria.clone() else { return };
        self.datapoint_ms = self.datapoint_ms.max(at_ms);
        let Some(value) = offending(&self.behavior, &value) else {
            (self.violating, self.conforming) = (0, self.conforming.saturating_add(1));
            if self.open.is_some() && self.conforming >= criteria.to_clear() {
                self.open = None;
                to.push(self.event(EventType::AlarmCleared, Some(at_ms), Some(value)));
            }
            return;
        };
        self.run_began_ms = if self.violating == 0 { at_ms } else { self.run_began_ms };
        (self.violating, self.conforming) = (self.violating.saturating_add(1), 0);
        let opens = self.open.is_none() && self.violating >= criteria.to_alarm();
        if opens {
            to.push(self.event(EventType::InAlarm, Some(at_ms), Some(value.clone())));
        }
        if opens || self.open.is_some() {
            let started_ms = self.open.as_ref().map_or(self.run_began_ms, |open| open.started_ms);
            self.open = Some(Open { started_ms, last_ms: at_ms, last_value: value });
        }
    }

    /// Nobody can tell any more; it begins anew.
    pub(crate) fn invalidate(&mut self, at_ms: Option<i64>, to: &mut Vec<Event>) {
        if self.open.take().is_some() {
            (self.violating, self.conforming) = (0, 0);
            to.push(self.event(EventType::AlarmInvalidated, at_ms, None));
        }
    }

    fn event(
        &self,
        event_type: EventType,
        at_ms: Option<i64>,
        value: Option<MetricValue>,
    ) -> Event {
        let (subject, is_suppressed) = (self.subject.clone(), self.behavior.suppress_alerts);
        Event { subject, event_type, at_ms, value, is_suppressed }
    }

    fn has_upper_bound(&self) -> bool {
        let judgement = self.behavior.criteria.as_ref().map(|criteria| &criteria.judgement);
        let Some(Judgement::Static(comparison)) = judgement else { return false };
        matches!(comparison.operator(), Op::LessThan | Op::LessThanEquals)
    }
}
