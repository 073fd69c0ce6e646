//! Counting without sockets: periods, plans, and what is forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{
    Behavior, BehaviorName, DimensionName, DimensionOperator, Measured, Metric, MetricDimension,
    MetricSource, ProfileName, SecurityProfile, ThingName,
};
use fleetward_environment::{Clock, RecordClock, Stamp};

use super::plan::{PlanDimension, note_dimensions};
use super::*;

const PERIOD_MS: i64 = 1000;

fn dimension(name: &str, filters: &[&str], metrics: &[Metric]) -> PlanDimension {
    PlanDimension {
        name: DimensionName::parse(name).unwrap(),
        topic_filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
        metrics: metrics.to_vec(),
    }
}

fn thing(name: &str) -> ThingName {
    ThingName::parse(name).unwrap()
}

fn meter(plan: MeterPlan) -> Meter {
    Meter::new(RecordClock::new(Clock::system()), PERIOD_MS, plan)
}

/// Counts messages to a topic at a time.
fn send(meter: &Meter, thing: &Arc<ThingMeter>, now_ms: i64, topic: &str, count: usize) {
    let mut counts = Counts::new(meter.plan());
    let set = counts.plan.set_of(topic);
    for _ in 0..count {
        counts.count(Metric::MessagesSent, set);
    }
    let at = Stamp { jumps: 0, at_ms: now_ms };
    meter.change(thing, |state, _| state.add(at, PERIOD_MS, &counts));
}

/// The end of a stretch, and how many messages were sent in it: in all and by dimension.
type Stretch = (i64, Vec<(Option<String>, u64)>);

fn collected(meter: &Meter) -> Vec<Stretch> {
    let meters = meter.take_changed(usize::MAX);
    let mut found = Vec::new();
    for thing in &meters {
        for bucket in meter.take_buckets(thing, u64::MAX) {
            let counts = bucket.counts.growth().into_iter();
            let counts = counts
                .map(|count| (count.dimension.map(|name| name.to_string()), count.value))
                .collect();
            found.push((bucket.last_ms + 1, counts));
        }
    }
    meter.collected(&meters);
    found
}

#[test]
fn a_topic_is_in_all_dimensions_that_match_it() {
    let plan = MeterPlan::of(vec![
        dimension("a", &["x/#"], &[]),
        dimension("b", &["y", "x/+"], &[]),
        dimension("c", &["z"], &[]),
    ]);
    let set = |topic| plan.set_of(topic).iter().collect::<Vec<_>>();
    assert_eq!(set("x/1"), [0, 1]);
    assert_eq!(set("x/1/2"), [0]);
    assert_eq!(set("q"), [] as [usize; 0]);
    let many = MeterPlan::of((0..200).map(|_| dimension("d", &["#"], &[])).collect());
    assert_eq!(many.set_of("x").iter().count(), 128);
}

#[test]
fn counts_belong_to_the_period_they_were_counted_in_whenever_they_are_collected() {
    let meter = meter(MeterPlan::default());
    let pump = meter.hold(&thing("pump")).unwrap();
    send(&meter, &pump, 10_100, "t", 1);
    send(&meter, &pump, 10_999, "t", 2);
    send(&meter, &pump, 11_000, "t", 4);
    send(&meter, &pump, 13_500, "t", 8);
    let records = collected(&meter);
    assert_eq!(
        records,
        [(11_000, vec![(None, 3)]), (11_001, vec![(None, 4)]), (13_501, vec![(None, 8)]),]
    );
    // A record counts for the period of the millisecond before its end.
    assert_eq!((11_000 - 1) / PERIOD_MS, 10);
}

#[test]
fn counts_of_before_and_after_a_jump_of_the_clock_stay_apart() {
    let meter = meter(MeterPlan::default());
    let pump = meter.hold(&thing("pump")).unwrap();
    send(&meter, &pump, 20_500, "t", 1);
    let mut counts = Counts::new(meter.plan());
    counts.count(Metric::MessagesSent, TopicSet::NONE);
    let after = Stamp { jumps: 1, at_ms: 15_000 };
    meter.change(&pump, |state, _| state.add(after, PERIOD_MS, &counts));
    assert_eq!(collected(&meter), [(20_501, vec![(None, 1)]), (15_001, vec![(None, 1)])]);
}

#[test]
fn a_total_brings_its_dimensions_also_when_they_are_zero() {
    let sent = [Metric::MessagesSent];
    let dimensions = vec![
        dimension("in", &["x"], &sent),
        dimension("other", &["x"], &[Metric::MessagesReceived]),
    ];
    let meter = meter(MeterPlan::of(dimensions));
    let pump = meter.hold(&thing("pump")).unwrap();
    send(&meter, &pump, 1, "y", 5);
    assert_eq!(collected(&meter), [(2, vec![(None, 5), (Some("in".into()), 0)])]);
    send(&meter, &pump, 3, "x", 2);
    send(&meter, &pump, 3, "y", 1);
    assert_eq!(collected(&meter), [(4, vec![(None, 3), (Some("in".into()), 2)])]);
}

/// A profile with a behavior for each of AWS's metrics, all by the same dimension.
fn profile_of_all_metrics(name: &DimensionName) -> SecurityProfile {
    let behavior = |(at, metric): (usize, &Metric)| Behavior {
        name: BehaviorName::parse(format!("b{at}")).unwrap(),
        metric: Some(metric.clone()),
        dimension: Some(MetricDimension { name: name.clone(), operator: DimensionOperator::In }),
        criteria: None,
        suppress_alerts: false,
        export_metric: None,
    };
    SecurityProfile {
        name: ProfileName::parse("p").unwrap(),
        description: None,
        behaviors: Metric::BUILT_IN.iter().enumerate().map(behavior).collect(),
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    }
}

#[test]
fn what_is_counted_and_by_dimension_is_what_the_facts_of_metrics_say() {
    let name = DimensionName::parse("d").unwrap();
    let mut used = BTreeMap::new();
    note_dimensions(&profile_of_all_metrics(&name), &mut used);
    let by_dimension = used.remove(&name).unwrap();
    let dimensions = vec![dimension("d", &["x"], &by_dimension)];
    let plan = Arc::new(MeterPlan::of(dimensions));
    let counted = Metric::BUILT_IN.into_iter().filter(|m| m.facts().measured == Measured::Counted);
    let mut all = Counts::new(Arc::clone(&plan));
    let mut expected = Vec::new();
    for metric in counted.clone() {
        all.count(metric.clone(), plan.set_of("x"));
        expected.push((metric.clone(), None));
        if metric.takes_dimension() {
            expected.push((metric, Some(name.clone())));
        }
    }
    let found: Vec<_> = all.growth().into_iter().map(|c| (c.metric, c.dimension)).collect();
    assert_eq!(found, expected);
    let is_measured_here = |metric: &Metric| metric.source() == MetricSource::Cloud;
    let mut here: Vec<_> = Metric::BUILT_IN.into_iter().filter(is_measured_here).collect();
    here.retain(Metric::takes_dimension);
    here.sort();
    assert_eq!(by_dimension, here);
}

#[test]
fn growth_is_listed_in_the_same_order_however_it_came() {
    let plan = Arc::new(MeterPlan::default());
    let mut counts = Counts::new(Arc::clone(&plan));
    let mut more = Counts::new(plan);
    counts.count(Metric::Disconnects, TopicSet::NONE);
    more.count(Metric::MessagesSent, TopicSet::NONE);
    counts.add(&more);
    counts.count(Metric::MessagesSent, TopicSet::NONE);
    let found: Vec<_> = counts.growth().into_iter().map(|c| (c.metric, c.value)).collect();
    assert_eq!(found, [(Metric::MessagesSent, 2), (Metric::Disconnects, 1)]);
    counts.clear();
    assert!(counts.is_empty() && counts.growth().is_empty());
}

#[test]
fn counts_by_an_older_plan_stay_apart() {
    let plan =
        |filter: &str| MeterPlan::of(vec![dimension("d", &[filter], &[Metric::MessagesSent])]);
    let meter = meter(plan("x"));
    let pump = meter.hold(&thing("pump")).unwrap();
    send(&meter, &pump, 1, "x", 1);
    meter.set_plan(plan("y"));
    send(&meter, &pump, 2, "x", 1);
    let d = || Some("d".to_owned());
    assert_eq!(collected(&meter), [(2, vec![(None, 1), (d(), 1)]), (3, vec![(None, 1), (d(), 0)])]);
    let before = meter.plan();
    meter.set_plan(plan("y"));
    assert!(meter.is_current(&before), "an equal plan is no new plan");
}

#[test]
fn a_thing_is_forgotten_when_it_is_collected_and_nobody_holds_it() {
    let meter = meter(MeterPlan::default());
    let pump = meter.hold(&thing("pump")).unwrap();
    let again = meter.hold(&thing("pump")).unwrap();
    assert!(Arc::ptr_eq(&pump, &again));
    send(&meter, &pump, 1, "t", 1);
    meter.release(&pump);
    meter.release(&again);
    assert_eq!(meter.things(), 1, "its counts are not collected yet");
    assert_eq!(collected(&meter).len(), 1);
    assert_eq!(meter.things(), 0);
    // One that counted nothing goes at once.
    let idle = meter.hold(&thing("idle")).unwrap();
    meter.release(&idle);
    assert_eq!(meter.things(), 0);
}

#[test]
fn periods_that_cannot_be_sent_are_bounded_and_none_counts_for_another() {
    let meter = meter(MeterPlan::default());
    let pump = meter.hold(&thing("pump")).unwrap();
    for period in 0..1000 {
        send(&meter, &pump, period * PERIOD_MS, "t", 1);
    }
    let records = collected(&meter);
    assert_eq!(records.len(), crate::limits::UNFLUSHED_WINDOWS);
    assert!(records.iter().all(|(_, counts)| *counts == [(None, 1)]));
    assert_eq!(meter.take_lost(), 1000 - crate::limits::UNFLUSHED_WINDOWS as u64);
    assert_eq!(meter.take_lost(), 0);
}

/// The plan in which the dimension `x` is used for these metrics.
fn plan_for(metrics: &[Metric]) -> MeterPlan {
    MeterPlan::of(vec![dimension("unused", &["#"], &[]), dimension("x", &["x/#"], metrics)])
}

#[test]
fn sizes_are_told_in_all_and_on_both_sides_of_a_dimension() {
    let plan = Arc::new(plan_for(&[Metric::MessageByteSize]));
    let from = "10.0.0.1".parse().unwrap();
    let mut counts = Counts::new(Arc::clone(&plan));
    let mut more = counts.clone();
    counts.sent(plan.set_of("x/1"), 10, from);
    counts.sent(plan.set_of("x/2"), 4, from);
    more.sent(plan.set_of("y"), 0, from);
    counts.add(&more);
    let told = counts.sizes().into_iter().map(|sizes| {
        let side =
            sizes.dimension.map(|dimension| (dimension.name.to_string(), dimension.operator));
        (side, [sizes.min, sizes.max, sizes.total, sizes.messages])
    });
    let told: Vec<_> = told.collect();
    let side = |operator| Some(("x".to_owned(), operator));
    assert_eq!(
        told,
        [
            (None, [0, 10, 14, 3]),
            (side(DimensionOperator::In), [4, 10, 14, 2]),
            (side(DimensionOperator::NotIn), [0, 0, 0, 1]),
        ]
    );
    assert!(counts.sources().is_empty(), "nobody asks for them");
    counts.clear();
    assert!(counts.sizes().is_empty());
}

#[test]
fn addresses_are_told_once_and_bounded() {
    let plan = Arc::new(plan_for(&[Metric::SourceIpAddress]));
    let mut counts = Counts::new(Arc::clone(&plan));
    let address = |last: u8| std::net::IpAddr::from([10, 0, 0, last]);
    for _ in 0..3 {
        counts.connected(address(1));
        counts.sent(plan.set_of("x/1"), 1, address(2));
        counts.sent(plan.set_of("y"), 1, address(2));
    }
    let told: Vec<_> = counts
        .sources()
        .into_iter()
        .map(|source| (source.dimension.map(|dimension| dimension.operator), source.address))
        .collect();
    let sides = [None, Some(DimensionOperator::In), Some(DimensionOperator::NotIn)];
    assert_eq!(told, sides.into_iter().zip([1, 2, 2].map(address)).collect::<Vec<_>>());
    // Many of one kind leave the others as they are.
    counts.clear();
    for last in 0..=255 {
        counts.connected(address(last));
    }
    counts.sent(plan.set_of("x/1"), 1, address(2));
    let sent = |source: &&fleetward_domain::Source| source.dimension.is_some();
    assert_eq!(counts.sources().iter().filter(sent).count(), 1);
    assert_eq!(counts.sources().len(), crate::limits::SOURCES + 1);
}

#[test]
fn addresses_of_all_dimensions_together_are_bounded_and_none_is_told_nothing() {
    let name = |at: usize| format!("d{at:03}");
    let sourced = |at| dimension(&name(at), &["x/#"], &[Metric::SourceIpAddress]);
    let plan = Arc::new(MeterPlan::of((0..100).map(sourced).collect()));
    let mut counts = Counts::new(Arc::clone(&plan));
    for last in 0..=255 {
        let address = std::net::IpAddr::from([10, 0, 0, last]);
        counts.connected(address);
        counts.sent(plan.set_of("x/1"), 1, address);
    }
    // The other side of each comes last, and is told all the same.
    counts.sent(plan.set_of("y"), 1, std::net::IpAddr::from([10, 0, 0, 1]));
    let sources = counts.sources();
    assert_eq!(sources.len(), crate::limits::SOURCES_IN_ALL + 100);
    let told: std::collections::BTreeSet<_> =
        sources.into_iter().map(|source| source.dimension).collect();
    assert_eq!(told.len(), 1 + 2 * 100);
    counts.clear();
    counts.connected(std::net::IpAddr::from([10, 0, 0, 1]));
    assert_eq!(counts.sources().len(), 1);
}

#[test]
fn a_thing_that_left_is_away_since_its_last_connection_ended() {
    let at = |at_ms| Stamp { jumps: 0, at_ms };
    let mut state = thing::State::default();
    for (at_ms, presence, away_since_ms) in [
        (1, Presence::Up, None),
        (2, Presence::Up, None),
        (3, Presence::Down, None),
        (4, Presence::Down, Some(4)),
        (5, Presence::Up, None),
        (6, Presence::Stopped, None),
    ] {
        state.turn(at(at_ms), presence);
        assert_eq!(state.away_since_ms, away_since_ms, "at {at_ms}");
    }
}

#[test]
fn what_was_counted_says_when_its_first_was_if_that_is_not_when_its_last_was() {
    let meter = meter(MeterPlan::default());
    let pump = meter.hold(&thing("pump")).unwrap();
    for at_ms in [10_100, 10_200, 10_300, 11_500, 12_000, 12_000] {
        send(&meter, &pump, at_ms, "t", 1);
    }
    let buckets = meter.take_buckets(&pump, u64::MAX);
    let stretches: Vec<_> = buckets.iter().map(|b| (b.since_ms(), b.last_ms)).collect();
    assert_eq!(stretches, [(Some(10_100), 10_300), (None, 11_500), (None, 12_000)]);
}
