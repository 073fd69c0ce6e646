//! Behaviors of which a thing gives no datapoint any more.

use crate::scenario::*;
use fleetward_domain::{PortList, Report, Target};

const HOUR_MS: i64 = SETTINGS.silence_ms;
/// Silence is looked for in steps.
const STEP_MS: i64 = HOUR_MS / 256;

fn in_alarm() -> Scenario {
    let mut s = Scenario::new();
    s.attach("p", &[at_most("b", "aws:num-listening-tcp-ports", 1)], &[Target::AllThings]);
    s.register(0, "a", &[]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm a/p/b@1000 2"]);
    s
}

#[test]
fn a_violation_of_a_silent_thing_is_invalidated() {
    let mut s = in_alarm();
    s.tick(HOUR_MS + 999);
    s.expect(&[]);
    s.tick(HOUR_MS + 1_000 + STEP_MS);
    s.expect(&[&format!("alarm-invalidated a/p/b@{}", HOUR_MS + 1_000 + STEP_MS)]);
    assert_eq!(s.partition.thing_count(), 1, "a registered thing stays");
    s.report(3 * HOUR_MS, "a", tcp_ports(&[1, 2]));
    assert_eq!(s.events().len(), 1, "it begins anew");
}

#[test]
fn only_datapoints_of_the_behavior_break_its_silence() {
    let mut s = in_alarm();
    s.attach("q", &[at_most("q", "aws:num-messages-sent", 5)], &[Target::AllThings]);
    // The agent is dead: reports carry something else, and another profile counts the connection.
    s.report(HOUR_MS / 2, "a", bytes_out(1));
    s.tick(HOUR_MS / 2);
    s.active(HOUR_MS / 2 + 1, "a", &[sent(9)]);
    assert_eq!(s.events().len(), 1, "of q");
    for at_ms in (HOUR_MS / 2..HOUR_MS).step_by(10_000) {
        s.active(at_ms, "a", &[sent(9)]);
        s.tick(at_ms);
    }
    s.active(HOUR_MS + 1_000 + STEP_MS, "a", &[sent(9)]);
    s.tick(HOUR_MS + 1_000 + STEP_MS);
    let told = s.events();
    let of_b: Vec<_> = told.iter().filter(|line| line.contains("a/p/b")).collect();
    assert_eq!(of_b, [&format!("alarm-invalidated a/p/b@{}", HOUR_MS + 1_000 + STEP_MS)]);
}

#[test]
fn a_datapoint_that_changes_nothing_breaks_the_silence() {
    let mut s = Scenario::new();
    let slow = after(at_most("b", "aws:num-listening-tcp-ports", 1), 1, 2);
    s.attach("p", &[slow], &[Target::AllThings]);
    s.register(0, "a", &[]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.events();
    // It conforms, and one more is needed to clear.
    s.report(HOUR_MS, "a", tcp_ports(&[1]));
    s.tick(2 * HOUR_MS - 1);
    s.expect(&[]);
    s.tick(2 * HOUR_MS + STEP_MS);
    assert_eq!(s.events().len(), 1);
}

#[test]
fn each_violation_of_a_thing_is_silent_by_itself() {
    let mut s = in_alarm();
    s.attach("q", &[at_most("q", "aws:num-listening-udp-ports", 0)], &[Target::AllThings]);
    let udp = |port| {
        let list = PortList { total: None, ports: Some(vec![port]) };
        Report { listening_udp: Some(list), ..Report::default() }
    };
    s.report(HOUR_MS / 2, "a", udp(1));
    s.events();
    s.tick(HOUR_MS + 1_000 + STEP_MS);
    s.expect(&[&format!("alarm-invalidated a/p/b@{}", HOUR_MS + 1_000 + STEP_MS)]);
    s.tick(HOUR_MS + HOUR_MS / 2 + STEP_MS);
    s.expect(&[&format!("alarm-invalidated a/q/q@{}", HOUR_MS + HOUR_MS / 2 + STEP_MS)]);
}

#[test]
fn a_thing_that_is_registered_while_everybody_is_judged_keeps_its_violations() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    let id = s.effects.violations[0].id.clone();
    s.expect(&["in-alarm a/p/b@1000 2"]);
    s.register(2_000, "a", &["lights"]);
    s.expect(&[]);
    s.report(3_000, "a", tcp_ports(&[1]));
    assert_eq!(s.effects.closed, [id]);
    s.expect(&["alarm-cleared a/p/b@3000 1"]);
}

#[test]
fn the_next_deadline_is_never_later_than_what_has_to_be_done() {
    let mut s = in_alarm();
    let mut ticks = 0;
    while s.effects.is_empty() {
        let deadline = s.partition.next_deadline_ms().unwrap();
        s.tick(deadline);
        ticks += 1;
    }
    let at_ms = s.effects.events[0].at_ms;
    assert!((HOUR_MS + 1_000..=HOUR_MS + 1_000 + STEP_MS).contains(&at_ms), "{at_ms}");
    assert!(ticks <= 260, "{ticks}");
}

#[test]
fn windows_have_deadlines_while_somebody_has_something_in_them() {
    let mut s = Scenario::new();
    assert_eq!(s.partition.next_deadline_ms(), None, "nothing to do without things");
    s.attach("p", &[more_than("b", "aws:num-messages-sent", 0)], &[Target::AllThings]);
    s.register(0, "a", &[]);
    s.tick(1_000);
    assert_eq!(s.partition.next_deadline_ms(), None, "an idle fleet waits for nothing");
    s.active(1_500, "a", &[]);
    assert_eq!(s.partition.next_deadline_ms(), Some(10_000));
    s.gone(15_000, "a");
    s.tick(10_000);
    assert_eq!(s.partition.next_deadline_ms(), Some(20_000));
    s.tick(20_000);
    s.expect(&["in-alarm a/p/b@20000 0"]);
    assert_eq!(s.partition.next_deadline_ms(), Some(28_124), "a step of silence");
}
