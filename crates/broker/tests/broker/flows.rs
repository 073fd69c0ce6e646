//! Messages from client to client: QoS 0, 1 and 2, both ways, in order.

use fleetward_mqtt::packet::{AnswerKind, Connect, Delivery};
use fleetward_mqtt::{ProtocolVersion, ReasonCode};

use super::frames::{answer, encode, message};
use super::stage::{BOTH, Stage, lasting};
use AnswerKind::{Puback, Pubcomp, Pubrec, Pubrel};
use ProtocolVersion::{V5, V311};

#[test]
fn a_message_arrives_at_the_lower_qos_of_both() {
    for version in BOTH {
        for (published, subscribed, expected) in
            [(0, 2, "a=x q0"), (1, 0, "a=x q0"), (2, 1, "a=x q1 id1"), (2, 2, "a=x q2 id1")]
        {
            let mut stage = Stage::new();
            let (from, to) = (stage.clean(version, "from"), stage.clean(version, "to"));
            stage.subscribed(to, &[("a", subscribed)]);
            stage.publish(from, &message("a", "x", published, 5)).unwrap();
            assert_eq!(stage.take(to), [expected]);
        }
    }
}

#[test]
fn qos_1_is_answered_and_says_whether_anybody_was_there() {
    let mut stage = Stage::new();
    let (old, new) = (stage.clean(V311, "old"), stage.clean(V5, "new"));
    stage.publish(old, &message("a", "x", 1, 5)).unwrap();
    assert_eq!(stage.take(old), ["connack 0", "puback 5"]);
    stage.publish(new, &message("a", "x", 1, 5)).unwrap();
    assert_eq!(stage.take(new), ["connack 0", "puback 5 10"]);
    stage.subscribed(old, &[("a", 0)]);
    stage.publish(new, &message("a", "x", 1, 6)).unwrap();
    assert_eq!(stage.take(new), ["puback 6"]);
}

#[test]
fn qos_2_goes_through_once_however_often_it_is_sent() {
    for version in BOTH {
        let mut stage = Stage::new();
        let (from, to) = (stage.clean(version, "from"), stage.clean(version, "to"));
        stage.subscribed(to, &[("a", 2)]);
        stage.take(from);
        stage.publish(from, &message("a", "x", 2, 5)).unwrap();
        assert_eq!(stage.take(from), ["pubrec 5"]);
        let again = Delivery { dup: true, ..message("a", "x", 2, 5) };
        stage.publish(from, &again).unwrap();
        assert_eq!(stage.take(from), ["pubrec 5"]);
        assert_eq!(stage.acknowledge(from, Pubrel, 5), ["pubcomp 5"]);
        assert_eq!(stage.take(to), ["a=x q2 id1"]);
        assert_eq!(stage.acknowledge(to, Pubrec, 1), ["pubrel 1"]);
        assert_eq!(stage.acknowledge(to, Pubrec, 1), ["pubrel 1"]);
        assert!(stage.acknowledge(to, Pubcomp, 1).is_empty());
        assert_eq!(stage.broker.holdings().messages, 0);
        // The identifier is free, and means another message.
        stage.publish(from, &message("a", "y", 2, 5)).unwrap();
        assert_eq!(stage.take(to), ["a=y q2 id2"]);
    }
}

#[test]
fn a_qos_2_message_that_is_sent_a_third_time_unreleased_ends_the_connection() {
    let mut stage = Stage::new();
    let from = stage.clean(V5, "from");
    stage.publish(from, &message("a", "x", 2, 5)).unwrap();
    stage.publish(from, &message("a", "x", 2, 5)).unwrap();
    let refused = stage.publish(from, &message("a", "x", 2, 5)).unwrap_err();
    assert_eq!(refused.0, ReasonCode::PROTOCOL_ERROR);
}

#[test]
fn answers_to_what_was_never_sent_are_passed_over_and_wrong_ones_end_the_connection() {
    for version in BOTH {
        let mut stage = Stage::new();
        let (from, to) = (stage.clean(version, "from"), stage.clean(version, "to"));
        stage.subscribed(to, &[("one", 1), ("two", 2)]);
        assert!(stage.acknowledge(to, Puback, 7).is_empty());
        assert_eq!(stage.acknowledge(to, Pubrec, 7), ["pubrel 7"]);
        assert_eq!(stage.acknowledge(to, Pubrel, 7), ["pubcomp 7"]);
        assert!(stage.acknowledge(to, Pubcomp, 7).is_empty());
        stage.publish(from, &message("one", "x", 1, 1)).unwrap();
        stage.publish(from, &message("two", "x", 2, 2)).unwrap();
        assert_eq!(stage.take(to), ["one=x q1 id1", "two=x q2 id2"]);
        for (kind, id) in [(Pubrec, 1), (Pubcomp, 1), (Puback, 2), (Pubcomp, 2)] {
            let refused = stage.send(to, &answer(version, kind, id, 0)).unwrap_err();
            assert_eq!(refused.0, ReasonCode::PROTOCOL_ERROR);
        }
        stage.acknowledge(to, Pubrec, 2);
        assert!(stage.send(to, &answer(version, Puback, 2, 0)).is_err());
    }
}

#[test]
fn a_refused_qos_2_message_is_not_released() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.clean(V5, "to"));
    stage.subscribed(to, &[("a", 2)]);
    stage.publish(from, &message("a", "x", 2, 1)).unwrap();
    stage.take(to);
    stage.send(to, &answer(V5, Pubrec, 1, 0x80)).unwrap();
    assert!(stage.take(to).is_empty());
    assert_eq!(stage.broker.holdings().messages, 0);
}

#[test]
fn what_is_in_flight_comes_again_in_order_after_a_reconnect() {
    for version in BOTH {
        let mut stage = Stage::new();
        let (from, to) = (stage.clean(version, "from"), stage.lasting(version, "to"));
        stage.subscribed(to, &[("a", 2)]);
        for (at, qos) in [(1, 1), (2, 2), (3, 0), (4, 2), (5, 1)] {
            stage.publish(from, &message("a", &at.to_string(), qos, at)).unwrap();
        }
        // QoS 2 goes out a little later, once its identifiers are kept; in order of its own.
        let first = ["a=1 q1 id1", "a=3 q0", "a=5 q1 id4", "a=2 q2 id2", "a=4 q2 id3"];
        assert_eq!(stage.take(to), first);
        assert_eq!(stage.acknowledge(to, Pubrec, 2), ["pubrel 2"]);
        assert!(stage.acknowledge(to, Puback, 4).is_empty());
        stage.close(to);
        stage.publish(from, &message("a", "6", 1, 6)).unwrap();
        stage.publish(from, &message("a", "7", 0, 7)).unwrap();
        let joined = stage.connect(&lasting(version, "to")).unwrap();
        let again = ["connack 0 present", "a=1 q1 id1 dup", "pubrel 2", "a=4 q2 id3 dup"];
        let expected: Vec<_> = again.into_iter().chain(["a=6 q1 id5"]).collect();
        assert_eq!(stage.take(joined.link), expected);
    }
}

#[test]
fn no_more_is_in_flight_than_the_client_takes_and_qos_0_waits_behind() {
    let mut stage = Stage::new();
    let from = stage.clean(V5, "from");
    let two = Connect { receive_maximum: Some(2), ..Connect::new(V5, "to", 60) };
    let to = stage.connect(&two).unwrap().link;
    stage.subscribed(to, &[("a", 1)]);
    for at in 1..=4 {
        stage.publish(from, &message("a", &at.to_string(), 1, at)).unwrap();
    }
    assert_eq!(stage.take(to), ["a=1 q1 id1", "a=2 q1 id2"]);
    assert_eq!(stage.acknowledge(to, Puback, 2), ["a=3 q1 id3"]);
    assert_eq!(stage.acknowledge(to, Puback, 1), ["a=4 q1 id4"]);
}

#[test]
fn more_in_flight_than_the_server_takes_ends_the_connection() {
    let mut stage = Stage::with(|limits| limits.receive_maximum = 2);
    let from = stage.clean(V5, "from");
    for id in [1, 2] {
        stage.publish(from, &message("a", "x", 2, id)).unwrap();
    }
    let refused = stage.publish(from, &message("a", "x", 2, 3)).unwrap_err();
    assert_eq!(refused.0, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
    stage.acknowledge(from, Pubrel, 1);
    stage.publish(from, &message("a", "x", 2, 3)).unwrap();
}

#[test]
fn aliases_stand_for_topics_both_ways() {
    let mut stage = Stage::new();
    let from = stage.clean(V5, "from");
    let some = Connect { topic_alias_maximum: Some(1), ..Connect::new(V5, "to", 60) };
    let to = stage.connect(&some).unwrap().link;
    stage.subscribed(to, &[("#", 0)]);
    let named = Delivery { topic_alias: Some(3), ..message("a", "1", 0, 0) };
    let short = Delivery { topic_alias: Some(3), ..message("", "2", 0, 0) };
    for message in [named, short, message("b", "3", 0, 0)] {
        stage.publish(from, &message).unwrap();
    }
    assert_eq!(stage.take(to), ["a=1 q0 alias1", "=2 q0 alias1", "b=3 q0"]);
    let above = Delivery { topic_alias: Some(9), ..message("a", "1", 0, 0) };
    let refused = stage.publish(from, &above).unwrap_err();
    assert_eq!(refused.0, ReasonCode::TOPIC_ALIAS_INVALID);
}

#[test]
fn a_message_too_large_for_a_receiver_is_dropped_for_it_alone() {
    let mut stage = Stage::new();
    let from = stage.clean(V5, "from");
    let small = Connect { maximum_packet_bytes: Some(20), ..Connect::new(V5, "small", 60) };
    let (small, large) = (stage.connect(&small).unwrap().link, stage.clean(V5, "large"));
    for link in [small, large] {
        stage.subscribed(link, &[("a", 1)]);
    }
    // 20 bytes with identifier and no properties, and one more.
    for payload in ["012345678901", "012345678901+", "y"] {
        stage.publish(from, &message("a", payload, 1, 1)).unwrap();
    }
    assert_eq!(encode(V5, &message("a", "012345678901", 1, 1)).len(), 20);
    assert_eq!(stage.take(small), ["a=012345678901 q1 id1", "a=y q1 id2"]);
    assert_eq!(stage.take(large).len(), 3);
    assert_eq!(stage.broker.losses().too_large, 1);
}

#[test]
fn expiry_counts_down_and_ends() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.lasting(V5, "to"));
    stage.subscribed(to, &[("a", 1)]);
    stage.close(to);
    for (payload, seconds) in [("short", Some(5)), ("long", Some(60)), ("ever", None)] {
        let message = Delivery { expiry_seconds: seconds, ..message("a", payload, 1, 1) };
        stage.publish(from, &message).unwrap();
    }
    stage.now_ms += 10_500;
    let to = stage.lasting(V5, "to");
    let again = stage.connect(&lasting(V5, "to")).unwrap();
    assert_eq!(again.taken_over, Some(to));
    let taken = stage.take(again.link);
    assert_eq!(taken[1..], ["a=long q1 id1 dup expiry50", "a=ever q1 id2 dup"]);
    assert_eq!(stage.broker.losses().expired, 1);
}

#[test]
fn what_may_not_be_received_any_more_is_not_sent() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.lasting(V5, "to"));
    stage.subscribed(to, &[("#", 2)]);
    for (topic, qos) in [("a", 1), ("secret", 2), ("b", 0), ("secret", 0)] {
        stage.publish(from, &message(topic, "x", qos, 1)).unwrap();
    }
    stage.forbidden = vec!["secret".to_owned()];
    assert_eq!(stage.take(to), ["a=x q1 id1", "b=x q0"]);
    assert_eq!(stage.broker.losses().not_authorized, 2);
}

#[test]
fn what_a_publisher_says_of_a_message_goes_on_unchanged() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.clean(V5, "to"));
    let old = stage.clean(V311, "old");
    for link in [to, old] {
        stage.subscribed(link, &[("a", 0)]);
    }
    // Payload format, content type, a user property.
    let properties = b"\x01\x01\x03\0\x01t\x26\0\x01k\0\x01v";
    let message = Delivery { properties, ..message("a", "x", 0, 0) };
    stage.publish(from, &message).unwrap();
    let mut bytes = Vec::new();
    stage.take_some(to, &mut bytes, 1_000);
    assert_eq!(bytes, encode(V5, &message));
    assert_eq!(stage.take(old), ["a=x q0"]);
}
