//! Bytes that no honest client sends. The door closes that connection and serves the others.

use std::time::{Duration, Instant};

use fleetward_mqtt::QoS;
use fleetward_mqtt::packet::{AnswerKind, Connect};

use crate::client::{Client, Version};
use crate::stack::Stack;

#[tokio::test(flavor = "multi_thread")]
async fn garbage_instead_of_connect_is_closed_at_once() {
    let stack = Stack::start().await;
    let connect = Connect::new(Version::V311, "x", 0).encode().unwrap();
    let mut bad_level = connect.clone();
    bad_level[8] = 9;
    let garbage: [(&str, Vec<u8>); 7] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: door\r\n\r\n".to_vec()),
        ("zeros", vec![0; 64]),
        ("0xff", vec![0xFF; 64]),
        ("a length of 256 MB", vec![0x10, 0xFF, 0xFF, 0xFF, 0x7F]),
        ("a length of five bytes", vec![0x10, 0x80, 0x80, 0x80, 0x80, 0x01]),
        ("PUBLISH first", vec![0x30, 3, 0, 1, b'a']),
        ("an unknown level", bad_level),
    ];
    for (what, bytes) in garbage {
        let mut client = Client::plain(stack.plain(), Version::V311).await;
        let begin = Instant::now();
        client.send(&bytes).await;
        assert!(client.closes().await, "{what}");
        assert!(begin.elapsed() < Duration::from_secs(2), "{what}");
    }
    stack.client(Version::V311, "honest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_connect_is_closed_when_its_time_is_over() {
    let stack = Stack::start_with(|settings| settings.connect_limit_ms = 300).await;
    let connect = Connect::new(Version::V311, "slow", 0).encode().unwrap();
    let parts: [&[u8]; 3] = [&[], &connect[..1], &connect[..connect.len() - 1]];
    for part in parts {
        let mut client = Client::plain(stack.plain(), Version::V311).await;
        let begin = Instant::now();
        client.send(part).await;
        assert_eq!(client.frame().await, None);
        let lasted = begin.elapsed().as_millis();
        assert!((250..2000).contains(&lasted), "{lasted} ms");
    }
    // Half a TLS handshake too.
    let mut client = Client::plain(stack.secure(), Version::V311).await;
    client.send(&[0x16, 3, 1]).await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connected_client_may_not_send_ends_its_connection() {
    let stack = Stack::start().await;
    let connect = Connect::new(Version::V311, "bad", 0).encode().unwrap();
    let bad: [(&str, Vec<u8>); 9] = [
        ("a second CONNECT", connect),
        ("CONNACK", vec![0x20, 2, 0, 0]),
        ("SUBACK", vec![0x90, 3, 0, 1, 0]),
        ("AUTH", vec![0xF0, 0]),
        ("packet type 0", vec![0x00, 0]),
        ("a length of 256 MB", vec![0x30, 0xFF, 0xFF, 0xFF, 0x7F]),
        ("a packet above the limit", vec![0x30, 0x81, 0x80, 0x40]),
        ("a topic with a wildcard", vec![0x30, 4, 0, 2, b'a', b'#']),
        ("a topic that is not UTF-8", vec![0x30, 4, 0, 2, 0xC3, 0x28]),
    ];
    for (what, bytes) in bad {
        let mut client = stack.client(Version::V311, "bad").await;
        client.send(&bytes).await;
        assert_eq!(client.frame().await, None, "{what}");
    }
    stack.client(Version::V311, "honest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_packet_that_ends_the_connection_is_passed_on() {
    let stack = Stack::start().await;
    let mut receiver = stack.client(Version::V311, "receiver").await;
    receiver.subscribe(&[("a", QoS::AtMostOnce)]).await;
    let mut sender = stack.client(Version::V311, "sender").await;
    // A message, and a CONNACK that no client may send, in one write.
    sender.send(&[0x30, 4, 0, 1, b'a', b'1', 0x20, 2, 0, 0]).await;
    assert!(sender.closes().await);
    assert_eq!(receiver.message().await.payload, b"1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_up_to_the_limit_passes() {
    let stack = Stack::start().await;
    let mut receiver = stack.client(Version::V311, "receiver").await;
    receiver.subscribe(&[("big", QoS::AtMostOnce)]).await;
    let mut sender = stack.client(Version::V311, "sender").await;
    let payload = vec![7u8; fleetward_front_door::limits::PACKET_MAX_BYTES - 64];
    sender.publish("big", &payload, QoS::AtLeastOnce, 1).await;
    sender.acknowledged(AnswerKind::Puback, 1).await;
    assert!(receiver.message().await.payload == payload);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_ids_that_cannot_be_things_are_refused() {
    let stack = Stack::start().await;
    let long = "x".repeat(129);
    for (version, code) in [(Version::V311, 2), (Version::V5, 0x85)] {
        let mut client = Client::plain(stack.plain(), version).await;
        let answer = client.connect(&Connect::new(version, &long, 0)).await;
        assert_eq!(answer, Some((code, false)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_does_not_hold_the_others_up() {
    let stack = Stack::start().await;
    let mut deaf = stack.client(Version::V311, "deaf").await;
    deaf.subscribe(&[("flood", QoS::AtMostOnce)]).await;
    let mut listening = stack.client(Version::V311, "listening").await;
    listening.subscribe(&[("flood", QoS::AtMostOnce), ("end", QoS::AtMostOnce)]).await;
    let mut sender = stack.client(Version::V311, "sender").await;
    let payload = vec![0u8; 16 * 1024];
    for _ in 0..20 {
        for _ in 0..50 {
            sender.publish("flood", &payload, QoS::AtMostOnce, 0).await;
        }
        sender.publish("flood", &payload, QoS::AtLeastOnce, 9).await;
        sender.acknowledged(AnswerKind::Puback, 9).await;
        for _ in 0..51 {
            assert_eq!(listening.message().await.topic, "flood");
        }
    }
    sender.publish("end", b"", QoS::AtMostOnce, 0).await;
    assert_eq!(listening.message().await.topic, "end");
}
