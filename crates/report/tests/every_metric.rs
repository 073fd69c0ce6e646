//! Every metric that a report carries is read, by its long and its short names: the facts of
//! metrics say which they are.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use fleetward_domain::{Measured, Metric, MetricSource, NetworkCounter, Report, ReportList};
use fleetward_report::parse_json;
use serde_json::{Value, json};

/// The `metrics` that carry it, with long and with short names; none if no report carries it.
fn metrics(measured: Measured) -> Option<[Value; 2]> {
    Some(match measured {
        // The front door measures these.
        Measured::Counted | Measured::MessageSize | Measured::Absence | Measured::Source => {
            return None;
        }
        // It has a name of its own, and is not built in; that none comes is in no report.
        Measured::Custom | Measured::Silence => return None,
        Measured::Network(counter) => {
            let (long, short) = match counter {
                NetworkCounter::BytesIn => ("bytes_in", "bi"),
                NetworkCounter::BytesOut => ("bytes_out", "bo"),
                NetworkCounter::PacketsIn => ("packets_in", "pi"),
                NetworkCounter::PacketsOut => ("packets_out", "po"),
            };
            [json!({"network_stats": {long: 7}}), json!({"ns": {short: 7}})]
        }
        Measured::Total(list) => match list {
            ReportList::TcpPorts => {
                [json!({"listening_tcp_ports": {"total": 7}}), json!({"tp": {"t": 7}})]
            }
            ReportList::UdpPorts => {
                [json!({"listening_udp_ports": {"total": 7}}), json!({"up": {"t": 7}})]
            }
            ReportList::Connections => [
                json!({"tcp_connections": {"established_connections": {"total": 7}}}),
                json!({"tc": {"ec": {"t": 7}}}),
            ],
        },
        Measured::Ports(list) => {
            let (long, short) = match list {
                ReportList::TcpPorts => ("listening_tcp_ports", "tp"),
                ReportList::UdpPorts => ("listening_udp_ports", "up"),
                ReportList::Connections => return None,
            };
            [json!({long: {"ports": [{"port": 7}]}}), json!({short: {"pts": [{"pt": 7}]}})]
        }
        Measured::Remotes => [
            json!({"tcp_connections": {"established_connections":
                {"connections": [{"remote_addr": "192.0.2.7:7"}]}}}),
            json!({"tc": {"ec": {"cs": [{"rad": "192.0.2.7:7"}]}}}),
        ],
    })
}

/// What the report says of it.
fn value(measured: Measured, report: &Report) -> Option<u64> {
    let network = report.network;
    let (tcp, udp) = (report.listening_tcp.as_ref(), report.listening_udp.as_ref());
    let remotes = report.established.as_ref();
    match measured {
        Measured::Network(NetworkCounter::BytesIn) => network.bytes_in,
        Measured::Network(NetworkCounter::BytesOut) => network.bytes_out,
        Measured::Network(NetworkCounter::PacketsIn) => network.packets_in,
        Measured::Network(NetworkCounter::PacketsOut) => network.packets_out,
        Measured::Total(ReportList::TcpPorts) => tcp?.total,
        Measured::Total(ReportList::UdpPorts) => udp?.total,
        Measured::Total(ReportList::Connections) => remotes?.total,
        Measured::Ports(ReportList::TcpPorts) => tcp?.ports.as_ref()?.first().map(|&p| p.into()),
        Measured::Ports(ReportList::UdpPorts) => udp?.ports.as_ref()?.first().map(|&p| p.into()),
        Measured::Remotes => remotes?.addresses.as_ref().map(|list| 6 + list.len() as u64),
        _ => None,
    }
}

#[test]
fn every_metric_that_a_report_carries_is_read_by_both_its_names() {
    let mut carried = 0;
    for metric in Metric::BUILT_IN {
        let measured = metric.facts().measured;
        let Some([long, short]) = metrics(measured) else { continue };
        carried += 1;
        let mut reports = [Report::default(), Report::default()];
        let header = json!({"report_id": 1, "version": "1.0"});
        let documents = [
            json!({"header": header, "metrics": long}),
            json!({"hed": {"rid": 1, "v": "1.0"}, "met": short}),
        ];
        for (report, document) in reports.iter_mut().zip(documents) {
            parse_json(document.to_string().as_bytes(), report).unwrap();
            assert_eq!(value(measured, report), Some(7), "{metric}: {document}");
        }
        assert_eq!(reports[0], reports[1], "{metric}");
    }
    let is_carried = |metric: &&Metric| {
        metric.source() == MetricSource::Device && metric.facts().measured != Measured::Silence
    };
    let of_devices = Metric::BUILT_IN.iter().filter(is_carried);
    assert_eq!(carried, of_devices.count(), "a metric of devices is not in this test");
}
