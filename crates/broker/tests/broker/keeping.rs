//! What is kept, what waits for it, and what is there after the process died.

use fleetward_mqtt::packet::{AnswerKind, Connect, Delivery};
use fleetward_mqtt::{ProtocolVersion, ReasonCode};

use super::frames::{filter, message, subscribe_frame};
use super::stage::{BOTH, Stage, lasting};
use AnswerKind::{Puback, Pubcomp, Pubrec, Pubrel};
use ProtocolVersion::{V5, V311};

/// Stages of which nothing is kept until the test says so.
fn slow_disk() -> Stage {
    Stage { keeps_at_once: false, ..Stage::new() }
}

fn keep(stage: &mut Stage) {
    let ticket = stage.write();
    stage.broker.kept(ticket);
}

#[test]
fn nothing_waits_for_the_disk_if_nobody_persistent_is_concerned() {
    for version in BOTH {
        let mut stage = slow_disk();
        let (from, to) = (stage.clean(version, "from"), stage.clean(version, "to"));
        stage.subscribed(to, &[("a", 2)]);
        stage.publish(from, &message("a", "x", 1, 1)).unwrap();
        stage.publish(from, &message("a", "y", 2, 2)).unwrap();
        assert_eq!(stage.take(from), ["connack 0", "puback 1", "pubrec 2"]);
        assert_eq!(stage.take(to), ["a=x q1 id1", "a=y q2 id2"]);
        assert_eq!(stage.acknowledge(to, Pubrec, 2), ["pubrel 2"]);
        assert_eq!(stage.broker.take_keeps(&mut Vec::new()).0, 0);
    }
}

#[test]
fn what_promises_to_outlast_a_crash_is_said_once_it_is_kept() {
    for version in BOTH {
        let mut stage = slow_disk();
        let link = stage.connect(&lasting(version, "a")).unwrap().link;
        assert!(stage.take(link).is_empty());
        keep(&mut stage);
        assert_eq!(stage.take(link), ["connack 0"]);
        let frame = subscribe_frame(version, 1, 0, &[filter("a", 2)]);
        stage.send(link, &frame).unwrap();
        assert!(stage.take(link).is_empty());
        keep(&mut stage);
        assert_eq!(stage.take(link), ["suback 1 [02]"]);
        // Its own messages: the second one says nothing before the first.
        stage.publish(link, &message("a", "x", 1, 1)).unwrap();
        stage.publish(link, &message("b", "y", 1, 2)).unwrap();
        assert_eq!(stage.take(link), ["a=x q1 id1"]);
        keep(&mut stage);
        let nobody = if version == V5 { "puback 2 10" } else { "puback 2" };
        assert_eq!(stage.take(link), ["puback 1", nobody]);
    }
}

#[test]
fn each_step_of_qos_2_waits_until_it_is_kept() {
    for version in BOTH {
        let mut stage = slow_disk();
        let from = stage.connect(&lasting(version, "from")).unwrap().link;
        let to = stage.connect(&lasting(version, "to")).unwrap().link;
        let frame = subscribe_frame(version, 1, 0, &[filter("a", 2)]);
        stage.send(to, &frame).unwrap();
        keep(&mut stage);
        stage.take(to);
        stage.take(from);
        stage.publish(from, &message("a", "x", 2, 1)).unwrap();
        for (link, kind, id, expected) in [
            (from, Pubrel, 1, "pubrec 1"),
            (from, Pubrel, 1, "pubcomp 1"),
            (to, Pubrec, 1, "a=x q2 id1"),
            (to, Pubcomp, 1, "pubrel 1"),
        ] {
            assert!(stage.take(link).is_empty(), "{expected}");
            keep(&mut stage);
            assert_eq!(stage.take(link), [expected]);
            stage.send(link, &super::frames::answer(version, kind, id, 0)).unwrap();
        }
        keep(&mut stage);
        assert!(stage.kept.messages.is_empty());
    }
}

#[test]
fn what_was_answered_is_there_after_a_crash() {
    for version in BOTH {
        let mut stage = Stage::new();
        let (from, to) = (stage.clean(version, "from"), stage.lasting(version, "to"));
        stage.subscribed(to, &[("a/+", 2), ("$share/g/s", 1)]);
        stage.close(to);
        for (topic, qos, retain) in
            [("a/1", 1, false), ("a/2", 2, false), ("s", 1, false), ("r", 1, true)]
        {
            let message = Delivery { retain, ..message(topic, "x", qos, 3) };
            stage.publish(from, &message).unwrap();
        }
        stage.crash();
        let to = stage.connect(&lasting(version, "to")).unwrap().link;
        let expected =
            ["connack 0 present", "a/1=x q1 id1 dup", "s=x q1 id3 dup", "a/2=x q2 id2 dup"];
        assert_eq!(stage.take(to), expected);
        let from = stage.clean(version, "from");
        stage.publish(from, &message("a/3", "y", 0, 0)).unwrap();
        stage.send(to, &subscribe_frame(version, 1, 0, &[filter("r", 0)])).unwrap();
        assert_eq!(stage.take(to), ["suback 1 [00]", "a/3=y q0", "r=x q0 retain"]);
    }
}

#[test]
fn what_was_not_kept_was_not_answered() {
    let mut stage = slow_disk();
    let (from, to) = (stage.clean(V311, "from"), stage.connect(&lasting(V311, "to")).unwrap().link);
    let frame = subscribe_frame(V311, 1, 0, &[filter("a", 1)]);
    stage.send(to, &frame).unwrap();
    keep(&mut stage);
    stage.take(from);
    stage.publish(from, &message("a", "x", 1, 1)).unwrap();
    assert!(stage.take(from).is_empty());
    stage.crash();
    let to = stage.connect(&lasting(V311, "to")).unwrap().link;
    keep(&mut stage);
    assert_eq!(stage.take(to), ["connack 0 present"]);
}

#[test]
fn qos_2_goes_on_where_it_was_after_a_crash() {
    for version in BOTH {
        let mut stage = Stage::new();
        let (from, to) = (stage.lasting(version, "from"), stage.lasting(version, "to"));
        stage.subscribed(to, &[("a", 2)]);
        for id in [1, 2] {
            stage.publish(from, &message("a", &id.to_string(), 2, id)).unwrap();
        }
        assert_eq!(stage.take(to), ["a=1 q2 id1", "a=2 q2 id2"]);
        stage.acknowledge(to, Pubrec, 1);
        stage.crash();
        let to = stage.connect(&lasting(version, "to")).unwrap().link;
        assert_eq!(stage.take(to), ["connack 0 present", "pubrel 1", "a=2 q2 id2 dup"]);
        // The publisher sends again what it had no answer to; nobody gets it twice.
        let from = stage.lasting(version, "from");
        let again = Delivery { dup: true, ..message("a", "2", 2, 2) };
        stage.publish(from, &again).unwrap();
        assert_eq!(stage.take(from), ["pubrec 2"]);
        assert_eq!(stage.acknowledge(from, Pubrel, 2), ["pubcomp 2"]);
        assert!(stage.take(to).is_empty());
        // New messages get identifiers that are free.
        stage.publish(from, &message("a", "3", 2, 3)).unwrap();
        assert_eq!(stage.take(to), ["a=3 q2 id3"]);
    }
}

#[test]
fn a_session_whose_time_was_over_while_the_server_was_down_is_not_there() {
    let mut stage = Stage::new();
    let link = stage.lasting(V5, "a");
    stage.close(link);
    stage.now_ms += 601_000;
    stage.crash();
    stage.pass_seconds(0);
    assert!(!stage.connect(&lasting(V5, "a")).unwrap().session_present);
}

#[test]
fn a_session_that_ends_with_its_connection_is_forgotten_though_it_was_kept() {
    let mut stage = Stage::new();
    let link = stage.lasting(V5, "a");
    stage.close(link);
    let ends = Connect { clean_start: false, ..Connect::new(V5, "a", 60) };
    let joined = stage.connect(&ends).unwrap();
    assert!(joined.session_present);
    stage.close(joined.link);
    assert!(stage.kept.sessions.is_empty());
}

#[test]
fn a_message_for_the_server_itself_is_answered_in_its_turn() {
    for version in BOTH {
        let mut stage = Stage::new();
        let link = stage.clean(version, "a");
        stage.take(link);
        let defer = |stage: &mut Stage, qos, id| {
            let bytes = super::frames::encode(version, &message("report", "{}", qos, id));
            stage.defer(link, &bytes).unwrap()
        };
        let first = defer(&mut stage, 1, 1).unwrap();
        let second = defer(&mut stage, 2, 2).unwrap();
        assert_eq!(defer(&mut stage, 0, 0), None);
        stage.publish(link, &message("a", "x", 2, 3)).unwrap();
        stage.broker.settle(&second, ReasonCode::SUCCESS);
        assert!(stage.take(link).is_empty());
        stage.broker.settle(&first, ReasonCode::SUCCESS);
        assert_eq!(stage.take(link), ["puback 1", "pubrec 2", "pubrec 3"]);
        // One that came before is answered again, and goes to nobody.
        assert_eq!(defer(&mut stage, 2, 2), None);
        assert_eq!(stage.take(link), ["pubrec 2"]);
        assert_eq!(stage.acknowledge(link, Pubrel, 2), ["pubcomp 2"]);
        let refused = defer(&mut stage, 2, 2).unwrap();
        stage.broker.settle(&refused, ReasonCode::QUOTA_EXCEEDED);
        assert_eq!(stage.take(link).len(), 1);
        assert!(defer(&mut stage, 2, 2).is_some());
    }
}

#[test]
fn what_a_receiver_acknowledged_does_not_come_again_after_a_crash() {
    let mut stage = Stage::new();
    let (from, to) = (stage.clean(V5, "from"), stage.lasting(V5, "to"));
    stage.subscribed(to, &[("a", 1)]);
    for id in [1, 2] {
        stage.publish(from, &message("a", &id.to_string(), 1, id)).unwrap();
    }
    stage.take(to);
    stage.acknowledge(to, Puback, 1);
    stage.crash();
    let to = stage.connect(&lasting(V5, "to")).unwrap().link;
    assert_eq!(stage.take(to), ["connack 0 present", "a=2 q1 id1 dup"]);
}

#[test]
fn a_message_for_the_server_that_was_not_taken_is_taken_when_it_comes_again() {
    for version in BOTH {
        let mut stage = Stage::new();
        let bytes = super::frames::encode(version, &message("report", "{}", 2, 1));
        let link = stage.lasting(version, "a");
        let lost = stage.defer(link, &bytes).unwrap().unwrap();
        stage.close(link);
        let link = stage.lasting(version, "a");
        stage.broker.settle(&lost, ReasonCode::SUCCESS);
        let again = stage.defer(link, &bytes).unwrap().unwrap();
        assert!(stage.take(link).is_empty() && stage.kept.sessions["a"].received.is_empty());
        stage.broker.settle(&again, ReasonCode::SUCCESS);
        assert_eq!(stage.take(link), ["pubrec 1"]);
        assert_eq!(stage.kept.sessions["a"].received, [1]);
        // From now on it is the same message.
        stage.crash();
        let link = stage.lasting(version, "a");
        assert_eq!(stage.defer(link, &bytes).unwrap(), None);
    }
}
