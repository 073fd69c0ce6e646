//! What is judged with every report: numbers and lists.

use crate::scenario::*;
use fleetward_domain::{
    ComparisonOperator as Op, CustomValue, MetricValue, PortList, RemoteList, Report,
};

#[test]
fn the_number_of_ports_is_what_the_agent_says_or_else_what_it_lists() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 2)]);
    s.report(1_000, "a", tcp_ports(&[1, 2, 3]));
    s.expect(&["in-alarm a/p/b@1000 3"]);
    let list = PortList { total: Some(2), ports: Some(vec![1, 2, 3]) };
    s.report(2_000, "a", Report { listening_tcp: Some(list), ..Report::default() });
    s.expect(&["alarm-cleared a/p/b@2000 2"]);
    let nothing = Report { listening_tcp: Some(PortList::default()), ..Report::default() };
    s.report(3_000, "a", nothing);
    assert!(s.effects.is_empty());
}

#[test]
fn the_number_of_connections_counts_unreadable_ones() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-established-tcp-connections", 2)]);
    let list = RemoteList { total: None, addresses: Some(vec![]), listed: 3 };
    s.report(1_000, "a", Report { established: Some(list), ..Report::default() });
    s.expect(&["in-alarm a/p/b@1000 3"]);
}

#[test]
fn udp_ports_are_another_list_than_tcp_ports() {
    let ports = |ports| MetricValue::Ports(ports);
    let mut s = Scenario::judged_by(&[
        behavior("set", "aws:listening-udp-ports", Op::InPortSet, ports(vec![53])),
        at_most("count", "aws:num-listening-udp-ports", 1),
    ]);
    s.report(1_000, "a", tcp_ports(&[80, 443]));
    s.expect(&[]);
    let list = PortList { total: None, ports: Some(vec![53, 67]) };
    s.report(2_000, "a", Report { listening_udp: Some(list), ..Report::default() });
    s.expect(&["in-alarm a/p/set@2000 [67]", "in-alarm a/p/count@2000 2"]);
}

#[test]
fn an_empty_list_conforms_and_clears() {
    for operator in [Op::InPortSet, Op::NotInPortSet] {
        let ports = MetricValue::Ports(vec![22]);
        let mut s =
            Scenario::judged_by(&[behavior("b", "aws:listening-tcp-ports", operator, ports)]);
        s.report(1_000, "a", tcp_ports(&[22, 80]));
        s.events();
        s.report(2_000, "a", tcp_ports(&[]));
        s.expect(&["alarm-cleared a/p/b@2000 []"]);
    }
}

#[test]
fn only_offending_addresses_are_shown() {
    let networks = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let metric = "aws:destination-ip-addresses";
    let addresses = ["10.1.1.1", "203.0.113.1", "2001:db8::5", "203.0.113.1", "::ffff:10.0.0.1"];
    for (operator, shown) in [
        (Op::InCidrSet, "[203.0.113.1/32]"),
        (Op::NotInCidrSet, "[10.1.1.1/32, 2001:db8::5/128, ::ffff:10.0.0.1/128]"),
    ] {
        let value = MetricValue::Cidrs(networks.clone());
        let mut s = Scenario::judged_by(&[behavior("b", metric, operator, value)]);
        s.report(1_000, "a", remotes(&addresses));
        s.expect(&[&format!("in-alarm a/p/b@1000 {shown}")]);
    }
}

#[test]
fn custom_numbers_may_be_negative_and_of_either_kind_of_limit() {
    let limit = MetricValue::Number(-10.5);
    let mut s = Scenario::judged_by(&[
        behavior("number", "temperature", Op::GreaterThan, limit),
        at_most("count", "temperature", 20),
    ]);
    s.report(1_000, "a", number("temperature", -11.0));
    s.expect(&["in-alarm a/p/number@1000 -11"]);
    s.report(2_000, "a", number("temperature", 20.5));
    s.expect(&["alarm-cleared a/p/number@2000 20.5", "in-alarm a/p/count@2000 20.5"]);
    s.report(3_000, "a", number("humidity", 99.0));
    assert!(s.effects.is_empty(), "another metric");
}

#[test]
fn custom_lists_are_sets() {
    let texts = MetricValue::Strings(vec!["v1".into(), "v2".into()]);
    let numbers = MetricValue::Numbers(vec![1.0, 2.5]);
    let networks = MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    let mut s = Scenario::judged_by(&[
        behavior("texts", "fw", Op::InSet, texts),
        behavior("numbers", "modes", Op::NotInSet, numbers),
        behavior("addresses", "peers", Op::InCidrSet, networks),
    ]);
    s.report(1_000, "a", custom("fw", CustomValue::Strings(vec!["v1".into(), "v3".into()])));
    s.report(2_000, "a", custom("modes", CustomValue::Numbers(vec![0.5, 2.5])));
    let addresses = vec!["11.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
    s.report(3_000, "a", custom("peers", CustomValue::Addresses(addresses)));
    s.expect(&[
        "in-alarm a/p/texts@1000 [\"v3\"]",
        "in-alarm a/p/numbers@2000 [2.5]",
        "in-alarm a/p/addresses@3000 [11.0.0.1/32]",
    ]);
}

#[test]
fn a_value_of_another_type_than_the_criteria_is_not_judged() {
    let mut s = Scenario::judged_by(&[at_most("b", "fw", 1)]);
    s.report(1_000, "a", custom("fw", CustomValue::Strings(vec!["v1".into()])));
    assert!(s.effects.is_empty());
}

#[test]
fn a_duration_on_a_gauge_is_ignored() {
    let gauge = at_most("b", "aws:num-listening-tcp-ports", 1);
    let mut s = Scenario::judged_by(&[over_seconds(gauge, 300)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm a/p/b@1000 2"]);
    s.report(2_000, "a", tcp_ports(&[1]));
    s.expect(&["alarm-cleared a/p/b@2000 1"]);
}

#[test]
fn behaviors_that_only_retain_and_metrics_not_judged_yet_do_nothing() {
    let mut retains = at_most("retains", "aws:num-listening-tcp-ports", 0);
    retains.criteria = None;
    let mut named = retains.clone();
    named.metric = None;
    let sized = at_most("sized", "aws:message-byte-size", 0);
    let mut s = Scenario::judged_by(&[retains, named, sized]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.active(2_000, "a", &[sent(5)]);
    s.tick(60_000);
    assert!(s.effects.is_empty());
}
