//! Reports as real agents send them, and what is read in them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use fleetward_domain::{CustomValue, NetworkStats, PortList, RemoteList, Report, ReportedMetric};
use fleetward_report::{parse_cbor, parse_json};
use minicbor::Encoder;

#[track_caller]
fn read(text: &str) -> Report {
    let mut report = Report::default();
    match parse_json(text.as_bytes(), &mut report) {
        Ok(()) => report,
        Err(reject) => panic!("{}", reject.message),
    }
}

/// Only the header and, if they are there, metrics.
fn with_metrics(metrics: &str) -> Report {
    read(&format!(r#"{{"header":{{"report_id":1,"version":"1.0"}},"metrics":{metrics}}}"#))
}

fn with_custom(custom: &str) -> Vec<ReportedMetric> {
    read(&format!(r#"{{"hed":{{"rid":1,"v":"1.0"}},"cmet":{custom}}}"#)).custom
}

fn remotes(texts: &[&str]) -> Option<Vec<std::net::IpAddr>> {
    Some(texts.iter().map(|text| text.parse().unwrap()).collect())
}

#[test]
fn the_python_agents_report() {
    let report = read(
        r#"{"header": {"report_id": 1795464242, "version": "1.0"}, "metrics": {
        "network_stats": {"bytes_in": 29358693495, "bytes_out": 26485035,
            "packets_in": 10013573555, "packets_out": 11382615},
        "tcp_connections": {"established_connections": {"connections": [
            {"remote_addr": "127.0.0.1:8000", "local_interface": null, "local_port": 53148},
            {"remote_addr": "fe80::1:443", "local_interface": "eth0", "local_port": 1}],
            "total": 99}},
        "listening_tcp_ports": {"ports": [{"port": 22, "interface": "eth0"}], "total": 2},
        "listening_udp_ports": {"ports": [], "total": 0}},
        "custom_metrics": {"cpu_usage": [{"number": 99.0}]}}"#,
    );
    let expected = Report {
        report_id: 1_795_464_242,
        network: NetworkStats {
            bytes_in: Some(29_358_693_495),
            bytes_out: Some(26_485_035),
            packets_in: Some(10_013_573_555),
            packets_out: Some(11_382_615),
        },
        listening_tcp: Some(PortList { total: Some(2), ports: Some(vec![22]) }),
        listening_udp: Some(PortList { total: Some(0), ports: Some(vec![]) }),
        established: Some(RemoteList {
            total: Some(99),
            addresses: remotes(&["127.0.0.1", "fe80::1"]),
            listed: 2,
        }),
        custom: vec![ReportedMetric { name: "cpu_usage".into(), value: CustomValue::Number(99.0) }],
    };
    assert_eq!(report, expected);
}

#[test]
fn an_embedded_agents_short_report_without_interfaces() {
    let report = read(
        r#"{"hed":{"rid":1234,"v":"1.0"},"met":{"tp":{"pts":[{"pt":80},{"pt":443}],"t":2},
        "up":{"pts":[],"t":0},"ns":{"bi":1,"bo":2,"pi":3,"po":4},
        "tc":{"ec":{"cs":[{"lp":7,"li":"eth0","rad":"10.0.0.1:8883"}],"t":1}}}}"#,
    );
    assert_eq!(report.report_id, 1_234);
    assert_eq!(report.listening_tcp.unwrap().ports, Some(vec![80, 443]));
    assert_eq!(report.network.packets_out, Some(4));
    assert_eq!(report.established.unwrap().addresses, remotes(&["10.0.0.1"]));
}

#[test]
fn long_and_short_names_are_told_apart_for_each_key() {
    let report = read(
        r#"{"hed":{"report_id":5,"v":"1.0"},"metrics":{"tp":{"ports":[{"port":1},{"pt":2}]},
        "network_stats":{"bi":1,"bytes_out":2}}}"#,
    );
    assert_eq!(report.listening_tcp.unwrap().ports, Some(vec![1, 2]));
    assert_eq!((report.network.bytes_in, report.network.bytes_out), (Some(1), Some(2)));
}

#[test]
fn the_device_clients_report_with_udp_ports_among_the_tcp_ports() {
    let report = with_metrics(
        r#"{"listening_tcp_ports":{"ports":[{"port":68}],"total":1},
        "listening_udp_ports":{"ports":[],"total":3}}"#,
    );
    let expected = PortList { total: Some(3), ports: Some(vec![]) };
    assert_eq!(report.listening_udp, Some(expected), "the total may differ from the list");
}

#[test]
fn parts_that_are_absent_stay_absent() {
    let report = with_metrics("{}");
    assert_eq!(report, Report { report_id: 1, ..Report::default() });
    let report = with_metrics(r#"{"listening_tcp_ports":{},"tcp_connections":{}}"#);
    assert_eq!(report.listening_tcp, Some(PortList::default()));
    assert_eq!(report.established, None);
}

#[test]
fn an_address_that_cannot_be_read_is_skipped_and_counted() {
    let report = with_metrics(
        r#"{"tcp_connections":{"established_connections":{"connections":[
        {"remote_addr":"2001:0db8:85a3:0000:0"},{"remote_addr":"10.0.0.1:1"},
        {"remote_addr":""}]}}}"#,
    );
    let expected = RemoteList { total: None, addresses: remotes(&["10.0.0.1"]), listed: 3 };
    assert_eq!(report.established, Some(expected));
}

#[test]
fn unknown_keys_are_skipped_whatever_they_hold() {
    let report = with_metrics(
        r#"{"new":{"a":[1,{"b":null}],"c":"\"}","d":-1.5e-3,"e":true},
        "network_stats":{"bytes_in":1,"errors":false}}"#,
    );
    assert_eq!(report.network.bytes_in, Some(1));
}

#[test]
fn of_a_key_that_comes_twice_the_last_counts() {
    let report = with_metrics(
        r#"{"ns":{"bi":1,"bo":2},"network_stats":{"bi":3,"bytes_in":4},
        "tp":{"pts":[{"pt":1}]},"tp":{"pts":[{"pt":2}],"pts":[{"pt":3,"port":4}]}}"#,
    );
    assert_eq!((report.network.bytes_in, report.network.bytes_out), (Some(4), None));
    assert_eq!(report.listening_tcp.unwrap().ports, Some(vec![4]));
    let custom = with_custom(r#"{"a":[{"number":1}],"b":[{"number":2}],"a":[{"number":3}]}"#);
    let values: Vec<_> = custom.iter().map(|metric| (&metric.name[..], &metric.value)).collect();
    let (three, two) = (CustomValue::Number(3.0), CustomValue::Number(2.0));
    assert_eq!(values, [("a", &three), ("b", &two)]);
}

#[test]
fn custom_metrics_have_four_types() {
    let custom = with_custom(
        r#"{"n":[{"number":-1.5e2}],"l":[{"number_list":[1,2.5,-3]}],
        "s":[{"string_list":["a","\u00e9\n\ud83d\ude00"]}],
        "i":[{"ip_list":["10.0.0.1","2001:db8::1"]}],"e":[{"string_list":[]}]}"#,
    );
    let values: Vec<_> = custom.into_iter().map(|metric| metric.value).collect();
    assert_eq!(
        values,
        [
            CustomValue::Number(-150.0),
            CustomValue::Numbers(vec![1.0, 2.5, -3.0]),
            CustomValue::Strings(vec!["a".into(), "é\n😀".into()]),
            CustomValue::Addresses(remotes(&["10.0.0.1", "2001:db8::1"]).unwrap()),
            CustomValue::Strings(vec![]),
        ]
    );
}

#[test]
fn whole_numbers_may_be_written_as_floats() {
    let report = with_metrics(r#"{"ns":{"bi":1.0,"bo":1e3,"pi":-0,"po":9007199254740992.0}}"#);
    let expected = NetworkStats {
        bytes_in: Some(1),
        bytes_out: Some(1_000),
        packets_in: Some(0),
        packets_out: Some(1 << 53),
    };
    assert_eq!(report.network, expected);
    let report = with_metrics(r#"{"ns":{"bi":9223372036854775807}}"#);
    assert_eq!(report.network.bytes_in, Some(i64::MAX as u64));
}

#[test]
fn a_report_leaves_nothing_to_the_next() {
    let full = r#"{"hed":{"rid":1,"v":"1.0"},"met":{"tp":{"pts":[{"pt":1}],"t":1},"up":{"pts":[
        {"pt":2}],"t":1},"ns":{"bi":1},"tc":{"ec":{"cs":[{"rad":"10.0.0.1:1"}],"t":1}}},
        "cmet":{"a":[{"string_list":["x","y"]}],"b":[{"number":1}]}}"#;
    for text in [
        r#"{"hed":{"rid":2,"v":"1.1"},"met":{}}"#,
        r#"{"hed":{"rid":2,"v":"1.1"},"cmet":{"a":[{"string_list":["z"]}]}}"#,
        r#"{"hed":{"rid":2,"v":"1.1"},"met":{"tp":{"t":5},"tc":{"ec":{}}},"cmet":{}}"#,
        r#"{"hed":{"rid":2,"v":"1.1"},"cmet":{"b":[{"ip_list":[]}],"a":[{"number":1}]}}"#,
    ] {
        let mut used = Report::default();
        parse_json(full.as_bytes(), &mut used).unwrap();
        parse_json(text.as_bytes(), &mut used).unwrap();
        assert_eq!(used, read(text), "{text}");
    }
}

#[test]
fn cbor_may_use_indefinite_lengths_tags_and_floats_of_any_size() {
    let mut bytes = Vec::new();
    let mut e = Encoder::new(&mut bytes);
    e.tag(minicbor::data::Tag::new(55_799)).unwrap();
    e.begin_map().unwrap();
    e.str("hed").unwrap().map(2).unwrap().str("rid").unwrap().f32(7.0).unwrap();
    e.str("v").unwrap().begin_str().unwrap().str("1.").unwrap().str("0").unwrap().end().unwrap();
    e.str("met").unwrap().begin_map().unwrap().str("tp").unwrap().map(1).unwrap();
    e.str("pts").unwrap().begin_array().unwrap();
    e.map(1).unwrap().str("pt").unwrap().f16(22.0).unwrap();
    e.begin_map()
        .unwrap()
        .begin_str()
        .unwrap()
        .str("po")
        .unwrap()
        .str("rt")
        .unwrap()
        .end()
        .unwrap();
    e.f64(443.0).unwrap().end().unwrap().end().unwrap();
    e.str("unknown").unwrap().begin_bytes().unwrap().bytes(b"x").unwrap().end().unwrap();
    e.end().unwrap();
    e.str("cmet").unwrap().map(1).unwrap().str("t").unwrap().array(1).unwrap();
    e.map(1).unwrap().str("number").unwrap().f16(-1.5).unwrap();
    e.str("none").unwrap().null().unwrap().end().unwrap();
    let mut report = Report::default();
    parse_cbor(&bytes, &mut report).unwrap();
    assert_eq!(report.report_id, 7);
    assert_eq!(report.listening_tcp.unwrap().ports, Some(vec![22, 443]));
    assert_eq!(report.custom[0].value, CustomValue::Number(-1.5));
}
