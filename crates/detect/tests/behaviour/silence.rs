//! Things that give no datapoint any more.

use crate::scenario::*;
use fleetward_domain::Target;

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
fn any_datapoint_breaks_the_silence() {
    let mut s = in_alarm();
    s.report(HOUR_MS / 2, "a", bytes_out(1));
    s.tick(HOUR_MS + 60_000);
    s.expect(&[]);
    s.active(HOUR_MS + 70_000, "a", &[sent(1)]);
    s.tick(2 * HOUR_MS + 69_998);
    s.expect(&[]);
    s.tick(2 * HOUR_MS + 70_000 + STEP_MS);
    assert_eq!(s.events().len(), 1);
}

#[test]
fn a_connected_thing_is_not_silent_while_its_windows_are_judged() {
    let mut s = in_alarm();
    s.attach("q", &[at_most("q", "aws:num-messages-sent", 5)], &[Target::AllThings]);
    s.active(2_000, "a", &[]);
    for at_ms in (0..2 * HOUR_MS).step_by(10_000) {
        s.tick(at_ms);
    }
    s.expect(&[]);
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
fn windows_have_deadlines_with_their_grace() {
    let mut s = Scenario::new();
    assert_eq!(s.partition.next_deadline_ms(), None, "nothing to do without things");
    s.attach("p", &[more_than("b", "aws:num-messages-sent", 0)], &[Target::AllThings]);
    s.active(500, "a", &[]);
    s.tick(1_000);
    assert_eq!(s.partition.next_deadline_ms(), Some(11_000));
    s.tick(11_000);
    s.expect(&["in-alarm a/p/b@10000 0"]);
    assert_eq!(s.partition.next_deadline_ms(), Some(14_062), "a step of silence");
}
