//! What is refused, and what the device is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use fleetward_domain::Report;
use fleetward_report::{Format, Reject, RejectCode, limits, parse, parse_cbor, parse_json};
use minicbor::Encoder;

#[track_caller]
fn refused(format: Format, bytes: &[u8]) -> Reject {
    match parse(format, bytes, &mut Report::default()) {
        Ok(()) => panic!("accepted: {}", String::from_utf8_lossy(bytes)),
        Err(reject) => reject,
    }
}

/// A report with id 1 that is refused for what is in its metrics.
#[track_caller]
fn check_metrics(metrics: &str, expected: &str) {
    let text = format!(r#"{{"header":{{"report_id":1,"version":"1.0"}},"metrics":{metrics}}}"#);
    check(&text, Some(1), expected);
}

#[track_caller]
fn check_custom(custom: &str, expected: &str) {
    let text = format!(r#"{{"hed":{{"rid":1,"v":"1.0"}},"cmet":{custom}}}"#);
    check(&text, Some(1), expected);
}

#[track_caller]
fn check(text: &str, report_id: Option<i64>, expected: &str) {
    let reject = refused(Format::Json, text.as_bytes());
    let message = format!("Malformed metrics report: {expected}");
    assert_eq!(reject, Reject { report_id, code: RejectCode::InvalidPayload, message });
}

#[test]
fn numbers_that_no_device_can_have() {
    check_metrics(
        r#"{"network_stats":{"bytes_in":-1}}"#,
        "metrics.network_stats.bytes_in is not between 0 and 9223372036854775807",
    );
    check_metrics(
        r#"{"ns":{"po":9223372036854775808}}"#,
        "metrics.network_stats.packets_out is not between 0 and 9223372036854775807",
    );
    check_metrics(r#"{"ns":{"bo":1.5}}"#, "metrics.network_stats.bytes_out is not an integer");
    check_metrics(
        r#"{"ns":{"pi":1e400}}"#,
        "metrics.network_stats.packets_in is not a finite number",
    );
    check_metrics(
        r#"{"tp":{"pts":[{"pt":22},{"pt":65536}]}}"#,
        "metrics.listening_tcp_ports.ports.port is not between 0 and 65535",
    );
    check_metrics(
        r#"{"up":{"t":-1}}"#,
        "metrics.listening_udp_ports.total is not between 0 and 9223372036854775807",
    );
}

#[test]
fn values_of_the_wrong_kind() {
    check_metrics(r#"{"ns":{"bi":"1"}}"#, "metrics.network_stats.bytes_in is not a number");
    check_metrics(r#"{"ns":[]}"#, "metrics.network_stats is not an object");
    check_metrics("null", "metrics is not an object");
    check_metrics(r#"{"tp":{"pts":{}}}"#, "metrics.listening_tcp_ports.ports is not a list");
    check_metrics(
        r#"{"tc":{"ec":{"cs":[{"rad":7}]}}}"#,
        "metrics.tcp_connections.established_connections.connections.remote_addr is not a text",
    );
}

#[test]
fn parts_that_must_be_there() {
    check_metrics(
        r#"{"up":{"pts":[{"if":"eth0"}]}}"#,
        "metrics.listening_udp_ports.ports.port is missing",
    );
    check_metrics(
        r#"{"tc":{"ec":{"cs":[{"lp":1}]}}}"#,
        "metrics.tcp_connections.established_connections.connections.remote_addr is missing",
    );
    check(r#"{"metrics":{}}"#, None, "header is missing");
    check(r#"{"header":{"version":"1.0"},"metrics":{}}"#, None, "header.report_id is missing");
    check(
        r#"{"header":{"report_id":1,"version":"1.0"}}"#,
        Some(1),
        "the report has neither metrics nor custom_metrics",
    );
}

#[test]
fn custom_metrics_are_a_list_of_one_element() {
    check_custom(r#"{"a":{"number":0}}"#, "custom_metrics is not a list");
    check_custom(r#"{"a":[]}"#, "custom_metrics is not a list of one element");
    check_custom(
        r#"{"a":[{"number":0},{"number":0}]}"#,
        "custom_metrics is not a list of one element",
    );
    check_custom(r#"{"a":[1]}"#, "custom_metrics is not an object");
    check_custom(
        r#"{"a":[{"count":0}]}"#,
        "custom_metrics has none of number, number_list, string_list and ip_list",
    );
    check_custom(
        r#"{"a":[{"number":0,"number_list":[]}]}"#,
        "custom_metrics has more than one value",
    );
    check_custom(
        r#"{"a":[{"ip_list":["10.0.0"]}]}"#,
        "custom_metrics.ip_list is not an IP address",
    );
    check_custom(r#"{"a":[{"string_list":[1]}]}"#, "custom_metrics.string_list is not a text");
    check_custom(r#"{"":[{"number":0}]}"#, "custom_metrics is empty");
    check_custom(r#"{"a\n":[{"number":0}]}"#, "custom_metrics holds a control character");
}

#[test]
fn more_than_the_limits_allow() {
    let name = "x".repeat(limits::CUSTOM_NAME_BYTES + 1);
    check_custom(
        &format!(r#"{{"{name}":[{{"number":0}}]}}"#),
        "custom_metrics is longer than 128 bytes",
    );
    let text = "x".repeat(limits::CUSTOM_TEXT_BYTES + 1);
    check_custom(
        &format!(r#"{{"a":[{{"string_list":["{text}"]}}]}}"#),
        "custom_metrics.string_list is longer than 1024 bytes",
    );
    let many: Vec<_> =
        (0..=limits::CUSTOM_METRICS).map(|n| format!(r#""m{n}":[{{"number":0}}]"#)).collect();
    check_custom(&format!("{{{}}}", many.join(",")), "custom_metrics has more than 256 elements");
    let numbers = "1,".repeat(limits::LIST_ELEMENTS) + "1";
    check_custom(
        &format!(r#"{{"a":[{{"number_list":[{numbers}]}}]}}"#),
        "custom_metrics.number_list has more than 16384 elements",
    );
    let deep = "[".repeat(100_000);
    let text = format!(r#"{{"hed":{{"rid":1,"v":"1.0"}},"x":{deep}"#);
    let reject = refused(Format::Json, text.as_bytes());
    assert_eq!(reject.report_id, Some(1));
    assert!(reject.message.contains("is nested deeper than 32"), "{}", reject.message);
    let space = " ".repeat(limits::REPORT_BYTES);
    let text = format!(r#"{{"hed":{{"rid":1,"v":"1.0"}},"met":{{}}}}{space}"#);
    check(&text, Some(1), "the report has more than 131072 bytes");
}

#[test]
fn what_is_no_json() {
    let valid = r#"{"hed":{"rid":1,"v":"1.0"},"met":{}}"#;
    for text in [
        "",
        " ",
        "nope",
        "{",
        "}",
        "[]",
        "1",
        "null",
        "{]",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        "\u{feff}{}",
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":+1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":tru}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\ud800\u0041"}"#,
        r#"{"a":"\udc00"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":"b}"#,
        "{\"a\":1\u{0}}",
        r#"{'a':1}"#,
        "{\"a\":1 /* x */}",
    ] {
        refused(Format::Json, text.as_bytes());
        // The same, where a value is skipped.
        refused(Format::Json, valid.replace("{}", text).as_bytes());
    }
    for cut in 0..valid.len() {
        refused(Format::Json, &valid.as_bytes()[..cut]);
    }
    for behind in ["}", "x", "{}", ",", "\u{0}"] {
        refused(Format::Json, format!("{valid}{behind}").as_bytes());
    }
    parse_json(format!(" \t\r\n{valid}\n ").as_bytes(), &mut Report::default()).unwrap();
}

#[test]
fn what_is_not_utf8() {
    let reject = refused(Format::Json, b"{\"hed\":{\"rid\":1,\"v\":\"1.0\"},\"x\":\"\xff\"}");
    assert_eq!(reject.report_id, Some(1));
    assert!(reject.message.contains("is not UTF-8 at byte 32"), "{}", reject.message);
}

#[test]
fn another_version_is_said_to_be_that() {
    for (header, report_id) in [
        (r#"{"report_id":1}"#, Some(1)),
        (r#"{"report_id":1,"version":"2.0"}"#, Some(1)),
        (r#"{"report_id":1,"version":"1"}"#, Some(1)),
        (r#"{"report_id":1,"version":"1."}"#, Some(1)),
        (r#"{"report_id":1,"version":"1.x"}"#, Some(1)),
        (r#"{"report_id":1,"version":"10.0"}"#, Some(1)),
        (r#"{"report_id":1,"version":1.0}"#, Some(1)),
        (r#"{"report_id":1,"version":null}"#, Some(1)),
        (r#"{"version":"2.0"}"#, None),
    ] {
        let reject = refused(Format::Json, format!(r#"{{"hed":{header},"met":{{}}}}"#).as_bytes());
        assert_eq!((reject.code, reject.report_id), (RejectCode::InvalidVersion, report_id));
        assert_eq!(reject.message, "Malformed metrics report: header.version is not 1.x");
    }
    // Also if nobody can read the rest.
    let text = r#"{"metrics":{"network_stats":[]},"header":{"report_id":9,"version":"2.0"}}"#;
    let reject = refused(Format::Json, text.as_bytes());
    assert_eq!((reject.code, reject.report_id), (RejectCode::InvalidVersion, Some(9)));
}

#[test]
fn the_report_id_is_told_if_it_can_be_read_at_all() {
    for (text, report_id) in [
        (r#"{"met":{"ns":{"bi":-1}},"hed":{"v":"1.0","rid":-7}}"#, Some(-7)),
        (r#"{"hed":{"rid":7},"met":"#, Some(7)),
        (r#"{"hed":{"rid":7,"v""#, Some(7)),
        (r#"{"hed":{"rid":7.5,"v":"1.0"},"met":{}}"#, None),
        (r#"{"hed":{"rid":"7","v":"1.0"},"met":{}}"#, None),
        (r#"{"hed":{"rid":99999999999999999999,"v":"1.0"},"met":{}}"#, None),
        (r#"{"hed":7,"met":{}}"#, None),
    ] {
        assert_eq!(refused(Format::Json, text.as_bytes()).report_id, report_id, "{text}");
    }
}

#[test]
fn cbor_that_lies_about_lengths_or_nests_too_deep() {
    let mut huge_map = vec![0xbb];
    huge_map.extend([0x0f; 8]);
    let mut huge_text = vec![0xa1, 0x7b];
    huge_text.extend([0x0f; 8]);
    let mut huge_list = vec![0xa1, 0x61, b'x', 0x9b];
    huge_list.extend([0x0f; 8]);
    huge_list.extend([0x01; 100]);
    let deep = |byte: u8| [&[0xa1, 0x61, b'x'][..], &vec![byte; 100_000]].concat();
    for bytes in [
        vec![],
        huge_map,
        huge_text,
        huge_list,
        deep(0x81),
        deep(0x9f),
        deep(0xa1),
        deep(0xbf),
        deep(0xc1),
        deep(0x5f),
        deep(0x7f),
        vec![0xff],
        vec![0xa1, 0xff],
        vec![0xbf, 0x61],
        vec![0xa1, 0x01, 0x01],
        vec![0x1c],
        vec![0xa1, 0x62, 0xff, 0xff, 0x01],
    ] {
        let reject = refused(Format::Cbor, &bytes);
        assert_eq!(reject.code, RejectCode::InvalidPayload);
    }
}

type Written<'e, 'v> = &'e mut Encoder<&'v mut Vec<u8>>;

fn cbor(write: impl for<'e, 'v> FnOnce(Written<'e, 'v>) -> Written<'e, 'v>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut e = Encoder::new(&mut bytes);
    e.map(2).unwrap().str("header").unwrap().map(2).unwrap();
    e.str("report_id").unwrap().i64(3).unwrap().str("version").unwrap().str("1.0").unwrap();
    e.str("custom_metrics").unwrap().map(1).unwrap().str("a").unwrap().array(1).unwrap();
    e.map(1).unwrap().str("number").unwrap();
    write(&mut e);
    bytes
}

#[test]
fn cbor_numbers_must_be_finite_and_nothing_may_follow() {
    parse_cbor(&cbor(|e| e.f32(1.5).unwrap()), &mut Report::default()).unwrap();
    for bytes in [
        cbor(|e| e.f64(f64::NAN).unwrap()),
        cbor(|e| e.f32(f32::INFINITY).unwrap()),
        cbor(|e| e.f16(f32::NEG_INFINITY).unwrap()),
        cbor(|e| e.str("1").unwrap()),
        cbor(|e| e.null().unwrap()),
        cbor(|e| e.u8(1).unwrap().u8(1).unwrap()),
    ] {
        let reject = refused(Format::Cbor, &bytes);
        assert_eq!((reject.report_id, reject.code), (Some(3), RejectCode::InvalidPayload));
    }
}
