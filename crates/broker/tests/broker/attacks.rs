//! Clients that mean harm: what they can make the broker hold and do is bounded, and beside them
//! honest clients lose nothing.

use fleetward_broker::{Ending, LinkId};
use fleetward_mqtt::packet::{AnswerKind, Connect, Delivery};
use fleetward_mqtt::{ProtocolVersion, ReasonCode};
use proptest::prelude::*;

use super::frames::{
    Wish, answer, connect_body, filter, message, subscribe_frame, unsubscribe_frame,
};
use super::stage::{BOTH, Stage, lasting};
use ProtocolVersion::{V5, V311};

/// An honest pair, and whether a message still goes through it.
struct Honest {
    from: LinkId,
    to: LinkId,
}

impl Honest {
    fn new(stage: &mut Stage) -> Self {
        stage.principal = 9;
        let (from, to) = (stage.clean(V5, "honest from"), stage.clean(V5, "honest to"));
        stage.subscribed(to, &[("honest", 1)]);
        stage.take(from);
        stage.principal = 1;
        Self { from, to }
    }

    fn check(&self, stage: &mut Stage) {
        let retained = Delivery { retain: true, ..message("honest", "x", 1, 1) };
        stage.publish(self.from, &retained).unwrap();
        while stage.broker.has_work() {
            stage.broker.tick(stage.now_ms);
        }
        assert_eq!(stage.take(self.from), ["puback 1"]);
        let got = stage.take(self.to);
        assert_eq!(got.len(), 1);
        assert!(got[0].starts_with("honest=x q1"), "{got:?}");
        let id = got[0].split(" id").nth(1).unwrap().parse().unwrap();
        stage.acknowledge(self.to, AnswerKind::Puback, id);
    }
}

#[test]
fn topics_of_any_depth_leave_the_stack_alone() {
    let mut stage = Stage::with(|limits| {
        (limits.topic_max_bytes, limits.topic_max_slashes) = (65_535, usize::MAX);
    });
    let honest = Honest::new(&mut stage);
    let link = stage.clean(V5, "deep");
    stage.take(link);
    let (deepest, too_deep) = ("/".repeat(15), "/".repeat(16));
    let wild = ["+"; 16].join("/");
    for (topic, code) in [(&*deepest, "00"), (&*wild, "00"), (&*too_deep, "8f")] {
        stage.send(link, &subscribe_frame(V5, 1, 0, &[filter(topic, 0)])).unwrap();
        assert_eq!(stage.take(link), [format!("suback 1 [{code}]")]);
    }
    let deep = "/".repeat(60_000);
    stage.send(link, &subscribe_frame(V5, 1, 0, &[filter(&deep, 0)])).unwrap();
    assert_eq!(stage.take(link), ["suback 1 [8f]"]);
    assert!(stage.publish(link, &message(&deep, "x", 0, 0)).is_err());
    stage.publish(link, &message(&deepest, "x", 0, 0)).unwrap();
    assert_eq!(stage.take(link).len(), 1);
    honest.check(&mut stage);
}

#[test]
fn overlapping_filters_by_the_hundred_thousand_cost_steps_and_one_copy_each() {
    let mut stage = Stage::new();
    let honest = Honest::new(&mut stage);
    // All filters of eight levels that match: each level by name or by `+`.
    let topic = "a/a/a/a/a/a/a/a";
    let filters: Vec<String> = (0..256u32)
        .map(|bits| {
            let level = |at: u32| if bits >> at & 1 == 0 { "a" } else { "+" };
            (0..8).map(level).collect::<Vec<_>>().join("/")
        })
        .collect();
    let links: Vec<LinkId> = (0..2_000)
        .map(|at| {
            let link = stage.clean(V311, &format!("attacker {at}"));
            for eight in 0..6 {
                let first = (at * 48 + eight * 8) % 248;
                let eight: Vec<_> =
                    filters[first..first + 8].iter().map(|text| filter(text, 0)).collect();
                stage.send(link, &subscribe_frame(V311, 1, 0, &eight)).unwrap();
            }
            stage.take(link);
            link
        })
        .collect();
    assert!(stage.broker.holdings().subscriptions > 80_000);
    let from = stage.clean(V5, "from");
    stage.publish(from, &message(topic, "x", 0, 0)).unwrap();
    let mut calls = 0;
    while stage.broker.has_work() {
        stage.broker.tick(stage.now_ms);
        calls += 1;
    }
    // A thousand subscriptions a call.
    assert!(calls > 70, "{calls}");
    for link in links {
        assert_eq!(stage.take(link).len(), 1);
    }
    honest.check(&mut stage);
}

#[test]
fn properties_by_the_thousand_are_bytes_like_others() {
    let mut stage = Stage::new();
    let honest = Honest::new(&mut stage);
    let (from, to) = (stage.clean(V5, "from"), stage.lasting(V5, "to"));
    stage.subscribed(to, &[("a", 1)]);
    stage.close(to);
    let properties = b"\x26\0\x01k\0\x01v".repeat(5_000);
    let before = stage.broker.holdings().message_bytes;
    for id in 1..=200 {
        let message = Delivery { properties: &properties, ..message("a", "x", 1, id) };
        stage.publish(from, &message).unwrap();
    }
    let held = stage.broker.holdings().message_bytes - before;
    assert!(held > 100 * properties.len() && held <= stage.limits.queue_max_bytes, "{held}");
    honest.check(&mut stage);
}

#[test]
fn qos_2_identifiers_that_are_never_released_are_few_and_end_with_the_session() {
    for version in BOTH {
        let mut stage = Stage::new();
        let honest = Honest::new(&mut stage);
        let mut link = stage.lasting(version, "a");
        // Those of earlier connections count too.
        for connection in 0..3 {
            for id in 1..=100 {
                let id = connection * 50 + id;
                let taken = stage.publish(link, &message("a", "x", 2, id));
                assert_eq!(taken.is_ok(), id <= 100, "{id}");
                if let Err(close) = taken {
                    assert_eq!(close.0, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
                }
            }
            stage.close(link);
            link = stage.lasting(version, "a");
        }
        assert_eq!(stage.kept.sessions["a"].received.len(), 100);
        honest.check(&mut stage);
        stage.close(link);
        stage.pass_seconds(3_600);
        assert!(!stage.kept.sessions.contains_key("a"));
    }
}

#[test]
fn a_flood_of_retained_messages_fills_its_principals_share_alone() {
    let mut stage = Stage::with(|limits| limits.retained_per_principal = 5_000);
    let honest = Honest::new(&mut stage);
    let link = stage.clean(V311, "flood");
    let mut taken = 0;
    for at in 0..10_000 {
        let topic = format!("flood/{at}");
        let message = Delivery { retain: true, ..message(&topic, "x", 1, 1) };
        taken += usize::from(stage.publish(link, &message).is_ok());
    }
    assert_eq!((taken, stage.broker.holdings().retained), (5_000, 5_000));
    honest.check(&mut stage);
    assert_eq!(stage.broker.holdings().retained, 5_001);
}

#[test]
fn storms_of_connections_leave_nothing() {
    for version in BOTH {
        let mut stage = Stage::new();
        let honest = Honest::new(&mut stage);
        let before = stage.broker.holdings();
        for at in 0..3_000 {
            let wish = Wish {
                version,
                id: if at % 3 == 0 { "same" } else { "other" },
                clean: at % 2 == 0,
                expiry: 0,
                receive_maximum: 1,
                will: Some(("will", "x", 1, false, 0)),
            };
            let body = connect_body(&wish);
            let link = stage.connect(&Connect::parse(&body).unwrap()).unwrap().link;
            let _ = stage.send(link, &subscribe_frame(version, 1, 0, &[filter("will", 1)]));
            match at % 5 {
                0 => stage.close(link),
                1 => stage.broker.close(stage.now_ms, link, Ending::Cut),
                _ => {}
            }
        }
        honest.check(&mut stage);
        stage.pass_seconds(4_000);
        let links: Vec<LinkId> = stage.clients.keys().copied().collect();
        for link in links.into_iter().filter(|link| *link != honest.from && *link != honest.to) {
            stage.close(link);
        }
        stage.pass_seconds(4_000);
        honest.check(&mut stage);
        let after = stage.broker.holdings();
        assert_eq!((after.sessions, after.subscriptions), (before.sessions, before.subscriptions));
        assert_eq!((after.messages, after.deadlines), (1, 0));
    }
}

#[test]
fn a_receiver_that_reads_and_never_acknowledges_holds_publishers_up_once() {
    let mut stage = Stage::with(|limits| limits.queue_max_messages = 20);
    let honest = Honest::new(&mut stage);
    let (from, to) = (stage.clean(V311, "from"), stage.lasting(V5, "to"));
    stage.subscribed(to, &[("a", 1)]);
    stage.take(from);
    let publish = |stage: &mut Stage, id| {
        stage.publish(from, &message("a", "x", 1, id)).unwrap();
        stage.take(to);
        stage.take(from);
        stage.may_read(from)
    };
    let waits_at = (1..=100).find(|id| !publish(&mut stage, *id));
    assert_eq!(waits_at, Some(12));
    honest.check(&mut stage);
    stage.pass_seconds(5);
    stage.take(from);
    assert!(stage.may_read(from));
    assert!((13..=100).all(|id| publish(&mut stage, id)));
    assert!(stage.broker.losses().queue_full > 0);
    assert!(stage.broker.holdings().messages <= 21);
}

#[test]
fn subscriptions_to_everything_over_and_over_are_done_one_after_the_other() {
    let mut stage = Stage::with(|limits| limits.retained_per_call = 10);
    let honest = Honest::new(&mut stage);
    let link = stage.clean(V5, "greedy");
    for at in 0..100 {
        let topic = format!("t/{at}");
        let message = Delivery { retain: true, ..message(&topic, "x", 0, 0) };
        stage.publish(link, &message).unwrap();
    }
    stage.take(link);
    // It is told to wait and does not.
    let filters = ["+/+", "t/#", "#", "t/+", "+/#", "t/1/#", "+/1", "u/#"];
    let eight = filters.map(|text| filter(text, 0));
    let mut ended = None;
    for at in 0..20 {
        if let Err(close) = stage.send(link, &subscribe_frame(V5, 1, 0, &eight)) {
            ended = Some((at, close.0));
            break;
        }
    }
    assert_eq!(ended, Some((8, ReasonCode::QUOTA_EXCEEDED)));
    honest.check(&mut stage);
    stage.close(link);
    while stage.broker.has_work() {
        stage.broker.tick(stage.now_ms);
    }
    honest.check(&mut stage);
}

/// Any packet, in place or not.
fn packet(version: ProtocolVersion, (kind, id, qos, which): (u8, u16, usize, usize)) -> Vec<u8> {
    let topics = ["a", "a/b", "$d", "", "$SYS/x", "$share/g/a"];
    let filters = ["a", "#", "+/b", "$share/g/+", "$share/g/a", "a/#"];
    let kinds = [AnswerKind::Puback, AnswerKind::Pubrec, AnswerKind::Pubrel, AnswerKind::Pubcomp];
    match kind {
        0..=3 => {
            let reason = if version.is_v5() && kind < 2 && which == 0 { 0x80 } else { 0 };
            answer(version, kinds[usize::from(kind)], id, reason)
        }
        4 => subscribe_frame(version, id, 0, &[filter(filters[which], qos)]),
        5 => unsubscribe_frame(version, id, &[filters[which]]),
        6 => vec![0xC0, 0],
        _ => {
            let topic = if topics[which].is_empty() { "x" } else { topics[which] };
            let retain = kind == 7;
            let payload = if kind == 8 { "" } else { "payload" };
            let message = Delivery { retain, ..message(topic, payload, qos, id) };
            super::frames::encode(version, &message)
        }
    }
}

proptest! {
    /// Whatever clients send in whatever order, nothing panics, and all that they leave goes.
    #[test]
    fn packets_in_any_order_leave_nothing(
        packets in prop::collection::vec(
            (0usize..4, (0u8..12, 1u16..6, 0usize..3, 0usize..6), any::<bool>()), 1..200),
        small in any::<bool>(),
    ) {
        let mut stage = Stage::with(|limits| if small {
            limits.receivers_per_call = 1;
            limits.retained_per_call = 1;
            limits.queue_max_messages = 3;
            limits.receive_maximum = 2;
            limits.answers_max_bytes = 8;
        });
        let ids = ["a", "b", "c", "d"];
        let mut links: Vec<LinkId> =
            (0..4).map(|at| stage.connect(&lasting(BOTH[at % 2], ids[at])).unwrap().link).collect();
        for (client, content, takes) in packets {
            let version = BOTH[client % 2];
            if stage.send(links[client], &packet(version, content)).is_err() {
                stage.close(links[client]);
                links[client] = stage.connect(&lasting(version, ids[client])).unwrap().link;
            }
            if takes {
                stage.take(links[client]);
            }
            if content.1 == 1 {
                stage.broker.tick(stage.now_ms);
            }
        }
        for link in links {
            stage.close(link);
        }
        stage.pass_seconds(10_000);
        let holdings = stage.broker.holdings();
        prop_assert_eq!((holdings.sessions, holdings.subscriptions), (0, 0));
        prop_assert_eq!((holdings.identifier_sets, holdings.deadlines, holdings.queued), (0, 0, 0));
        prop_assert_eq!(holdings.messages, holdings.retained);
        prop_assert!(stage.kept.sessions.is_empty() && stage.kept.messages.is_empty());
    }
}
