//! One behavior of one thing: its datapoints, their verdicts, and the violation that is open.

use fleetward_domain::{
    Behavior, Comparison, ComparisonOperator as Op, EventType, Judgement, Metric, MetricKind,
    MetricSource, MetricValue,
};

use crate::facts::{Fact, Facts, Time, What};
use crate::value::{Fold, fold, growth_in, number_of, offending, value_in};
use crate::{Event, Subject, Told, When};

/// Windows of a thing that wait for what the fleet says, at most.
const WAITING: usize = 8;

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
    pub(crate) began: Time,
    pub(crate) datapoint_ms: i64,
    /// Since when it is missed, if it is, and whether that was too long.
    pub(crate) missed: Option<(i64, bool)>,
    /// Since when it can be: when it began, in the times of now.
    missable_ms: i64,
    judgement: Judgement,
    fold: Fold,
    /// The length of its windows, if it has some.
    pub(crate) window_ms: Option<i64>,
    /// The begin of the last window that was judged before its end.
    early: Option<Time>,
    /// The ends of windows that wait, their values, and whether all of each was counted.
    waiting: Vec<(i64, MetricValue, bool)>,
    violating: u8,
    conforming: u8,
    run_began_ms: When,
}

impl Judged {
    pub(crate) fn new(
        subject: Subject,
        behavior: &Behavior,
        period_ms: i64,
        began: Time,
    ) -> Option<Self> {
        let criteria = behavior.criteria.as_ref()?;
        let kind = behavior.metric.as_ref()?.kind();
        let is_fixed = matches!(criteria.judgement, Judgement::Static(_));
        let stated_ms = i64::from(criteria.duration_seconds.unwrap_or(0)) * 1_000;
        let window_ms = match kind {
            MetricKind::Extreme if is_fixed => Some(period_ms),
            MetricKind::Sum => Some(stated_ms.max(period_ms)),
            _ => (!is_fixed).then_some(stated_ms.max(period_ms)),
        };
        // It has windows if something grows, or the fleet is asked: that ranks a value a window.
        Some(Self {
            open: None,
            subject,
            behavior: behavior.clone(),
            began,
            datapoint_ms: began.1,
            missed: None,
            missable_ms: began.1,
            judgement: criteria.judgement.clone(),
            fold: fold(behavior, &criteria.judgement),
            window_ms,
            early: None,
            waiting: Vec::new(),
            violating: 0,
            conforming: 0,
            run_began_ms: 0..=0,
        })
    }

    /// It begins: of what is missed already, no time of before counts.
    pub(crate) fn begin(&mut self, facts: &Facts) {
        let mut seen = facts.of(&self.subject.0).filter(|fact| !fact.thing.is_empty());
        let is_missed = match self.behavior.metric {
            Some(Metric::SecondsSinceReport) => true,
            Some(Metric::DisconnectDuration) => {
                seen.next().is_some() && !facts.is_connected(&self.subject.0)
            }
            _ => false,
        };
        self.missed = is_missed.then_some((self.began.1, false));
    }

    pub(crate) fn is_absence(&self) -> bool {
        self.behavior.metric.as_ref().map(Metric::kind) == Some(MetricKind::Duration)
    }

    /// Something new is known of its thing: the last of the facts.
    pub(crate) fn hear(&mut self, facts: &Facts, told: &mut Told) {
        let Some(fact) = facts.list.last() else { return };
        match (self.window_ms, value_in(&self.behavior, &fact.what)) {
            (Some(window_ms), _) => {
                self.judge_early(facts, facts.line.1.div_euclid(window_ms), told)
            }
            (None, Some(value)) if fact.since() >= self.began => {
                let bound = self.bound(0, facts).flatten();
                self.judge(bound.as_ref(), fact.at.1..=fact.at.1, &value, told);
            }
            _ => self.miss(fact, facts, told),
        }
    }

    /// Whether a window that violates goes on to, however it grows.
    fn stays(&self) -> bool {
        let is_upper = matches!(self.judgement.operator(), Op::LessThan | Op::LessThanEquals);
        self.fold != Fold::Sum || is_upper
    }

    /// What a window is compared with; none while that is not known, and none if nothing is.
    fn bound(&self, begin_ms: i64, facts: &Facts) -> Option<Option<Comparison>> {
        let operator = match &self.judgement {
            Judgement::Static(comparison) => return Some(Some(comparison.clone())),
            Judgement::Statistical { operator, .. } => *operator,
        };
        let (_, profile, behavior) = self.subject.clone();
        // One for a later window says that there is none for this.
        let (from_ms, value) =
            facts.thresholds.get(&(profile, behavior))?.range(begin_ms..).next_back()?;
        let value = value.filter(|_| *from_ms == begin_ms).map(MetricValue::Number);
        Some(value.and_then(|value| Comparison::new(operator, value).ok()))
    }

    /// What was said of a window of this number after it began, if all was; by when, and whether
    /// some of it had to wait for its turn.
    fn window(&self, number: i64, facts: &Facts) -> (Vec<f64>, bool, Option<i64>, bool) {
        let window_ms = self.window_ms.unwrap_or(1);
        let (begin, end) =
            ((facts.line.0, number * window_ms), (facts.line.0, (number + 1) * window_ms));
        let is_in = |fact: &&Fact| {
            fact.at >= begin && fact.at < end && !matches!(fact.what, What::Lost(..))
        };
        let seen = || facts.of(&self.subject.0).filter(is_in);
        let own = seen().filter(|fact| fact.since() >= self.began);
        let grown = own.filter_map(|fact| growth_in(&self.behavior, self.fold, &fact.what));
        let grown: Vec<_> = grown.collect();
        let is_whole = grown.iter().all(Option::is_some);
        let latest_ms = seen().map(|fact| fact.at.1).max();
        (
            grown.into_iter().flatten().collect(),
            is_whole,
            latest_ms,
            seen().any(|fact| fact.line < begin),
        )
    }

    fn folded(&self, grown: &[f64]) -> MetricValue {
        let value = match self.fold {
            Fold::Sum => grown.iter().sum(),
            Fold::Most => grown.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Fold::Least => grown.iter().copied().fold(f64::INFINITY, f64::min),
        };
        match self.behavior.metric {
            Some(Metric::Custom(_)) => MetricValue::Number(value),
            _ => MetricValue::Count(value as u64),
        }
    }

    /// A sum only grows: once over its bound the window will violate, and is judged then.
    pub(crate) fn judge_early(&mut self, facts: &Facts, number: i64, told: &mut Told) {
        let begin_ms = number * self.window_ms.unwrap_or(1);
        let begin = (facts.line.0, begin_ms);
        if self.early == Some(begin) || !self.stays() {
            return;
        }
        let (grown, _, latest_ms, has_waited) = self.window(number, facts);
        let (value, bound) = (self.folded(&grown), self.bound(begin_ms, facts).flatten());
        if !grown.is_empty() && bound.as_ref().is_some_and(|by| offending(by, &value).is_some()) {
            self.early = Some(begin);
            let end_ms = begin_ms + self.window_ms.unwrap_or(1);
            let latest_ms = latest_ms.unwrap_or(begin_ms);
            let at_ms = if has_waited { begin_ms..=end_ms - 1 } else { latest_ms..=latest_ms };
            self.judge(bound.as_ref(), at_ms, &value, told);
            self.datapoint_ms = self.datapoint_ms.max(latest_ms);
        }
    }

    /// The line went on from there: judges the windows that it has passed.
    pub(crate) fn pass(&mut self, from_ms: i64, facts: &Facts, told: &mut Told) {
        let Some(window_ms) = self.window_ms else { return };
        let reached = facts.line.1.div_euclid(window_ms);
        for number in from_ms.div_euclid(window_ms)..reached {
            self.close(number, facts, told);
        }
        self.judge_early(facts, reached, told);
    }

    /// A window is judged for good; one that was not counted whole only against upper bounds.
    fn close(&mut self, number: i64, facts: &Facts, told: &mut Told) {
        let window_ms = self.window_ms.unwrap_or(1);
        let (begin_ms, end_ms) = (number * window_ms, (number + 1) * window_ms);
        let begin = (facts.line.0, begin_ms);
        if (facts.line.0, end_ms) <= self.began {
            return;
        }
        self.judge_early(facts, number, told);
        let (grown, is_told, latest_ms, _) = self.window(number, facts);
        let is_away = |(era, away): &(usize, std::ops::Range<i64>)| {
            *era == begin.0 && away.start < end_ms && begin_ms < away.end
        };
        let is_counted = is_told && begin >= self.began && !facts.uncounted.iter().any(is_away);
        // Of what is counted zero is a value; lower bounds ask for a thing that was there.
        let source = self.behavior.metric.as_ref().map(|metric| metric.source());
        let counts_zero = source == Some(MetricSource::Cloud) && self.fold == Fold::Sum;
        let is_there = facts.connected(usize::MAX, &self.subject.0, begin);
        if grown.is_empty() && !(counts_zero && (is_there || latest_ms.is_some())) {
            return;
        }
        let value = self.folded(&grown);
        if is_counted && matches!(self.judgement, Judgement::Statistical { .. }) {
            let (_, profile, behavior) = self.subject.clone();
            told.sums.entry((profile, behavior, end_ms)).or_default().push(number_of(&value));
        }
        let is_sure = is_counted && (self.stays() || !counts_zero || is_there);
        if !is_counted && grown.is_empty() {
            // Nobody knows anything of it.
        } else if self.early == Some(begin) {
            self.open.iter_mut().for_each(|open| open.last_value = value.clone());
        } else if self.bound(begin_ms, facts).is_some() {
            self.judge_closed(end_ms, &value, is_sure, facts, told);
        } else {
            self.waiting.push((end_ms, value, is_sure));
            self.waiting.drain(..self.waiting.len().saturating_sub(WAITING));
        }
    }

    fn judge_closed(
        &mut self,
        end_ms: i64,
        value: &MetricValue,
        is_sure: bool,
        facts: &Facts,
        told: &mut Told,
    ) {
        let bound = self.bound(end_ms - self.window_ms.unwrap_or(1), facts).flatten();
        let Some(bound) = bound else { return };
        if is_sure || self.stays() && offending(&bound, value).is_some() {
            self.judge(Some(&bound), end_ms..=end_ms, value, told);
        }
    }

    /// The fleet has said something: judges what waited for that.
    pub(crate) fn judge_waiting(&mut self, facts: &Facts, told: &mut Told) {
        let Some(window_ms) = self.window_ms else { return };
        for (end_ms, value, is_sure) in std::mem::take(&mut self.waiting) {
            if self.bound(end_ms - window_ms, facts).is_some() {
                self.judge_closed(end_ms, &value, is_sure, facts, told);
            } else {
                self.waiting.push((end_ms, value, is_sure));
            }
        }
        self.judge_early(facts, facts.line.1.div_euclid(window_ms), told);
    }

    /// The clock is about to be set ahead by so much: what is open ends, and was not counted
    /// whole; what measures elapsed time goes on.
    pub(crate) fn clock_set(&mut self, by_ms: i64, facts: &Facts, told: &mut Told) {
        if let Some(window_ms) = self.window_ms {
            let of_now = facts.of(&self.subject.0).filter(|fact| fact.at.0 == facts.line.0);
            let last_ms = of_now.map(|fact| fact.at.1).max().unwrap_or(i64::MIN);
            for number in facts.line.1.div_euclid(window_ms)..=last_ms.div_euclid(window_ms) {
                self.close(number, facts, told);
            }
        }
        self.waiting.clear();
        self.datapoint_ms += by_ms;
        self.missable_ms += by_ms;
        let (first_ms, last_ms) = self.run_began_ms.clone().into_inner();
        self.run_began_ms = first_ms + by_ms..=last_ms + by_ms;
        self.missed = self.missed.map(|(since_ms, is_long)| (since_ms + by_ms, is_long));
    }

    /// What is missed has come, or is missed from here on.
    fn miss(&mut self, fact: &Fact, facts: &Facts, told: &mut Told) {
        let (thing, at_ms, since_ms) = (&self.subject.0, fact.at.1, self.missed.map(|(ms, _)| ms));
        let was_connected = facts.connected(facts.list.len() - 1, thing, crate::facts::LAST);
        let is_connected = facts.is_connected(thing);
        let (came_ms, went_ms) = match (&self.behavior.metric, &fact.what) {
            (Some(Metric::SecondsSinceReport), What::Report(_)) => {
                (Some(at_ms).filter(|_| since_ms <= Some(at_ms)), Some(at_ms))
            }
            (Some(Metric::DisconnectDuration), What::Activity(_)) if is_connected => {
                (Some(at_ms), None)
            }
            (Some(Metric::DisconnectDuration), What::Activity(activity)) => {
                let said_ms = activity.away_since_ms.map(|away_ms| away_ms.min(at_ms));
                let away_ms = said_ms.or(was_connected.then_some(at_ms));
                // Had it been away before, it came and went since.
                (away_ms.filter(|_| since_ms < away_ms), away_ms)
            }
            (Some(Metric::DisconnectDuration), What::Lost(_, said_ms))
                if was_connected && !is_connected =>
            {
                (None, Some(*said_ms))
            }
            _ => return,
        };
        let is_report = matches!(fact.what, What::Report(_));
        if let Some(came_ms) = came_ms {
            let was_long = self.missed.take().is_some_and(|(_, is_long)| is_long);
            if was_long || is_report {
                self.judge(None, came_ms..=came_ms, &MetricValue::Count(0), told);
            }
        }
        if let (None, Some(went_ms)) = (self.missed, went_ms) {
            self.missed = Some((went_ms.max(self.missable_ms), false));
        }
    }

    /// Judges what has been missed for too long by now.
    pub(crate) fn end_patience(&mut self, facts: &Facts, told: &mut Told) {
        let Some((since_ms, false)) = self.missed else { return };
        let Judgement::Static(comparison) = self.judgement.clone() else { return };
        let is_less = comparison.operator() == Op::LessThan;
        let bound_ms = number_of(comparison.value()) as i64 * 1_000 + i64::from(!is_less);
        let at_ms = since_ms.max(facts.counted_ms) + bound_ms;
        if at_ms <= facts.line.1 {
            self.missed = Some((since_ms, true));
            let count = (at_ms - since_ms).unsigned_abs().div_ceil(1_000);
            self.judge(Some(&comparison), at_ms..=at_ms, &MetricValue::Count(count), told);
        }
    }

    /// One datapoint: counts verdicts, begins and ends the violation.
    fn judge(
        &mut self,
        by: Option<&Comparison>,
        at_ms: When,
        value: &MetricValue,
        told: &mut Told,
    ) {
        let Some(criteria) = self.behavior.criteria.clone() else { return };
        self.datapoint_ms = self.datapoint_ms.max(*at_ms.start());
        // A stretch of absence violates once, and who is back is back.
        let metric = self.behavior.metric.clone();
        let to_alarm = if self.is_absence() { 1 } else { criteria.to_alarm() };
        let to_clear =
            if metric == Some(Metric::DisconnectDuration) { 1 } else { criteria.to_clear() };
        let Some(value) = by.and_then(|by| offending(by, value)) else {
            (self.violating, self.conforming) = (0, self.conforming.saturating_add(1));
            if self.open.is_some() && self.conforming >= to_clear {
                self.open = None;
                self.tell(EventType::AlarmCleared, at_ms, Some(value.clone()), told);
            }
            return;
        };
        if self.violating == 0 {
            self.run_began_ms = at_ms.clone();
        }
        (self.violating, self.conforming) = (self.violating.saturating_add(1), 0);
        let opens = self.open.is_none() && self.violating >= to_alarm;
        if opens {
            self.tell(EventType::InAlarm, at_ms.clone(), Some(value.clone()), told);
        }
        if opens || self.open.is_some() {
            let open = self.open.take();
            let started_ms = open.map_or(self.run_began_ms.clone(), |open| open.started_ms);
            self.open = Some(Open { started_ms, last_ms: at_ms, last_value: value });
        }
    }

    /// Nobody can tell any more; it begins anew.
    pub(crate) fn invalidate(&mut self, at_ms: When, told: &mut Told) {
        if self.open.take().is_some() {
            (self.violating, self.conforming) = (0, 0);
            self.tell(EventType::AlarmInvalidated, at_ms, None, told);
        }
    }

    fn tell(
        &self,
        event_type: EventType,
        at_ms: When,
        value: Option<MetricValue>,
        told: &mut Told,
    ) {
        let (subject, is_suppressed) = (self.subject.clone(), self.behavior.suppress_alerts);
        told.events.push(Event { subject, event_type, at_ms, value, is_suppressed });
    }
}
