//! Counters narrowed to some topics, or to all others.

use crate::scenario::*;
use fleetward_domain::{DimensionOperator, MetricDimension};

const SENT: &str = "aws:num-messages-sent";

fn in_door(operator: DimensionOperator) -> MetricDimension {
    MetricDimension { name: "doors".to_owned().try_into().unwrap(), operator }
}

#[test]
fn topics_in_the_dimension_count_or_all_others() {
    let mut s = Scenario::with_two(&[
        at_most("all", SENT, 9),
        narrowed(at_most("in", SENT, 3), in_door(DimensionOperator::In)),
        narrowed(at_most("out", SENT, 5), in_door(DimensionOperator::NotIn)),
    ]);
    s.active(1_000, "a", &[sent(10), sent_in("doors", 4), sent_in("windows", 9)]);
    s.expect(&["in-alarm a/p/all@999 10", "in-alarm a/p/in@999 4", "in-alarm a/p/out@999 6"]);
}

#[test]
fn a_window_in_which_the_dimension_was_not_counted_is_not_concluded() {
    let mut s = Scenario::with_two(&[
        narrowed(more_than("in", SENT, 0), in_door(DimensionOperator::In)),
        narrowed(more_than("out", SENT, 0), in_door(DimensionOperator::NotIn)),
    ]);
    s.active(1_000, "a", &[sent(10)]);
    s.active(2_000, "a", &[sent(10), sent_in("doors", 0)]);
    s.tick(11_000);
    s.expect(&[]);
    s.active(12_000, "a", &[sent(10), sent_in("doors", 0)]);
    s.tick(21_000);
    s.expect(&["in-alarm a/p/in@20000 0"]);
}

#[test]
fn silence_is_zero_in_a_dimension_too() {
    let mut s =
        Scenario::with_two(&[narrowed(more_than("in", SENT, 0), in_door(DimensionOperator::In))]);
    s.active(1_000, "a", &[]);
    s.tick(21_000);
    s.expect(&["in-alarm a/p/in@20000 0"]);
}
