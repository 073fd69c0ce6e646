//! Sessions: how they begin, whose they are, how they end, and what they leave behind.

use fleetward_broker::{ConnectRequest, Ending};
use fleetward_mqtt::packet::{Connect, Delivery, Will};
use fleetward_mqtt::{Properties, ProtocolVersion, QoS, ReasonCode};

use super::frames::{disconnect_with_expiry, message, with_header};
use super::stage::{BOTH, Stage, lasting};
use ProtocolVersion::{V5, V311};

fn will(payload: &str) -> Will<'_> {
    Will {
        topic: "will",
        payload: payload.as_bytes(),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::default(),
    }
}

/// CONNECT with a will that waits, as bytes: the delay is a property that has to be parsed.
fn connect_with_delayed_will(id: &str, expiry: u32, delay: u32) -> Vec<u8> {
    let mut body = b"\0\x04MQTT\x05\x04\0\x3C\x05\x11".to_vec();
    body.extend(expiry.to_be_bytes());
    body.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
    body.extend(id.as_bytes());
    body.extend([5, 0x18]);
    body.extend(delay.to_be_bytes());
    body.extend(b"\0\x04will\0\x04late");
    body
}

fn watcher(stage: &mut Stage) -> fleetward_broker::LinkId {
    let link = stage.clean(V311, "watcher");
    stage.subscribed(link, &[("will", 0)]);
    link
}

#[test]
fn a_session_is_found_again_until_it_expires() {
    for version in BOTH {
        let mut stage = Stage::with(|limits| limits.session_expiry_max_seconds = 600);
        let first = stage.lasting(version, "a");
        stage.close(first);
        stage.pass_seconds(599);
        let again = stage.connect(&lasting(version, "a")).unwrap();
        assert_eq!(stage.take(again.link), ["connack 0 present"]);
        stage.close(again.link);
        stage.pass_seconds(600);
        assert_eq!(stage.broker.holdings().sessions, 0);
        assert!(!stage.connect(&lasting(version, "a")).unwrap().session_present);
        assert!(stage.kept.sessions.contains_key("a"));
    }
}

#[test]
fn a_clean_start_forgets_what_was() {
    for version in BOTH {
        let mut stage = Stage::new();
        let link = stage.lasting(version, "a");
        stage.subscribed(link, &[("t", 1)]);
        stage.close(link);
        assert_eq!(stage.broker.holdings().subscriptions, 1);
        assert!(!stage.connect(&Connect::new(version, "a", 60)).unwrap().session_present);
        let holdings = stage.broker.holdings();
        assert_eq!((holdings.subscriptions, holdings.sessions, holdings.deadlines), (0, 1, 0));
        assert!(stage.kept.sessions.is_empty());
    }
}

#[test]
fn a_client_that_asks_for_more_is_told_what_it_gets() {
    let mut stage = Stage::new();
    let greedy = Connect {
        session_expiry_seconds: Some(u32::MAX),
        keep_alive_seconds: 0,
        ..Connect::new(V5, "a", 0)
    };
    let joined = stage.connect(&greedy).unwrap();
    assert_eq!(joined.keep_alive_seconds, 1_200);
    assert_eq!(stage.take(joined.link), ["connack 0 keep 1200 expiry 3600"]);
    let connect = Connect::new(V5, "chosen", 60);
    let request = ConnectRequest { connect: &connect, is_assigned: true, principal: 1 };
    let joined = stage.broker.connect(stage.now_ms, &request).unwrap();
    let mut bytes = Vec::new();
    stage.broker.take(0, joined.link, &mut |_: &str| true, &mut bytes, 100);
    assert_eq!(super::frames::words(V5, &bytes), ["connack 0 id chosen"]);
}

#[test]
fn connack_writes_its_numbers_in_the_order_that_others_do() {
    let mut stage = Stage::with(|limits| {
        limits.receive_maximum = 20;
        limits.topic_alias_maximum = 10;
        limits.packet_max_bytes = 2_000_000;
    });
    let link = stage.clean(V5, "p");
    let mut bytes = Vec::new();
    stage.take_some(link, &mut bytes, 100);
    let expected = [0x22, 0, 10, 0x27, 0, 0x1E, 0x84, 0x80, 0x21, 0, 20];
    assert_eq!(bytes, [&[0x20, 14, 0, 0, 11][..], &expected].concat());
}

#[test]
fn a_new_connection_takes_over_its_principals_session() {
    for version in BOTH {
        let mut stage = Stage::new();
        let first = stage.lasting(version, "a");
        let second = stage.connect(&lasting(version, "a")).unwrap();
        assert_eq!((second.taken_over, second.session_present), (Some(first), true));
        let goodbye = if version == V5 { vec!["disconnect 8e"] } else { vec![] };
        assert_eq!(stage.take(first), goodbye);
        let refused = stage.publish(first, &message("t", "x", 0, 0)).unwrap_err();
        assert_eq!(refused.0, ReasonCode::SESSION_TAKEN_OVER);
        // That its owner closes it means nothing to the new one.
        stage.close(first);
        stage.publish(second.link, &message("t", "x", 1, 1)).unwrap();
    }
}

#[test]
fn another_principals_session_is_neither_taken_nor_read() {
    for is_connected in [true, false] {
        let mut stage = Stage::new();
        let link = stage.lasting(V5, "a");
        if !is_connected {
            stage.close(link);
        }
        stage.principal = 2;
        for clean_start in [true, false] {
            let thief = Connect { clean_start, ..lasting(V5, "a") };
            let refused = stage.connect(&thief).unwrap_err();
            assert_eq!(refused.code(V5), Some(0x87));
            assert_eq!(refused.code(V311), Some(5));
        }
        stage.principal = 1;
        assert!(stage.connect(&lasting(V5, "a")).unwrap().session_present);
    }
}

#[test]
fn disconnect_changes_how_long_the_session_lives_but_makes_none_that_was_not_asked_for() {
    let mut stage = Stage::new();
    let link = stage.lasting(V5, "a");
    stage.send(link, &disconnect_with_expiry(0, 0)).unwrap();
    assert_eq!((stage.broker.holdings().sessions, stage.kept.sessions.len()), (0, 0));
    let link = stage.lasting(V5, "a");
    stage.send(link, &disconnect_with_expiry(0, 5)).unwrap();
    stage.pass_seconds(4);
    assert_eq!(stage.broker.holdings().sessions, 1);
    stage.pass_seconds(1);
    assert_eq!(stage.broker.holdings().sessions, 0);
    let link = stage.clean(V5, "a");
    let refused = stage.send(link, &disconnect_with_expiry(0, 5)).unwrap_err();
    assert_eq!(refused.0, ReasonCode::PROTOCOL_ERROR);
}

#[test]
fn a_will_is_published_unless_the_client_says_goodbye_or_is_cut() {
    for version in BOTH {
        let mut stage = Stage::new();
        let watcher = watcher(&mut stage);
        let connect = Connect { will: Some(will("gone")), ..Connect::new(version, "a", 60) };
        let link = stage.connect(&connect).unwrap().link;
        stage.send(link, &with_header(0xE0, &[])).unwrap();
        let link = stage.connect(&connect).unwrap().link;
        stage.broker.close(stage.now_ms, link, Ending::Cut);
        let link = stage.connect(&connect).unwrap().link;
        stage.broker.cut(stage.now_ms, link, ReasonCode::ADMINISTRATIVE_ACTION);
        let goodbye = if version == V5 { vec!["disconnect 98"] } else { vec![] };
        assert_eq!(stage.take(link), goodbye);
        assert!(stage.take(watcher).is_empty());
        let link = stage.connect(&connect).unwrap().link;
        stage.close(link);
        assert_eq!(stage.take(watcher), ["will=gone q0"]);
        // Whoever takes over ends the connection without a goodbye.
        stage.connect(&connect).unwrap();
        stage.connect(&connect).unwrap();
        assert_eq!(stage.take(watcher), ["will=gone q0"]);
    }
}

#[test]
fn a_client_may_say_goodbye_and_ask_for_its_will() {
    let mut stage = Stage::new();
    let watcher = watcher(&mut stage);
    let connect = Connect { will: Some(will("gone")), ..Connect::new(V5, "a", 60) };
    let link = stage.connect(&connect).unwrap().link;
    stage.send(link, &with_header(0xE0, &[4])).unwrap();
    assert_eq!(stage.take(watcher), ["will=gone q0"]);
}

#[test]
fn a_will_that_waits_is_published_when_its_time_or_the_sessions_is_up() {
    // Expiry, delay, and when it comes.
    for (expiry, delay, at) in [(100, 10, 10), (10, 100, 10), (0, 10, 0)] {
        let mut stage = Stage::new();
        let watcher = watcher(&mut stage);
        let body = connect_with_delayed_will("a", expiry, delay);
        let link = stage.connect(&Connect::parse(&body).unwrap()).unwrap().link;
        stage.close(link);
        if at > 0 {
            stage.pass_seconds(at - 1);
            assert!(stage.take(watcher).is_empty());
            stage.pass_seconds(1);
        }
        assert_eq!(stage.take(watcher), ["will=late q0"], "{expiry} {delay}");
        stage.pass_seconds(1_000);
        assert!(stage.take(watcher).is_empty());
        assert_eq!(stage.broker.holdings().deadlines, 0);
    }
}

#[test]
fn a_will_that_waits_is_not_published_if_the_client_comes_back() {
    let mut stage = Stage::new();
    let watcher = watcher(&mut stage);
    let body = connect_with_delayed_will("a", 100, 10);
    let connect = Connect::parse(&body).unwrap();
    let link = stage.connect(&connect).unwrap().link;
    stage.close(link);
    stage.pass_seconds(9);
    // Nor if it takes over its own connection.
    stage.connect(&connect).unwrap();
    stage.connect(&lasting(V5, "a")).unwrap();
    stage.pass_seconds(1_000);
    assert!(stage.take(watcher).is_empty());
    // A clean start ends the session, and with it the waiting.
    let link = stage.connect(&connect).unwrap().link;
    stage.close(link);
    stage.connect(&Connect::new(V5, "a", 60)).unwrap();
    assert_eq!(stage.take(watcher), ["will=late q0"]);
}

#[test]
fn qos_0_is_for_who_is_there_and_the_rest_waits() {
    for version in BOTH {
        let mut stage = Stage::new();
        let (from, to) = (stage.clean(version, "from"), stage.lasting(version, "to"));
        stage.subscribed(to, &[("a", 2)]);
        // Not taken before the connection ends.
        stage.publish(from, &message("a", "0", 0, 0)).unwrap();
        stage.close(to);
        for qos in [0, 1, 2] {
            let payload = qos.to_string();
            stage.publish(from, &message("a", &payload, qos, 3)).unwrap();
        }
        let to = stage.connect(&lasting(version, "to")).unwrap().link;
        assert_eq!(stage.take(to), ["connack 0 present", "a=1 q1 id1", "a=2 q2 id2"]);
    }
}

#[test]
fn a_will_may_be_retained_and_reaches_who_comes_later() {
    let mut stage = Stage::new();
    let connect =
        Connect { will: Some(Will { retain: true, ..will("r") }), ..Connect::new(V5, "a", 60) };
    let link = stage.connect(&connect).unwrap().link;
    stage.close(link);
    let late = stage.clean(V311, "late");
    let frame = super::frames::subscribe_frame(V311, 9, 0, &[super::frames::filter("will", 0)]);
    stage.send(late, &frame).unwrap();
    assert_eq!(stage.take(late), ["connack 0", "suback 9 [00]", "will=r q0 retain"]);
    let clear = Delivery { retain: true, ..message("will", "", 0, 0) };
    stage.publish(late, &clear).unwrap();
    assert_eq!((stage.broker.holdings().retained, stage.broker.holdings().messages), (0, 1));
    assert_eq!(stage.take(late), ["will= q0"]);
    assert_eq!(stage.broker.holdings().messages, 0);
}
