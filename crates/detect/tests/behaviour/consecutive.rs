//! How many datapoints in a row it takes.

use crate::scenario::*;

/// `v` a violating report, `c` a conforming one, a second apart from 1000 on.
fn check(to_alarm: u8, to_clear: u8, reports: &str, expected: &[&str]) {
    let rule = after(at_most("b", "aws:num-listening-tcp-ports", 1), to_alarm, to_clear);
    let mut s = Scenario::with_two(&[rule]);
    for (place, report) in (1..).zip(reports.chars()) {
        let ports: &[u16] = if report == 'v' { &[1, 2] } else { &[1] };
        s.report(place * 1_000, "a", tcp_ports(ports));
    }
    s.expect(expected);
}

#[test]
fn three_violating_reports_in_a_row_alarm_and_two_conforming_ones_clear() {
    check(3, 2, "vvcvv", &[]);
    check(3, 2, "vvv", &["in-alarm a/p/b@3000 2"]);
    check(3, 2, "vvvcvc", &["in-alarm a/p/b@3000 2"]);
    check(3, 2, "vvvcvcc", &["in-alarm a/p/b@3000 2", "alarm-cleared a/p/b@7000 1"]);
}

#[test]
fn one_each_is_the_default() {
    let rule = at_most("b", "aws:num-listening-tcp-ports", 1);
    assert_eq!(rule.criteria.as_ref().unwrap().datapoints_to_alarm, None);
    check(1, 1, "vc", &["in-alarm a/p/b@1000 2", "alarm-cleared a/p/b@2000 1"]);
}

#[test]
fn windows_in_a_row_are_disjoint() {
    let mut s = Scenario::with_two(&[after(at_most("b", "aws:all-bytes-out", 10), 3, 1)]);
    for at_ms in [1_000, 2_000, 3_000, 11_000] {
        s.tick(at_ms);
        s.report(at_ms, "a", bytes_out(11));
    }
    s.expect(&[]);
    s.tick(20_000);
    s.report(21_000, "a", bytes_out(11));
    s.expect(&["in-alarm a/p/b@21000 11"]);
}

#[test]
fn a_window_without_a_datapoint_does_not_interrupt_a_row() {
    let mut s = Scenario::with_two(&[after(at_most("b", "aws:all-bytes-out", 10), 2, 1)]);
    s.report(1_000, "a", bytes_out(11));
    s.tick(41_000);
    s.report(41_000, "a", bytes_out(11));
    s.expect(&["in-alarm a/p/b@41000 11"]);
}
