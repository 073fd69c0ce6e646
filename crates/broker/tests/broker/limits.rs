//! Each limit, at it and one above.

use fleetward_broker::Limits;
use fleetward_mqtt::packet::{Connect, Delivery, Will};
use fleetward_mqtt::{Properties, ProtocolVersion, QoS, ReasonCode};

use super::frames::{filter, message, subscribe_frame, unsubscribe_frame, with_header};
use super::stage::{BOTH, Stage, lasting};
use ProtocolVersion::{V5, V311};

fn retained<'a>(topic: &'a str, payload: &'a str, qos: usize) -> Delivery<'a> {
    Delivery { retain: true, ..message(topic, payload, qos, 1) }
}

#[test]
fn the_defaults_are_those_of_aws() {
    let limits = Limits::default();
    assert_eq!((limits.client_id_max_bytes, limits.topic_max_bytes), (128, 256));
    assert_eq!((limits.topic_max_slashes, limits.payload_max_bytes), (7, 131_072));
    assert_eq!((limits.filters_per_subscribe, limits.subscriptions_per_session), (8, 50));
    assert_eq!((limits.receive_maximum, limits.outbound_in_flight), (100, 100));
    assert_eq!((limits.topic_alias_maximum, limits.keep_alive_max_seconds), (8, 1_200));
    assert_eq!((limits.session_expiry_max_seconds, limits.retained_max), (3_600, 500_000));
}

#[test]
fn client_ids_are_as_long_as_aws_has_them() {
    for version in BOTH {
        let mut stage = Stage::new();
        assert!(stage.connect(&Connect::new(version, &"x".repeat(128), 60)).is_ok());
        let refused = stage.connect(&Connect::new(version, &"x".repeat(129), 60)).unwrap_err();
        assert_eq!(refused.code(version), Some(if version == V5 { 0x85 } else { 2 }));
    }
}

#[test]
fn topics_are_as_long_and_deep_as_aws_has_them() {
    let longest = "x".repeat(256);
    let fits = [&longest, "1/2/3/4/5/6/7/8", "$aws/rules/r/1/2/3/4/5/6/7/8"];
    let too_much = [format!("{longest}x"), "1/2/3/4/5/6/7/8/9".to_owned()];
    for version in BOTH {
        let mut stage = Stage::new();
        let link = stage.clean(version, "a");
        stage.take(link);
        for topic in fits {
            stage.publish(link, &message(topic, "x", 0, 0)).unwrap();
            stage.send(link, &subscribe_frame(version, 1, 0, &[filter(topic, 0)])).unwrap();
            assert_eq!(stage.take(link), ["suback 1 [00]"]);
        }
        for topic in &too_much {
            let refused = stage.publish(link, &message(topic, "x", 0, 0)).unwrap_err();
            assert_eq!(refused.0, ReasonCode::TOPIC_NAME_INVALID);
            let answered = stage.publish(link, &message(topic, "x", 1, 1));
            let second = stage.publish(link, &message(topic, "x", 2, 2));
            assert_eq!((answered.is_ok(), second.is_ok()), (version == V5, version == V5));
            let wanted = [filter(topic, 0), filter("a", 0)];
            stage.send(link, &subscribe_frame(version, 1, 0, &wanted)).unwrap();
            let expected: &[&str] = match version {
                V5 => &["puback 1 90", "pubrec 2 90", "suback 1 [8f, 00]"],
                V311 => &["suback 1 [80, 00]"],
            };
            assert_eq!(stage.take(link), expected);
        }
    }
}

#[test]
fn a_wills_topic_is_checked_too() {
    let topic = "1/2/3/4/5/6/7/8/9";
    let will = Will {
        topic,
        payload: b"x",
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::default(),
    };
    let connect = Connect { will: Some(will), ..Connect::new(V5, "a", 60) };
    let refused = Stage::new().connect(&connect).unwrap_err();
    assert_eq!((refused.code(V5), refused.code(V311)), (Some(0x90), None));
}

#[test]
fn payloads_are_as_large_as_aws_has_them() {
    let mut stage = Stage::new();
    let link = stage.clean(V5, "a");
    let largest = "x".repeat(131_072);
    stage.publish(link, &message("a", &largest, 0, 0)).unwrap();
    let refused = stage.publish(link, &message("a", &format!("{largest}x"), 1, 1)).unwrap_err();
    assert_eq!(refused.0, ReasonCode::PACKET_TOO_LARGE);
}

#[test]
fn one_subscribe_has_eight_filters_and_a_session_fifty_subscriptions() {
    for version in BOTH {
        let mut stage = Stage::new();
        let link = stage.clean(version, "a");
        stage.take(link);
        let refusal = if version == V5 { "97" } else { "80" };
        let names: Vec<String> = (0..58).map(|at| format!("t{at}")).collect();
        let filters: Vec<_> = names.iter().map(|name| filter(name, 0)).collect();
        stage.send(link, &subscribe_frame(version, 1, 0, &filters[..9])).unwrap();
        assert_eq!(stage.take(link), [format!("suback 1 [{}]", [refusal; 9].join(", "))]);
        for eight in filters[..48].chunks(8) {
            stage.send(link, &subscribe_frame(version, 1, 0, eight)).unwrap();
            assert_eq!(stage.take(link), [format!("suback 1 [{}]", ["00"; 8].join(", "))]);
        }
        stage.send(link, &subscribe_frame(version, 1, 0, &filters[48..52])).unwrap();
        assert_eq!(stage.take(link), [format!("suback 1 [00, 00, {refusal}, {refusal}]")]);
        // One that it has may be changed.
        stage.send(link, &subscribe_frame(version, 1, 0, &filters[..1])).unwrap();
        assert_eq!(stage.take(link), ["suback 1 [00]"]);
        assert_eq!(stage.broker.holdings().subscriptions, 50);
    }
}

#[test]
fn all_sessions_together_have_as_many_subscriptions_as_there_may_be() {
    let mut stage = Stage::with(|limits| limits.subscriptions_max = 2);
    let links = ["a", "b"].map(|id| stage.clean(V5, id));
    for (at, code) in [(0, "00"), (1, "00"), (0, "97"), (1, "97")] {
        let topic = format!("{code}/{at}");
        stage.send(links[at], &subscribe_frame(V5, 1, 0, &[filter(&topic, 0)])).unwrap();
        assert_eq!(stage.take(links[at]).pop().unwrap(), format!("suback 1 [{code}]"));
    }
    stage.send(links[0], &unsubscribe_frame(V5, 1, &["00/0"])).unwrap();
    stage.send(links[1], &subscribe_frame(V5, 1, 0, &[filter("c", 0)])).unwrap();
    assert_eq!(stage.take(links[1]), ["suback 1 [00]"]);
}

#[test]
fn a_group_has_as_many_members_as_it_may() {
    let mut stage = Stage::with(|limits| limits.group_max_members = 2);
    for (id, code) in [("a", "00"), ("b", "00"), ("c", "97")] {
        let link = stage.clean(V5, id);
        stage.send(link, &subscribe_frame(V5, 1, 0, &[filter("$share/g/t", 0)])).unwrap();
        assert_eq!(stage.take(link)[1], format!("suback 1 [{code}]"));
    }
}

#[test]
fn keep_alive_is_at_most_what_aws_has() {
    let mut stage = Stage::new();
    for (asked, gets) in [(1_200, 1_200), (1_201, 1_200), (30, 30)] {
        let joined = stage.connect(&Connect::new(V311, "a", asked)).unwrap();
        assert_eq!(joined.keep_alive_seconds, gets);
    }
}

#[test]
fn sessions_are_counted_in_all_and_of_each_principal() {
    let mut stage = Stage::with(|limits| {
        limits.sessions_max = 3;
        limits.sessions_per_principal = 2;
    });
    let refused = |stage: &mut Stage, id| match stage.connect(&lasting(V5, id)) {
        Ok(_) => None,
        Err(refusal) => Some((refusal.code(V5), refusal.code(V311))),
    };
    assert_eq!((refused(&mut stage, "a"), refused(&mut stage, "b")), (None, None));
    assert_eq!(refused(&mut stage, "c"), Some((Some(0x97), Some(3))));
    // One that it has may connect again.
    assert_eq!(refused(&mut stage, "a"), None);
    stage.principal = 2;
    assert_eq!(refused(&mut stage, "c"), None);
    assert_eq!(refused(&mut stage, "d"), Some((Some(0x97), Some(3))));
    let clean = Connect { clean_start: true, ..Connect::new(V5, "c", 60) };
    let link = stage.connect(&clean).unwrap().link;
    stage.close(link);
    assert_eq!(refused(&mut stage, "d"), None);
}

#[test]
fn retained_messages_are_counted_in_number_in_bytes_and_of_each_principal() {
    let change: [fn(&mut Limits); 3] = [
        |limits| limits.retained_max = 2,
        |limits| limits.retained_max_bytes = 270,
        |limits| limits.retained_per_principal = 2,
    ];
    for change in change {
        let mut stage = Stage::with(change);
        let link = stage.clean(V5, "a");
        stage.take(link);
        for topic in ["a", "b"] {
            stage.publish(link, &retained(topic, "x", 1)).unwrap();
        }
        stage.publish(link, &retained("c", &"x".repeat(20), 1)).unwrap();
        assert_eq!(stage.take(link), ["puback 1 10", "puback 1 10", "puback 1 97"]);
        let refused = stage.publish(link, &retained("c", &"x".repeat(20), 0)).unwrap_err();
        assert_eq!(refused.0, ReasonCode::QUOTA_EXCEEDED);
        // What is there may be replaced, and what is taken away makes room.
        stage.publish(link, &retained("b", "y", 0)).unwrap();
        stage.publish(link, &retained("b", "", 0)).unwrap();
        stage.publish(link, &retained("c", "x", 0)).unwrap();
        assert_eq!(stage.broker.holdings().retained, 2);
    }
}

#[test]
fn a_queue_takes_so_many_messages_and_so_many_bytes_and_what_is_lost_is_counted() {
    let change: [fn(&mut Limits); 3] = [
        |limits| limits.queue_max_messages = 3,
        |limits| limits.queue_max_bytes = 400,
        |limits| limits.queued_max = 3,
    ];
    for change in change {
        let mut stage = Stage::with(change);
        let (from, to) = (stage.clean(V5, "from"), stage.lasting(V5, "to"));
        stage.subscribed(to, &[("a", 1)]);
        stage.close(to);
        for id in 1..=4 {
            stage.publish(from, &message("a", &id.to_string(), 1, id)).unwrap();
        }
        assert_eq!(stage.broker.losses().queue_full, 1);
        let to = stage.connect(&lasting(V5, "to")).unwrap().link;
        assert_eq!(stage.take(to).len(), 4);
    }
}

#[test]
fn above_all_that_may_be_held_publishers_are_told() {
    let mut stage = Stage::with(|limits| limits.held_max_bytes = 300);
    let (new, old) = (stage.clean(V5, "new"), stage.clean(V311, "old"));
    let to = stage.lasting(V5, "to");
    stage.subscribed(to, &[("a", 1)]);
    stage.close(to);
    stage.take(new);
    for id in 1..=3 {
        stage.publish(new, &message("a", &"x".repeat(100), 1, id)).unwrap();
    }
    assert_eq!(stage.take(new), ["puback 1", "puback 2 97", "puback 3 97"]);
    let refused = stage.publish(old, &message("a", &"x".repeat(100), 1, 1)).unwrap_err();
    assert_eq!(refused.0, ReasonCode::QUOTA_EXCEEDED);
    stage.publish(old, &message("a", &"x".repeat(100), 0, 0)).unwrap();
    assert_eq!(stage.broker.losses().broker_full, 1);
}

#[test]
fn a_client_that_does_not_read_its_answers_is_not_read() {
    let mut stage = Stage::with(|limits| limits.answers_max_bytes = 10);
    let link = stage.clean(V311, "a");
    stage.take(link);
    let ping = with_header(0xC0, &[]);
    for at in 1..=6 {
        stage.send(link, &ping).unwrap();
        assert_eq!(stage.is_go(), at <= 5, "{at}");
    }
    assert_eq!(stage.take(link).len(), 6);
    assert!(stage.may_read(link));
}

#[test]
fn a_publisher_waits_for_a_receiver_that_does_not_keep_up_but_not_for_ever() {
    for version in BOTH {
        let mut stage = Stage::with(|limits| limits.queue_max_messages = 8);
        let (from, to) = (stage.clean(version, "from"), stage.clean(version, "to"));
        stage.subscribed(to, &[("a", 0)]);
        let burst = |stage: &mut Stage, count: usize| {
            (0..count).all(|_| {
                stage.publish(from, &message("a", "x", 0, 0)).unwrap();
                stage.is_go()
            })
        };
        // Half of the queue, and one that finds it so.
        assert!(burst(&mut stage, 5));
        assert!(!burst(&mut stage, 1));
        stage.take(from);
        assert!(!stage.may_read(from));
        assert_eq!(stage.take(to).len(), 6);
        stage.take(from);
        assert!(stage.may_read(from));
        assert!(!burst(&mut stage, 6));
        stage.pass_seconds(5);
        stage.take(from);
        assert!(stage.may_read(from) && burst(&mut stage, 10));
        assert_eq!(stage.broker.losses().queue_full, 8);
        assert_eq!(stage.take(to).len(), 8);
        // It has caught up: from now on it is waited for again.
        assert!(!burst(&mut stage, 6));
        stage.close(to);
        stage.take(from);
        assert!(stage.may_read(from));
        assert_eq!(stage.broker.holdings().deadlines, 0);
    }
}

#[test]
fn a_message_for_many_goes_round_in_steps_and_its_publisher_waits() {
    for version in BOTH {
        let mut stage = Stage::with(|limits| limits.receivers_per_call = 10);
        let from = stage.clean(version, "from");
        stage.take(from);
        let many: Vec<_> = (0..25)
            .map(|at| {
                let link = stage.clean(version, &at.to_string());
                stage.subscribed(link, &[("a/+", 0), ("a/b", 0)]);
                link
            })
            .collect();
        stage.publish(from, &message("a/b", "1", 1, 1)).unwrap();
        assert!(!stage.is_go());
        stage.publish(from, &message("a/b", "2", 0, 0)).unwrap();
        assert!(stage.take(from).is_empty() && !stage.may_read(from));
        // Some leave and some come meanwhile.
        for link in &many[..5] {
            stage.close(*link);
        }
        let late = stage.clean(version, "late");
        stage.subscribed(late, &[("a/b", 0)]);
        let mut calls = 0;
        while stage.broker.has_work() {
            stage.broker.tick(stage.now_ms);
            calls += 1;
        }
        assert!(calls > 5, "{calls}");
        assert_eq!(stage.take(from), ["puback 1"]);
        assert!(stage.may_read(from));
        for link in &many[5..] {
            assert_eq!(stage.take(*link), ["a/b=1 q0", "a/b=2 q0"]);
        }
        stage.take(late);
        assert_eq!(stage.broker.holdings().messages, 0);
    }
}

#[test]
fn retained_messages_come_in_steps_no_faster_than_they_are_read() {
    let mut stage = Stage::with(|limits| {
        limits.retained_per_call = 7;
        limits.queue_max_messages = 20;
    });
    let from = stage.clean(V5, "from");
    for at in 0..100 {
        let topic = format!("t/{at:03}");
        stage.publish(from, &retained(&topic, "x", 0)).unwrap();
    }
    let to = stage.clean(V5, "to");
    stage.take(to);
    stage.send(to, &subscribe_frame(V5, 1, 0, &[filter("t/+", 0)])).unwrap();
    assert!(!stage.is_go());
    let mut all = Vec::new();
    for _ in 0..100 {
        while stage.broker.has_work() {
            stage.broker.tick(stage.now_ms);
        }
        all.extend(stage.take(to));
        if stage.may_read(to) {
            break;
        }
    }
    let topics = (0..100).map(|at| format!("t/{at:03}=x q0 retain"));
    let expected: Vec<_> = ["suback 1 [00]".to_owned()].into_iter().chain(topics).collect();
    assert_eq!(all, expected);
    assert_eq!(stage.broker.losses().queue_full, 0);
}

#[test]
fn sessions_end_a_few_a_call() {
    let mut stage = Stage::with(|limits| limits.ends_per_call = 10);
    for at in 0..25 {
        let link = stage.lasting(V5, &at.to_string());
        stage.close(link);
    }
    stage.now_ms += 600_000;
    for left in [15, 5, 0] {
        assert_eq!(stage.broker.tick(stage.now_ms), left > 0);
        assert_eq!(stage.broker.holdings().sessions, left);
    }
}
