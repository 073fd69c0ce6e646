//! What no client should send: each gets a clear error or a clean disconnect, nothing is lost and
//! nobody else notices.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::start;
use fleetward_hands::Device;
use fleetward_hands::Signer;
use fleetward_hands::http::{self, Answer};

const PROFILE: &str = "/security-profiles/p";

fn expect(answer: &Answer, status: u16, error: &str, says: &str) {
    assert_eq!(
        (answer.status, answer.error_type()),
        (status, Some(error)),
        "{}\n{}",
        answer.head,
        answer.body
    );
    assert!(answer.body.contains(says), "{says} in {}", answer.body);
    assert!(answer.head.to_lowercase().contains("x-amzn-requestid"), "{}", answer.head);
}

#[test]
fn bad_bodies_get_an_error_that_names_the_member() {
    let stack = start();
    let signer = Signer::of(&stack);
    let post = |body: &str| signer.send("POST", PROFILE, body.as_bytes());
    let broken = post("{\"behaviors\": [");
    assert_eq!(broken.status, 400, "{}", broken.body);
    let wrong_type = post("{\"behaviors\": \"none\"}");
    assert_eq!(wrong_type.status, 400);
    assert!(wrong_type.body.contains("behaviors"), "{}", wrong_type.body);
    let long = "x".repeat(129);
    let body = json!({"behaviors": [{"name": long, "metric": "aws:all-bytes-in"}]});
    expect(&post(&body.to_string()), 400, "InvalidRequestException", "behaviors.1.member.name");
    let two = json!({"behaviors": [{"name": "a b"}, {"name": "c d"}]});
    expect(&post(&two.to_string()), 400, "InvalidRequestException", "2 validation errors detected");
    let nested = format!("{{\"behaviors\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(post(&nested).status, 400);
    // Nothing of all this left a trace; members that the model does not have are ignored.
    assert_eq!(signer.send("GET", PROFILE, b"").status, 404);
    let unknown = post("{\"noSuchMember\": {\"a\": [1]}}");
    assert_eq!(unknown.status, 200, "{}", unknown.body);
}

#[test]
fn a_body_of_ten_megabytes_is_refused() {
    let stack = start();
    let signer = Signer::of(&stack);
    let body = vec![b' '; 10 << 20];
    let answer = signer.send("POST", PROFILE, &body);
    assert!((400..500).contains(&answer.status), "{}", answer.head);
    assert!(!answer.body.is_empty());
    signer.call("GET", "/things", &json!({}));
}

#[test]
fn wrong_signatures_skewed_clocks_and_unknown_operations_are_refused() {
    let stack = start();
    let signer = Signer::of(&stack);
    let unsigned = http::send(
        signer.address,
        &http::request("GET", "/things", &[("host".into(), "localhost".into())], b""),
    );
    expect(&unsigned, 403, "MissingAuthenticationTokenException", "");
    let mut other_body = signer.headers("POST", PROFILE, b"{}");
    let tampered =
        http::send(signer.address, &http::request("POST", PROFILE, &other_body, b"{\"a\":1}"));
    expect(&tampered, 403, "InvalidSignatureException", "");
    other_body.retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-date"));
    let undated = http::send(signer.address, &http::request("POST", PROFILE, &other_body, b"{}"));
    assert_eq!(undated.status, 403);
    for skew_seconds in [-600, 600] {
        let skewed = Signer { skew_seconds, ..signer.clone() };
        expect(&skewed.send("GET", "/things", b""), 403, "InvalidSignatureException", "");
    }
    let unknown = signer.send("GET", "/no-such-operation/at/all", b"");
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    let traversal = signer.send("GET", "/things/..%2F..%2Fetc", b"");
    assert!((400..500).contains(&traversal.status), "{}", traversal.body);
}

#[test]
fn garbage_on_the_api_port_hurts_nobody() {
    let stack = start();
    let signer = Signer::of(&stack);
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET", b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(signer.address).unwrap();
        stream.write_all(bytes).unwrap();
    }
    signer.call("GET", "/things", &json!({}));
}

/// Sends bytes, and expects the server to close.
fn expect_closed(address: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = stream.write_all(bytes);
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let timed_out = read.as_ref().is_err_and(|error| {
        matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
    });
    assert!(!timed_out, "{bytes:?} leaves the connection open");
}

#[test]
fn garbage_on_the_mqtt_ports_is_a_clean_disconnect() {
    let stack = start();
    let mut bystander = Device::connect(stack.address("mqtt"), "bystander");
    bystander.subscribe("news");
    for listener in ["mqtt", "mqtts"] {
        let address = stack.address(listener);
        expect_closed(address, b"\0\0\0\0\0\0\0\0");
        expect_closed(address, b"GET / HTTP/1.1\r\n\r\n");
        // A CONNECT that announces 256 MB.
        expect_closed(address, b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x04");
        // A PUBLISH before any CONNECT.
        expect_closed(address, b"\x30\x05\x00\x01ahi");
        // Half a CONNECT: the server does not wait for ever.
        expect_closed(address, b"\x10\x20\x00\x04MQ");
    }
    assert!(bystander.publish("news", b"all is well"));
}

#[test]
fn hostile_reports_are_rejected_and_the_device_stays() {
    let stack = start();
    let mut device = Device::connect(stack.address("mqtt"), "light");
    device.subscribe("$aws/things/light/defender/metrics/json/+");
    let topic = "$aws/things/light/defender/metrics/json";
    let deep = format!("{{\"header\":{}", "[".repeat(50_000));
    let report = |metrics: &str| {
        format!("{{\"header\":{{\"report_id\":7,\"version\":\"1.0\"}},\"metrics\":{metrics}}}")
    };
    let stats = |value: &str| report(&format!("{{\"network_stats\":{{\"bytes_in\":{value}}}}}"));
    for (payload, says) in [
        (String::new(), "Malformed"),
        ("garbage".to_owned(), "Malformed"),
        ("{}".to_owned(), "header"),
        (deep, "Malformed"),
        (stats("-1"), "bytes_in"),
        (stats("NaN"), "Malformed"),
        (stats("1e400"), "bytes_in"),
        (stats("\"12\""), "bytes_in"),
        (report("{\"listening_tcp_ports\":{\"ports\":[{\"port\":65536}]}}"), "port"),
        (report("{\"listening_tcp_ports\":{\"ports\":[{\"port\":22}"), "Malformed"),
    ] {
        assert!(device.publish(topic, payload.as_bytes()));
        let verdict = device.message();
        assert!(verdict.contains("/rejected") && verdict.contains("REJECTED"), "{verdict}");
        assert!(verdict.contains(says), "{says} in {verdict}");
    }
    let big = report(&format!("{{\"x\":\"{}\"}}", "y".repeat(200_000)));
    let refused = !device.publish(topic, big.as_bytes()) || device.message().contains("/rejected");
    assert!(refused);
    let mut again = Device::connect(stack.address("mqtt"), "light");
    again.subscribe("$aws/things/light/defender/metrics/json/+");
    assert!(again.report("light", 8, &[22]));
    assert!(again.message().contains("/accepted"));
}
