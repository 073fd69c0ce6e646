//! Who gets what: filters, options, groups, retained messages.

use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::{Delivery, RetainHandling, SubscribeFilter};

use super::frames::{filter, message, subscribe_frame, unsubscribe_frame};
use super::stage::{BOTH, Stage, lasting};
use ProtocolVersion::{V5, V311};

fn retained<'a>(topic: &'a str, payload: &'a str, qos: usize) -> Delivery<'a> {
    Delivery { retain: true, ..message(topic, payload, qos, 1) }
}

#[test]
fn several_subscriptions_of_one_client_bring_one_copy_with_all_their_numbers() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.clean(V5, "to"));
    for (identifier, text, qos) in [(1, "a/b", 0), (2, "a/+", 2), (3, "#", 1), (4, "b", 2)] {
        let frame = subscribe_frame(V5, 9, identifier, &[filter(text, qos)]);
        stage.send(to, &frame).unwrap();
    }
    stage.take(to);
    stage.publish(from, &message("a/b", "x", 2, 1)).unwrap();
    stage.publish(from, &message("c", "y", 1, 2)).unwrap();
    assert_eq!(stage.take(to), ["a/b=x q2 id1 ids[1, 2, 3]", "c=y q1 id2 ids[3]"]);
    assert_eq!(stage.broker.holdings().identifier_sets, 1);
    stage.close(to);
    let holdings = stage.broker.holdings();
    assert_eq!((holdings.identifier_sets, holdings.messages, holdings.subscriptions), (0, 0, 0));
}

#[test]
fn topics_with_a_dollar_are_hidden_from_wildcards() {
    let mut stage = Stage::new();
    let (from, all) = (stage.clean(V5, "from"), stage.clean(V5, "all"));
    let some = stage.clean(V5, "some");
    stage.subscribed(all, &[("#", 0), ("+/x", 0)]);
    stage.subscribed(some, &[("$x/#", 0)]);
    stage.publish(from, &retained("$x/x", "1", 0)).unwrap();
    assert!(stage.take(all).is_empty());
    assert_eq!(stage.take(some), ["$x/x=1 q0"]);
    stage.send(all, &subscribe_frame(V5, 1, 0, &[filter("#", 0)])).unwrap();
    assert_eq!(stage.take(all), ["suback 1 [00]"]);
}

#[test]
fn no_local_keeps_a_clients_own_messages_from_it_alone() {
    let mut stage = Stage::new();
    let (one, other) = (stage.clean(V5, "one"), stage.clean(V5, "other"));
    let own = SubscribeFilter { no_local: true, ..filter("a", 0) };
    for link in [one, other] {
        stage.send(link, &subscribe_frame(V5, 1, 0, &[own])).unwrap();
        stage.take(link);
    }
    stage.publish(one, &message("a", "x", 0, 0)).unwrap();
    assert!(stage.take(one).is_empty());
    assert_eq!(stage.take(other), ["a=x q0"]);
}

#[test]
fn the_retain_flag_is_kept_for_who_asks() {
    let mut stage = Stage::new();
    let (from, plain) = (stage.clean(V5, "from"), stage.clean(V5, "plain"));
    let asks = stage.clean(V5, "asks");
    let as_published = SubscribeFilter { retain_as_published: true, ..filter("a", 1) };
    stage.send(asks, &subscribe_frame(V5, 1, 0, &[as_published])).unwrap();
    stage.take(asks);
    stage.subscribed(plain, &[("a", 1)]);
    stage.publish(from, &retained("a", "x", 0)).unwrap();
    assert_eq!(stage.take(plain), ["a=x q0"]);
    assert_eq!(stage.take(asks), ["a=x q0 retain"]);
}

#[test]
fn a_new_subscription_brings_retained_messages_as_it_asks() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.clean(V5, "to"));
    for (topic, qos) in [("a/1", 0), ("a/2", 2), ("b", 1)] {
        stage.publish(from, &retained(topic, "x", qos)).unwrap();
    }
    stage.take(to);
    let mut subscribe = |identifier, retain_handling| {
        let wanted = SubscribeFilter { retain_handling, ..filter("a/+", 1) };
        stage.send(to, &subscribe_frame(V5, 1, identifier, &[wanted])).unwrap();
        stage.take(to).split_off(1)
    };
    assert_eq!(subscribe(0, RetainHandling::DoNotSend), [""; 0]);
    assert_eq!(subscribe(0, RetainHandling::SendIfNew), [""; 0]);
    let both = ["a/1=x q0 retain", "a/2=x q1 id1 retain"];
    assert_eq!(subscribe(0, RetainHandling::Send), both);
    let numbered = ["a/1=x q0 retain ids[7]", "a/2=x q1 id2 retain ids[7]"];
    assert_eq!(subscribe(7, RetainHandling::Send), numbered);
    stage.send(to, &unsubscribe_frame(V5, 2, &["a/+", "none"])).unwrap();
    assert_eq!(stage.take(to), ["unsuback 2 [00, 11]"]);
    let again = SubscribeFilter { retain_handling: RetainHandling::SendIfNew, ..filter("a/1", 0) };
    stage.send(to, &subscribe_frame(V5, 3, 0, &[again])).unwrap();
    assert_eq!(stage.take(to), ["suback 3 [00]", "a/1=x q0 retain"]);
}

#[test]
fn a_retained_message_gives_way_to_the_next_and_an_empty_one_ends_it() {
    for version in BOTH {
        let mut stage = Stage::new();
        let from = stage.clean(version, "from");
        for payload in ["1", "2"] {
            stage.publish(from, &retained("a", payload, 1)).unwrap();
        }
        assert_eq!(stage.broker.holdings().retained, 1);
        assert_eq!(stage.kept.retained["a"].0.payload(), b"2");
        stage.publish(from, &retained("a", "", 0)).unwrap();
        stage.publish(from, &retained("never", "", 0)).unwrap();
        assert_eq!((stage.broker.holdings().messages, stage.kept.retained.len()), (0, 0));
    }
}

#[test]
fn a_retained_message_expires() {
    let mut stage = Stage::new();
    let from = stage.clean(V5, "from");
    for seconds in [5, 50] {
        let message = Delivery { expiry_seconds: Some(seconds), ..retained("a", "x", 0) };
        stage.publish(from, &message).unwrap();
    }
    // The first one's time is over with it.
    stage.pass_seconds(10);
    assert_eq!(stage.broker.holdings().retained, 1);
    stage.take(from);
    stage.send(from, &subscribe_frame(V5, 1, 0, &[filter("a", 0)])).unwrap();
    assert_eq!(stage.take(from), ["suback 1 [00]", "a=x q0 retain expiry40"]);
    stage.pass_seconds(40);
    let holdings = stage.broker.holdings();
    assert_eq!((holdings.retained, holdings.deadlines, stage.kept.retained.len()), (0, 0, 0));
}

#[test]
fn members_of_a_group_take_turns_and_others_get_all() {
    for version in BOTH {
        let mut stage = Stage::new();
        let from = stage.clean(version, "from");
        let members = ["m1", "m2"].map(|id| stage.clean(version, id));
        for member in members {
            stage.subscribed(member, &[("$share/g/a", 0)]);
        }
        let other = stage.clean(version, "other");
        stage.subscribed(other, &[("a", 0), ("$share/h/+", 0)]);
        for payload in ["1", "2", "3"] {
            stage.publish(from, &message("a", payload, 0, 0)).unwrap();
        }
        assert_eq!(stage.take(members[0]), ["a=1 q0", "a=3 q0"]);
        assert_eq!(stage.take(members[1]), ["a=2 q0"]);
        let twice: Vec<_> = stage.take(other);
        assert_eq!(twice, ["a=1 q0", "a=1 q0", "a=2 q0", "a=2 q0", "a=3 q0", "a=3 q0"]);
        stage.send(members[0], &unsubscribe_frame(version, 1, &["$share/g/a"])).unwrap();
        stage.publish(from, &message("a", "4", 0, 0)).unwrap();
        assert_eq!(stage.take(members[1]), ["a=4 q0"]);
    }
}

#[test]
fn a_group_prefers_who_is_there_and_keeps_for_who_will_be() {
    let mut stage = Stage::new();
    let from = stage.clean(V5, "from");
    let members = ["m1", "m2"].map(|id| stage.lasting(V5, id));
    for member in members {
        stage.subscribed(member, &[("$share/g/a", 1)]);
    }
    stage.close(members[0]);
    for payload in ["1", "2"] {
        stage.publish(from, &message("a", payload, 1, 1)).unwrap();
    }
    assert_eq!(stage.take(members[1]), ["a=1 q1 id1", "a=2 q1 id2"]);
    stage.close(members[1]);
    stage.publish(from, &message("a", "3", 1, 1)).unwrap();
    let waiting = ["m1", "m2"].map(|id| stage.kept.sessions[id].queue.len());
    assert_eq!(waiting.iter().sum::<usize>(), 3);
    let back = stage.connect(&lasting(V5, "m1")).unwrap().link;
    assert_eq!(stage.take(back), ["connack 0 present", "a=3 q1 id1"]);
}

#[test]
fn a_second_subscribe_takes_the_place_of_the_first() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V311, "from"), stage.clean(V311, "to"));
    stage.subscribed(to, &[("a", 2)]);
    stage.subscribed(to, &[("a", 0)]);
    stage.publish(from, &message("a", "x", 1, 1)).unwrap();
    assert_eq!(stage.take(to), ["a=x q0"]);
    assert_eq!(stage.broker.holdings().subscriptions, 1);
}
