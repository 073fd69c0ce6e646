//! Counters in reports: summed over windows that are aligned to the epoch.

use crate::scenario::*;
use fleetward_domain::{ComparisonOperator, MetricValue, NetworkStats, Report};

const OUT: &str = "aws:all-bytes-out";

#[test]
fn a_sum_past_its_upper_bound_alarms_at_once_and_once_a_window() {
    let mut s = Scenario::with_two(&[at_most("b", OUT, 100)]);
    s.report(1_000, "a", bytes_out(60));
    s.expect(&[]);
    s.report(2_000, "a", bytes_out(60));
    s.expect(&["in-alarm a/p/b@2000 120"]);
    s.report(3_000, "a", bytes_out(60));
    s.tick(12_000);
    // The window was judged; its violation shows what it came to, and that is no event.
    assert_eq!(s.effects.violations[0].last_value, MetricValue::Count(180));
    s.expect(&[]);
}

#[test]
fn conforming_is_concluded_when_the_window_closes_and_not_before() {
    let mut s = Scenario::with_two(&[at_most("b", OUT, 100)]);
    s.report(1_000, "a", bytes_out(101));
    s.report(11_000, "a", bytes_out(5));
    s.report(19_999, "a", bytes_out(6));
    s.expect(&["in-alarm a/p/b@1000 101"]);
    s.report(20_000, "a", bytes_out(7));
    s.expect(&[]);
    s.tick(20_000);
    s.expect(&["alarm-cleared a/p/b@20000 11"]);
}

#[test]
fn a_window_closes_when_all_before_its_end_is_logged() {
    let mut s = Scenario::with_two(&[more_than("b", OUT, 100)]);
    s.report(1_000, "a", bytes_out(60));
    s.report(12_000, "a", bytes_out(60));
    s.tick(9_999);
    s.expect(&[]);
    s.tick(10_000);
    s.expect(&["in-alarm a/p/b@10000 60"]);
    s.report(13_000, "a", bytes_out(41));
    s.tick(25_000);
    s.expect(&["alarm-cleared a/p/b@20000 101"]);
}

#[test]
fn what_comes_late_counts_while_its_window_is_open() {
    let mut s = Scenario::with_two(&[more_than("b", OUT, 100)]);
    s.report(1_000, "a", bytes_out(60));
    s.report(10_500, "a", bytes_out(7));
    s.tick(9_995);
    s.report(9_990, "a", bytes_out(60));
    s.tick(11_000);
    s.expect(&[]);
}

#[test]
fn what_comes_after_its_window_has_closed_counts_in_no_other() {
    let mut s = Scenario::with_two(&[at_most("b", OUT, 100)]);
    s.tick(10_000);
    s.report(11_000, "a", bytes_out(60));
    s.report(9_000, "a", bytes_out(60));
    s.tick(20_000);
    s.expect(&[]);
}

#[test]
fn a_window_without_the_counter_gives_no_datapoint() {
    let mut s = Scenario::with_two(&[more_than("b", OUT, 100)]);
    s.report(1_000, "a", tcp_ports(&[22]));
    s.active(5_000, "a", &[]);
    s.tick(60_000);
    s.expect(&[]);
}

#[test]
fn a_counter_of_zero_is_a_value() {
    let mut s = Scenario::with_two(&[more_than("b", OUT, 0)]);
    s.report(1_000, "a", bytes_out(0));
    s.tick(11_000);
    s.expect(&["in-alarm a/p/b@10000 0"]);
}

#[test]
fn each_counter_has_its_own_behavior() {
    let mut s = Scenario::with_two(&[
        at_most("bi", "aws:all-bytes-in", 1),
        at_most("bo", "aws:all-bytes-out", 2),
        at_most("pi", "aws:all-packets-in", 3),
        at_most("po", "aws:all-packets-out", 4),
    ]);
    let stats = |bi, bo, pi, po| Report {
        network: NetworkStats {
            bytes_in: Some(bi),
            bytes_out: Some(bo),
            packets_in: Some(pi),
            packets_out: Some(po),
        },
        ..Report::default()
    };
    s.report(1_000, "a", stats(1, 2, 3, 4));
    s.expect(&[]);
    s.tick(10_000);
    s.report(11_000, "a", stats(2, 3, 4, 5));
    s.expect(&[
        "in-alarm a/p/bi@11000 2",
        "in-alarm a/p/bo@11000 3",
        "in-alarm a/p/pi@11000 4",
        "in-alarm a/p/po@11000 5",
    ]);
}

#[test]
fn windows_of_different_lengths_close_by_themselves() {
    let mut s = Scenario::with_two(&[
        more_than("short", OUT, 100),
        over_seconds(more_than("long", OUT, 100), 30),
    ]);
    s.report(1_000, "a", bytes_out(60));
    s.report(11_000, "a", bytes_out(60));
    s.tick(10_000);
    s.expect(&["in-alarm a/p/short@10000 60"]);
    s.tick(31_000);
    s.expect(&[]);
}

#[test]
fn no_window_is_shorter_than_the_period() {
    let mut s = Scenario::with_two(&[over_seconds(at_most("b", OUT, 100), 0)]);
    s.report(1_100, "a", bytes_out(60));
    s.report(2_100, "a", bytes_out(60));
    s.expect(&[]);
    s.tick(2_000);
    s.report(2_900, "a", bytes_out(60));
    s.expect(&["in-alarm a/p/b@2900 120"]);
}

#[test]
fn all_bounds_are_judged_on_sums() {
    use ComparisonOperator as Op;
    for (operator, sums_that_violate) in [
        (Op::LessThan, [false, true, true]),
        (Op::LessThanEquals, [false, false, true]),
        (Op::GreaterThan, [true, true, false]),
        (Op::GreaterThanEquals, [true, false, false]),
    ] {
        for (sum, violates) in [9, 10, 11].into_iter().zip(sums_that_violate) {
            let mut s = Scenario::with_two(&[behavior("b", OUT, operator, MetricValue::Count(10))]);
            s.report(1_000, "a", bytes_out(sum));
            s.tick(11_000);
            assert_eq!(!s.events().is_empty(), violates, "{operator:?} {sum}");
        }
    }
}

#[test]
fn a_sum_does_not_overflow() {
    let mut s = Scenario::with_two(&[at_most("b", OUT, u64::MAX - 1)]);
    s.report(1_000, "a", bytes_out(u64::MAX - 1));
    s.report(2_000, "a", bytes_out(u64::MAX - 1));
    s.expect(&["in-alarm a/p/b@2000 18446744073709551615"]);
}
