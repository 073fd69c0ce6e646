//! What was seen of a thing: a report, or an activity that a front door counted.

use fleetward_domain::{
    Activity, Count, DimensionOperator, EpochMs, Metric, MetricDimension, Report,
};

use crate::effects::Effects;
use crate::partition::Partition;
use crate::plan::Plan;
use crate::plan::feed::Feed;
use crate::thing_state::{Flags, ThingState};

/// Judges a report.
pub(crate) fn report(
    thing: &mut ThingState,
    plan: &Plan,
    at_ms: EpochMs,
    report: &Report,
    effects: &mut Effects,
) {
    let at_ms = at_ms.max(thing.seen_ms);
    if !thing.reports.is_new(report.report_id, at_ms) {
        return;
    }
    see(thing, plan, at_ms, effects);
    if !plan.takes_reports {
        return;
    }
    for (planned, place) in plan.rules.iter().zip(0..) {
        match &planned.rule.feed {
            Feed::Activity(_) => {}
            Feed::Network(counter) => {
                if let Some(growth) = counter.of(report) {
                    thing.add_to_window(planned, place, growth, at_ms, effects);
                }
            }
            feed => {
                if let Some(observed) = feed.observe(report) {
                    thing.judge_observed(planned, place, observed, at_ms, effects);
                }
            }
        }
    }
}

impl Partition {
    /// Takes what a front door counted of one thing.
    pub(crate) fn apply_activity(&mut self, activity: &Activity, effects: &mut Effects) {
        let before_ms = self.clock.now_ms;
        self.reach(activity.until_ms);
        let now_ms = self.clock.now_ms;
        let Activity { door, boot, seq, .. } = activity;
        let Some(heard) = self.doors.counted(door, *boot, *seq, now_ms) else { return };
        if heard.restarted {
            self.lose_connections(heard.bit, before_ms, effects);
        }
        // The stretch ends before `until_ms`, so that is the window it belongs to.
        let at_ms = activity.until_ms.saturating_sub(1);
        let name = activity.thing.as_str();
        let is_of_use = |plan: &Plan| activity.connected || plan.takes_activity;
        let found = self.things.find(name.as_bytes());
        let Some(place) = found.or_else(|| self.admit(name, at_ms, is_of_use, effects)) else {
            return;
        };
        let line_ms = self.clock.closed_until(self.settings.grace_ms);
        let Some(thing) = self.things.change(place) else { return };
        let Some(plan) = self.catalog.plan(thing.audience) else { return };
        let at_ms = at_ms.max(line_ms).max(thing.seen_ms);
        see(thing, plan, at_ms, effects);
        if activity.connected {
            thing.doors |= heard.bit;
        } else {
            thing.doors &= !heard.bit;
        }
        if plan.takes_activity {
            count(thing, plan, at_ms, &activity.counts, effects);
        }
        self.forget_if_idle(place, effects);
    }
}

/// A sign of life: what ended before it is closed first.
fn see(thing: &mut ThingState, plan: &Plan, at_ms: EpochMs, effects: &mut Effects) {
    if plan.has_windows {
        thing.close_windows(plan, at_ms, effects);
    }
    thing.seen_ms = at_ms;
    thing.datapoint_ms = thing.datapoint_ms.max(at_ms);
}

fn count(
    thing: &mut ThingState,
    plan: &Plan,
    at_ms: EpochMs,
    counts: &[Count],
    effects: &mut Effects,
) {
    for (planned, place) in plan.rules.iter().zip(0..) {
        let Feed::Activity(counter) = &planned.rule.feed else { continue };
        match growth(&counter.metric, counter.dimension.as_ref(), counts) {
            Growth::Nothing => {}
            Growth::By(growth) => thing.add_to_window(planned, place, growth, at_ms, effects),
            Growth::Unknown => {
                if let Some(state) = thing.rules.get_mut(place as usize) {
                    state.flags.set(Flags::PARTIAL);
                }
            }
        }
    }
}

/// How much a counter grew.
enum Growth {
    /// The front door says nothing of it: it did not grow.
    Nothing,
    By(u64),
    /// The front door does not count this dimension yet.
    Unknown,
}

fn growth(metric: &Metric, dimension: Option<&MetricDimension>, counts: &[Count]) -> Growth {
    let entry = |name| {
        let mut of_it = counts.iter().filter(|c| c.metric == *metric && c.dimension == name);
        let first = of_it.next()?.value;
        Some(of_it.fold(first, |sum, count| sum.saturating_add(count.value)))
    };
    let total = entry(None);
    let Some(dimension) = dimension else {
        return total.map_or(Growth::Nothing, Growth::By);
    };
    match (entry(Some(dimension.name.clone())), dimension.operator) {
        (Some(inside), DimensionOperator::In) => Growth::By(inside),
        (Some(inside), DimensionOperator::NotIn) => {
            Growth::By(total.unwrap_or(0).saturating_sub(inside))
        }
        (None, _) if total.is_some() => Growth::Unknown,
        (None, _) => Growth::Nothing,
    }
}
