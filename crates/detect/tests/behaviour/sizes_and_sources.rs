//! What front doors see beside counting: how large messages are, and from where things come.

use fleetward_domain::{
    Activity, Behavior, ComparisonOperator as Op, DimensionOperator, Measure, Metric,
    MetricDimension, MetricValue, Record, Sizes, Source,
};

use super::scenario::{Scenario, activity, after, behavior, narrowed};

const SIZE: &str = "aws:message-byte-size";
const SOURCE: &str = "aws:source-ip-address";

fn dimension(operator: DimensionOperator) -> MetricDimension {
    MetricDimension { name: "doors".to_owned().try_into().unwrap(), operator }
}

fn sizes(dimension: Option<MetricDimension>, min: u64, max: u64, total: u64) -> Sizes {
    Sizes { dimension, min, max, total, messages: 2 }
}

impl Scenario {
    /// A connected `a`, seen by front door `d`.
    fn see(&mut self, seq: u64, until_ms: i64, change: impl FnOnce(&mut Activity)) {
        let mut seen = activity("d", 1, seq, until_ms, "a", true, &[]);
        change(&mut seen);
        self.apply(&Record::Activity(seen));
    }
}

fn size(name: &str, operator: Op, bytes: u64) -> Behavior {
    behavior(name, SIZE, operator, MetricValue::Count(bytes))
}

#[test]
fn the_largest_message_of_a_period_is_judged_by_an_upper_bound_at_once() {
    let mut scenario = Scenario::with_two(&[size("large", Op::LessThanEquals, 1_024)]);
    scenario.see(1, 500, |seen| seen.sizes = vec![sizes(None, 10, 1_024, 1_034)]);
    scenario.expect(&[]);
    scenario.see(2, 700, |seen| seen.sizes = vec![sizes(None, 3, 1_025, 1_028)]);
    scenario.see(3, 800, |seen| seen.sizes = vec![sizes(None, 3, 2_000, 2_003)]);
    scenario.expect(&["in-alarm a/p/large@699 1025"]);
    scenario.tick(1_000);
    let shown = scenario.effects.violations.last().map(|open| open.last_value.clone());
    assert_eq!(shown, Some(MetricValue::Count(2_000)), "the period's extreme");
    // A period without a message says nothing of sizes.
    scenario.tick(2_000);
    scenario.expect(&[]);
    scenario.see(4, 2_500, |seen| seen.sizes = vec![sizes(None, 1, 9, 10)]);
    scenario.expect(&[]);
    scenario.tick(3_000);
    scenario.expect(&["alarm-cleared a/p/large@3000 9"]);
}

#[test]
fn the_smallest_message_of_a_period_is_judged_by_a_lower_bound_at_once() {
    let mut scenario = Scenario::with_two(&[size("small", Op::GreaterThan, 100)]);
    scenario.see(1, 500, |seen| seen.sizes = vec![sizes(None, 101, 5_000, 5_101)]);
    scenario.see(2, 700, |seen| seen.sizes = vec![sizes(None, 100, 100, 200)]);
    scenario.see(3, 800, |seen| seen.sizes = vec![sizes(None, 7_000, 7_000, 14_000)]);
    scenario.expect(&["in-alarm a/p/small@699 100"]);
    scenario.tick(1_000);
    scenario.see(4, 1_500, |seen| seen.sizes = vec![sizes(None, 101, 5_000, 5_101)]);
    scenario.tick(2_000);
    scenario.expect(&["alarm-cleared a/p/small@2000 101"]);
}

#[test]
fn sizes_are_judged_inside_and_outside_of_a_dimension() {
    let inside = narrowed(size("in", Op::LessThan, 50), dimension(DimensionOperator::In));
    let outside = narrowed(size("out", Op::LessThan, 50), dimension(DimensionOperator::NotIn));
    let mut scenario = Scenario::with_two(&[inside, outside]);
    scenario.see(1, 500, |seen| {
        seen.sizes = vec![
            sizes(None, 1, 60, 61),
            sizes(Some(dimension(DimensionOperator::In)), 1, 1, 2),
            sizes(Some(dimension(DimensionOperator::NotIn)), 60, 60, 120),
        ];
    });
    scenario.expect(&["in-alarm a/p/out@499 60"]);
}

#[test]
fn two_periods_in_a_row_are_two_datapoints() {
    let mut scenario = Scenario::with_two(&[after(size("large", Op::LessThan, 100), 2, 1)]);
    scenario.see(1, 500, |seen| seen.sizes = vec![sizes(None, 100, 100, 200)]);
    scenario.see(2, 600, |seen| seen.sizes = vec![sizes(None, 200, 200, 400)]);
    scenario.expect(&[]);
    scenario.tick(1_000);
    scenario.see(3, 1_500, |seen| seen.sizes = vec![sizes(None, 100, 100, 200)]);
    scenario.expect(&["in-alarm a/p/large@1499 100"]);
}

#[test]
fn every_connect_is_judged_by_where_it_comes_from() {
    let nets = MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    let mut scenario = Scenario::with_two(&[behavior("home", SOURCE, Op::InCidrSet, nets)]);
    let from = |addresses: &[&str]| {
        let source = |address: &&str| Source { dimension: None, address: address.parse().unwrap() };
        addresses.iter().map(source).collect::<Vec<_>>()
    };
    scenario.see(1, 500, |seen| seen.sources = from(&["10.1.2.3"]));
    scenario.expect(&[]);
    scenario.see(2, 600, |seen| seen.sources = from(&["10.1.2.3", "192.0.2.7"]));
    scenario.expect(&["in-alarm a/p/home@599 [192.0.2.7/32]"]);
    // Without a connect there is no datapoint.
    scenario.see(3, 700, |_| {});
    scenario.tick(60_000);
    scenario.expect(&[]);
    scenario.see(4, 60_500, |seen| seen.sources = from(&["10.1.2.3"]));
    scenario.expect(&["alarm-cleared a/p/home@60499 [10.1.2.3/32]"]);
}

#[test]
fn of_a_dimension_the_addresses_count_from_which_messages_came() {
    let nets = MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    let home = behavior("home", SOURCE, Op::InCidrSet, nets);
    let inside = narrowed(home, dimension(DimensionOperator::In));
    let mut scenario = Scenario::with_two(&[inside]);
    let source =
        |dimension, address: &str| vec![Source { dimension, address: address.parse().unwrap() }];
    scenario.see(1, 500, |seen| seen.sources = source(None, "192.0.2.7"));
    let outside = Some(dimension(DimensionOperator::NotIn));
    scenario.see(2, 600, |seen| seen.sources = source(outside, "192.0.2.7"));
    scenario.expect(&[]);
    let inside = Some(dimension(DimensionOperator::In));
    scenario.see(3, 700, |seen| seen.sources = source(inside, "192.0.2.7"));
    scenario.expect(&["in-alarm a/p/home@699 [192.0.2.7/32]"]);
}

#[test]
fn what_is_not_a_number_has_no_windows() {
    use fleetward_detect::measure::{Fold, Series};
    for metric in Metric::BUILT_IN {
        let measure = Measure { metric: metric.clone(), dimension: None };
        let has_windows = Series::windowed(measure, 1_000, Fold::Most).is_some();
        let is_list = metric.as_str().ends_with("-ports") && !metric.as_str().contains("num-");
        let is_address = metric.as_str().contains("-ip-address");
        let is_absence = metric.is_duration();
        assert_eq!(has_windows, !is_list && !is_address && !is_absence, "{metric}");
    }
}
