//! Behaviors that look at one measure over one window share it, and none notices.

use fleetward_domain::{Behavior, Target};

use crate::scenario::*;

const OUT: &str = "aws:all-bytes-out";
const SENT: &str = "aws:num-messages-sent";

fn attach_late(s: &mut Scenario, at_ms: i64, behavior: Behavior) {
    s.attach_at(at_ms, "late", &[behavior], &[Target::AllThings]);
}

#[test]
fn bounds_from_below_and_above_on_one_window() {
    let mut s = Scenario::judged_by(&[at_most("high", OUT, 100), more_than("low", OUT, 20)]);
    s.report(1_000, "a", bytes_out(101));
    s.expect(&["in-alarm a/p/high@1000 101"]);
    s.report(11_000, "a", bytes_out(5));
    s.expect(&[]);
    s.tick(21_000);
    s.expect(&["alarm-cleared a/p/high@20000 5", "in-alarm a/p/low@20000 5"]);
}

#[test]
fn what_happened_before_a_behavior_began_does_not_count_for_it() {
    let mut s = Scenario::judged_by(&[at_most("first", OUT, 100)]);
    s.report(1_000, "a", bytes_out(90));
    attach_late(&mut s, 2_000, at_most("late", OUT, 50));
    s.report(3_000, "a", bytes_out(20));
    s.expect(&["in-alarm a/p/first@3000 110"]);
    s.report(4_000, "a", bytes_out(40));
    s.expect(&["in-alarm a/late/late@4000 60"]);
}

#[test]
fn a_behavior_that_began_late_concludes_from_the_next_window_on() {
    let mut s = Scenario::judged_by(&[at_most("first", OUT, 100)]);
    s.report(1_000, "a", bytes_out(5));
    attach_late(&mut s, 2_000, more_than("late", OUT, 50));
    s.report(3_000, "a", bytes_out(1));
    s.tick(11_000);
    s.expect(&[]);
    s.report(12_000, "a", bytes_out(6));
    s.tick(21_000);
    s.expect(&["in-alarm a/late/late@20000 6"]);
}

#[test]
fn the_rest_goes_on_when_a_behavior_that_shares_goes() {
    let mut s = Scenario::new();
    s.attach("p", &[at_most("stays", SENT, 10)], &[Target::AllThings]);
    s.attach("goes", &[at_most("goes", SENT, 5)], &[Target::AllThings]);
    s.active(1_000, "a", &[sent(6)]);
    s.expect(&["in-alarm a/goes/goes@999 6"]);
    s.attach_at(2_000, "goes", &[], &[Target::AllThings]);
    s.expect(&["alarm-invalidated a/goes/goes@2000"]);
    s.active(3_000, "a", &[sent(5)]);
    s.expect(&["in-alarm a/p/stays@2999 11"]);
}

#[test]
fn windows_of_different_lengths_are_not_shared() {
    let thirty = over_seconds(at_most("thirty", OUT, 15), 30);
    let mut s = Scenario::judged_by(&[at_most("ten", OUT, 9), thirty]);
    s.report(1_000, "a", bytes_out(8));
    s.report(11_000, "a", bytes_out(8));
    s.expect(&["in-alarm a/p/thirty@11000 16"]);
}
