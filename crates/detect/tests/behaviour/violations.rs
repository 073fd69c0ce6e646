//! A violation's life, and who hears of it.

use crate::scenario::*;
use fleetward_domain::{Alert, EventType, MetricValue, Notification, Target, VerificationState};

fn ports_at_most_one() -> fleetward_domain::Behavior {
    at_most("b", "aws:num-listening-tcp-ports", 1)
}

#[test]
fn a_violation_tells_all_of_its_run() {
    let mut s = Scenario::judged_by(&[after(ports_at_most_one(), 2, 1)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.report(2_000, "a", tcp_ports(&[1, 2, 3]));
    let opened = &s.effects.violations[0];
    assert_eq!(opened.started_ms, 1_000, "the first datapoint of the run");
    assert_eq!(opened.last_violation_ms, 2_000);
    assert_eq!(opened.last_value, MetricValue::Count(3));
    assert_eq!(opened.behavior, after(ports_at_most_one(), 2, 1));
    assert_eq!(opened.verification, VerificationState::Unknown);
    assert_eq!(s.effects.events[0].violation_id, opened.id);
    assert_eq!(s.effects.events.len(), 1);
}

#[test]
fn while_it_stays_open_only_its_last_value_and_time_change() {
    let mut s = Scenario::judged_by(&[after(ports_at_most_one(), 1, 2)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    let opened = s.effects.violations[0].clone();
    s.effects.clear();
    s.report(2_000, "a", tcp_ports(&[1]));
    assert!(s.effects.is_empty());
    s.report(3_000, "a", tcp_ports(&[1, 2, 3]));
    let updated = &s.effects.violations[0];
    assert_eq!((&updated.id, updated.started_ms), (&opened.id, 1_000));
    assert_eq!((updated.last_violation_ms, &updated.last_value), (3_000, &MetricValue::Count(3)));
    assert!(s.effects.events.is_empty() && s.effects.alerts.is_empty());
}

#[test]
fn it_ends_with_the_value_that_decided() {
    let mut s = Scenario::judged_by(&[ports_at_most_one()]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.report(2_000, "a", tcp_ports(&[1]));
    let effects = &s.effects;
    assert_eq!(effects.closed, [effects.violations[0].id.clone()]);
    assert_eq!(effects.events[1].event_type, EventType::AlarmCleared);
    assert_eq!(effects.events[1].value, Some(MetricValue::Count(1)));
    assert_eq!(effects.events[1].violation_id, effects.violations[0].id);
}

#[test]
fn every_violation_has_an_id_of_its_own() {
    let mut s = Scenario::judged_by(&[ports_at_most_one()]);
    for _ in 0..3 {
        // All at the same time.
        s.report(1_000, "a", tcp_ports(&[1, 2]));
        s.report(1_000, "a", tcp_ports(&[1]));
    }
    let mut ids = s.effects.closed.clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn each_event_goes_to_every_alert_target() {
    let mut s = Scenario::new();
    let mut two = profile("p", &[ports_at_most_one()]);
    let mut other = two.alert_targets[0].clone();
    other.arn = "arn:other".to_owned();
    two.alert_targets.push(other);
    s.change(0, fleetward_domain::Change::Profile(two, vec![Target::AllThings]));
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.report(2_000, "a", tcp_ports(&[1]));
    let told: Vec<_> = s
        .effects
        .alerts
        .iter()
        .map(|Alert { target_arn, notification: Notification::Violation(event) }| {
            (target_arn.as_str(), event.event_type.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("arn:p", "in-alarm"),
            ("arn:other", "in-alarm"),
            ("arn:p", "alarm-cleared"),
            ("arn:other", "alarm-cleared"),
        ]
    );
    let first = Notification::Violation(s.effects.events[0].clone());
    assert_eq!(s.effects.alerts[0].notification, first);
}

#[test]
fn suppressed_alerts_are_not_sent_and_everything_else_happens() {
    let mut suppressed = ports_at_most_one();
    suppressed.suppress_alerts = true;
    let mut s = Scenario::judged_by(&[suppressed]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.report(2_000, "a", tcp_ports(&[1]));
    assert!(s.effects.alerts.is_empty());
    assert_eq!(s.effects.violations.len(), 1);
    s.expect(&["in-alarm a/p/b@1000 2", "alarm-cleared a/p/b@2000 1"]);
}

#[test]
fn new_alert_targets_change_nothing_else() {
    let mut s = Scenario::judged_by(&[after(ports_at_most_one(), 2, 2)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    let mut renamed = profile("p", &[after(ports_at_most_one(), 2, 2)]);
    renamed.alert_targets[0].arn = "arn:new".to_owned();
    renamed.version = 2;
    s.change(1_500, fleetward_domain::Change::Profile(renamed, vec![Target::AllThings]));
    s.report(2_000, "a", tcp_ports(&[1, 2]));
    assert_eq!(s.effects.alerts[0].target_arn, "arn:new");
    s.expect(&["in-alarm a/p/b@2000 2"]);
}

#[test]
fn things_do_not_touch_each_other() {
    let mut s = Scenario::judged_by(&[after(ports_at_most_one(), 2, 1)]);
    for thing in ["a", "b", "a"] {
        s.report(1_000, thing, tcp_ports(&[1, 2]));
    }
    s.expect(&["in-alarm a/p/b@1000 2"]);
}
