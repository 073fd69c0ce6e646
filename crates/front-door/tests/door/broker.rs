//! Two clients and what is between them: both versions, all QoS, sessions, retained messages.

use std::time::Duration;

use fleetward_front_door::{FrontDoor, FrontDoorError};
use fleetward_mqtt::packet::{AnswerKind, Connect, Disconnect, Will};
use fleetward_mqtt::{PacketType, Properties, QoS, ReasonCode};

use crate::client::{Client, Version};
use crate::stack::{Stack, settings};

const BOTH: [Version; 2] = [Version::V311, Version::V5];

#[tokio::test(flavor = "multi_thread")]
async fn messages_pass_in_every_quality_between_both_versions() {
    let stack = Stack::start().await;
    for from in BOTH {
        for to in BOTH {
            let mut receiver = stack.client(to, "receiver").await;
            let mut sender = stack.client(from, "sender").await;
            let codes = receiver.subscribe(&[("a/+", QoS::ExactlyOnce)]).await;
            assert_eq!(codes, [2]);
            sender.publish("a/0", b"zero", QoS::AtMostOnce, 0).await;
            sender.publish("a/1", b"one", QoS::AtLeastOnce, 1).await;
            assert!(sender.acknowledged(AnswerKind::Puback, 1).await < 0x80);
            let first = receiver.message().await;
            assert_eq!((first.topic.as_str(), &*first.payload), ("a/0", &b"zero"[..]));
            let second = receiver.message().await;
            assert_eq!((second.payload.as_slice(), second.qos), (&b"one"[..], QoS::AtLeastOnce));

            sender.publish("a/2", b"two", QoS::ExactlyOnce, 2).await;
            assert!(sender.acknowledged(AnswerKind::Pubrec, 2).await < 0x80);
            sender.answer(AnswerKind::Pubrel, 2).await;
            assert_eq!(sender.acknowledged(AnswerKind::Pubcomp, 2).await, 0);
            let third = receiver.message().await;
            assert_eq!((third.payload.as_slice(), third.qos), (&b"two"[..], QoS::ExactlyOnce));
            let id = third.packet_id.unwrap();
            receiver.answer(AnswerKind::Pubrec, id).await;
            receiver.acknowledged(AnswerKind::Pubrel, id).await;
            receiver.answer(AnswerKind::Pubcomp, id).await;
            sender.send(&Disconnect::new(ReasonCode::SUCCESS).encode(from).unwrap()).await;
            receiver.send(&Disconnect::new(ReasonCode::SUCCESS).encode(to).unwrap()).await;
            assert!(sender.closes().await && receiver.closes().await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retained_message_waits_for_subscribers_until_it_is_cleared() {
    let stack = Stack::start().await;
    let mut sender = stack.client(Version::V311, "sender").await;
    sender.publish_with("state", b"on", QoS::AtLeastOnce, 1, true).await;
    sender.acknowledged(AnswerKind::Puback, 1).await;
    let mut late = stack.client(Version::V311, "late").await;
    late.subscribe(&[("state", QoS::AtLeastOnce)]).await;
    let message = late.message().await;
    assert_eq!((message.payload.as_slice(), message.retain), (&b"on"[..], true));
    sender.publish_with("state", b"", QoS::AtLeastOnce, 2, true).await;
    sender.acknowledged(AnswerKind::Puback, 2).await;
    let mut later = stack.client(Version::V5, "later").await;
    later.subscribe(&[("state", QoS::AtLeastOnce)]).await;
    assert!(later.is_quiet().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persistent_session_keeps_subscriptions_and_messages() {
    let stack = Stack::start().await;
    let connect = Connect { clean_start: false, ..Connect::new(Version::V311, "sleeper", 0) };
    let mut sleeper = Client::plain(stack.plain(), Version::V311).await;
    assert_eq!(sleeper.connect(&connect).await, Some((0, false)));
    sleeper.subscribe(&[("news", QoS::AtLeastOnce)]).await;
    sleeper.send(&Disconnect::new(ReasonCode::SUCCESS).encode(Version::V311).unwrap()).await;
    assert!(sleeper.closes().await);

    let mut sender = stack.client(Version::V5, "sender").await;
    sender.publish("news", b"while you slept", QoS::AtLeastOnce, 1).await;
    assert!(sender.acknowledged(AnswerKind::Puback, 1).await < 0x80);

    let mut sleeper = Client::plain(stack.plain(), Version::V311).await;
    assert_eq!(sleeper.connect(&connect).await, Some((0, true)));
    assert_eq!(sleeper.message().await.payload, b"while you slept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_client_id_takes_the_session_over() {
    let stack = Stack::start().await;
    for version in BOTH {
        let mut old = stack.client(version, "twin").await;
        let mut new = stack.client(version, "twin").await;
        assert!(old.closes().await);
        assert_eq!(new.subscribe(&[("x", QoS::AtMostOnce)]).await, [0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_come_back_at_once_and_as_often_as_it_likes() {
    let stack = Stack::start().await;
    for round in 0..100 {
        let version = if round % 2 == 0 { Version::V311 } else { Version::V5 };
        // It hangs up in every way there is, or not at all.
        let mut client = stack.client(version, "restless").await;
        match round % 3 {
            0 => drop(client),
            1 => client.send(&Disconnect::new(ReasonCode::SUCCESS).encode(version).unwrap()).await,
            _ => client.send(&[0xFF]).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_is_published_when_a_client_is_gone_and_not_when_it_says_goodbye() {
    let stack = Stack::start().await;
    let mut watcher = stack.client(Version::V311, "watcher").await;
    watcher.subscribe(&[("wills", QoS::AtMostOnce)]).await;
    let will = Will {
        topic: "wills",
        payload: b"gone",
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::default(),
    };
    let connect = Connect { will: Some(will), ..Connect::new(Version::V311, "mortal", 0) };
    let mut mortal = Client::plain(stack.plain(), Version::V311).await;
    assert_eq!(mortal.connect(&connect).await, Some((0, false)));
    mortal.send(&Disconnect::new(ReasonCode::SUCCESS).encode(Version::V311).unwrap()).await;
    assert!(mortal.closes().await);
    assert!(watcher.is_quiet().await);

    let mut mortal = Client::plain(stack.plain(), Version::V311).await;
    assert_eq!(mortal.connect(&connect).await, Some((0, false)));
    drop(mortal);
    assert_eq!(watcher.message().await.payload, b"gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_without_password_does_not_reach_the_broker() {
    let stack = Stack::start().await;
    let connect = Connect {
        username: Some("?SDK=IoTDeviceSDK/Python&Platform=Unix"),
        clean_start: false,
        ..Connect::new(Version::V311, "agent", 6)
    };
    let mut agent = Client::plain(stack.plain(), Version::V311).await;
    assert_eq!(agent.connect(&connect).await, Some((0, false)));
    agent.send(&fleetward_mqtt::packet::ping::PINGREQ).await;
    let (frame, _) = agent.frame().await.unwrap();
    assert_eq!(frame.packet_type, PacketType::Pingresp);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_client_id_is_given_one() {
    let stack = Stack::start().await;
    for version in BOTH {
        let mut client = Client::plain(stack.plain(), version).await;
        let connect = Connect::new(version, "", 0);
        client.send(&connect.encode().unwrap()).await;
        let (frame, bytes) = client.frame().await.unwrap();
        let connack = fleetward_mqtt::packet::Connack::parse(version, frame.body(&bytes)).unwrap();
        assert!(connack.is_accepted());
        assert_eq!(connack.assigned_client_id.is_some(), version.is_v5());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_beyond_the_keep_alive_ends_a_connection_and_pings_do_not() {
    let stack = Stack::start().await;
    let mut silent = Client::plain(stack.plain(), Version::V5).await;
    let mut alive = Client::plain(stack.plain(), Version::V5).await;
    silent.connect(&Connect::new(Version::V5, "silent", 1)).await.unwrap();
    alive.connect(&Connect::new(Version::V5, "alive", 1)).await.unwrap();
    let begin = std::time::Instant::now();
    let pings = async {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            alive.send(&fleetward_mqtt::packet::ping::PINGREQ).await;
            let (frame, _) = alive.frame().await.expect("PINGRESP");
            assert_eq!(frame.packet_type, PacketType::Pingresp);
        }
    };
    let silence = async {
        let (frame, bytes) = silent.frame().await.expect("DISCONNECT");
        assert_eq!(frame.packet_type, PacketType::Disconnect);
        let why = Disconnect::parse(Version::V5, frame.body(&bytes)).unwrap();
        assert_eq!(why.reason, ReasonCode::KEEP_ALIVE_TIMEOUT);
        assert!(silent.closes().await);
        begin.elapsed()
    };
    let (_, lasted) = tokio::join!(pings, silence);
    assert!((1400..2500).contains(&lasted.as_millis()), "{lasted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_aliases_end_at_the_front_door() {
    let stack = Stack::start().await;
    let mut receiver = stack.client(Version::V311, "receiver").await;
    receiver.subscribe(&[("long/topic", QoS::AtMostOnce)]).await;
    let mut sender = stack.client(Version::V5, "sender").await;
    // PUBLISH QoS 0: topic, properties (topic alias 3), payload.
    let mut named = vec![0x30, 0, 0, 10];
    named.extend_from_slice(b"long/topic");
    named.extend_from_slice(&[3, 0x23, 0, 3, b'1']);
    named[1] = u8::try_from(named.len() - 2).unwrap();
    sender.send(&named).await;
    sender.send(&[0x30, 7, 0, 0, 3, 0x23, 0, 3, b'2']).await;
    for payload in [b"1", b"2"] {
        let message = receiver.message().await;
        assert_eq!((message.topic.as_str(), &*message.payload), ("long/topic", &payload[..]));
    }
    sender.send(&[0x30, 7, 0, 0, 3, 0x23, 0, 9, b'3']).await;
    assert!(sender.closes().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_in_one_write_all_arrive_in_order() {
    let stack = Stack::start().await;
    let mut receiver = stack.client(Version::V311, "receiver").await;
    receiver.subscribe(&[("n/#", QoS::AtMostOnce)]).await;
    let mut sender = stack.client(Version::V311, "sender").await;
    let mut bytes = Vec::new();
    for number in 0..500u32 {
        let payload = number.to_string();
        let publish = fleetward_mqtt::packet::OutgoingPublish {
            topic: "n/1",
            payload: payload.as_bytes(),
            retain: false,
            packet_id: None,
            content_type: None,
        };
        bytes.extend(publish.encode(Version::V311).unwrap());
    }
    // The last words of a client that hangs up at once are heard too.
    bytes.extend(Disconnect::new(ReasonCode::SUCCESS).encode(Version::V311).unwrap());
    sender.send(&bytes).await;
    drop(sender);
    for number in 0..500u32 {
        assert_eq!(receiver.message().await.payload, number.to_string().as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_connections_and_frees_the_port() {
    let stack = Stack::start().await;
    let mut client = stack.client(Version::V5, "client").await;
    let address = stack.plain();
    stack.running.shutdown().await;
    let (frame, bytes) = client.frame().await.expect("DISCONNECT");
    let why = Disconnect::parse(Version::V5, frame.body(&bytes)).unwrap();
    assert_eq!(why.reason, ReasonCode::SERVER_SHUTTING_DOWN);
    assert!(client.closes().await);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let last = stack.log.activities("client").pop().unwrap();
    assert!(!last.connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_served_are_refused() {
    let store = std::sync::Arc::new(fleetward_store::memory::MemoryStore::new());
    let log = std::sync::Arc::new(crate::log::RecordingLog::default());
    let mut open = settings();
    open.mqtt = vec!["0.0.0.0:0".parse().unwrap()];
    let error = FrontDoor::start(open, store.clone(), log.clone()).await.unwrap_err();
    assert!(matches!(error, FrontDoorError::PlainNotLoopback(_)), "{error}");
    let mut unknown = settings();
    unknown.mqtt_policy = Some(fleetward_domain::PolicyName::parse("nowhere").unwrap());
    let error = FrontDoor::start(unknown, store.clone(), log.clone()).await.unwrap_err();
    assert!(matches!(error, FrontDoorError::MqttPolicy { .. }), "{error}");
    let mut predictable = settings();
    predictable.chance = fleetward_environment::Chance::exhausted();
    let error = FrontDoor::start(predictable, store.clone(), log.clone()).await.unwrap_err();
    assert!(matches!(error, FrontDoorError::Chance(_)), "{error}");
    let mut slow = settings();
    slow.flush_ms = slow.period_ms;
    let error = FrontDoor::start(slow, store, log).await.unwrap_err();
    assert!(matches!(error, FrontDoorError::BadPeriod { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_publishes_reaches_subscribers() {
    let outgoing = fleetward_front_door::Outgoing::default();
    let stack = Stack::start_with(|settings| settings.outgoing = outgoing.clone()).await;
    let mut subscriber = stack.client(Version::V311, "dashboard").await;
    subscriber.subscribe(&[("fleet/metrics", QoS::AtMostOnce)]).await;
    for number in 0..300 {
        let payload = format!("{{\"number\":{number}}}");
        while outgoing.publish("fleet/metrics", payload.as_bytes()).is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(subscriber.message().await.payload, payload.as_bytes());
    }
}
