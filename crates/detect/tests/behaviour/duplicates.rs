//! What is seen twice counts once.

use crate::scenario::*;
use fleetward_domain::{Change, Record, Report, Target};

#[test]
fn a_repeated_report_is_not_counted() {
    let mut s = Scenario::judged_by(&[
        at_most("sum", "aws:all-bytes-out", 100),
        after(at_most("ports", "aws:num-listening-tcp-ports", 1), 2, 1),
    ]);
    let report = Report { report_id: 77, ..bytes_out(60) };
    let report = Report { listening_tcp: tcp_ports(&[1, 2]).listening_tcp, ..report };
    for at_ms in [1_000, 1_500, 2_000] {
        s.apply(&report_record("a", at_ms, report.clone()));
    }
    s.expect(&[]);
    s.apply(&report_record("a", 3_000, Report { report_id: 78, ..report.clone() }));
    s.expect(&["in-alarm a/p/sum@3000 120", "in-alarm a/p/ports@3000 2"]);
    s.apply(&report_record("b", 3_000, Report { report_id: 78, ..report }));
    s.expect(&[]);
}

#[test]
fn an_id_may_come_again_after_ten_minutes() {
    let mut s = Scenario::judged_by(&[after(at_most("b", "aws:num-listening-tcp-ports", 1), 2, 1)]);
    let report = Report { report_id: 1, ..tcp_ports(&[1, 2]) };
    s.apply(&report_record("a", 1_000, report.clone()));
    s.apply(&report_record("a", 600_999, report.clone()));
    s.expect(&[]);
    s.apply(&report_record("a", 601_000, report));
    s.expect(&["in-alarm a/p/b@601000 2"]);
}

#[test]
fn an_activity_counts_once() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-messages-sent", 10)]);
    let first = Record::Activity(activity("d", 1, 1, 1_000, "a", true, &[sent(6)]));
    s.apply(&first);
    s.apply(&first);
    s.expect(&[]);
    s.apply(&Record::Activity(activity("d", 1, 2, 2_000, "a", true, &[sent(6)])));
    s.expect(&["in-alarm a/p/b@1999 12"]);
}

#[test]
fn a_change_is_taken_once_and_never_goes_back() {
    let mut s = Scenario::new();
    let rule = at_most("b", "aws:num-listening-tcp-ports", 1);
    let attached = Change::Profile(profile("p", &[rule]), vec![Target::AllThings]);
    let deleted = Change::ProfileDeleted("p".to_owned().try_into().unwrap());
    s.apply(&Record::Change(5, 0, attached.clone()));
    s.apply(&Record::Change(4, 0, deleted.clone()));
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm a/p/b@1000 2"]);
    s.apply(&Record::Change(6, 2_000, deleted));
    s.apply(&Record::Change(5, 3_000, attached));
    s.report(4_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["alarm-invalidated a/p/b@2000"]);
}
