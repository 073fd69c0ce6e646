//! What the policies of a certificate allow on a connection.

use fleetward_domain::{Metric, PolicyName};
use fleetward_mqtt::packet::{AnswerKind, Connect, Disconnect, Will};
use fleetward_mqtt::{Properties, QoS, ReasonCode};

use crate::client::{Client, Version};
use crate::pki::Leaf;
use crate::stack::{ALLOW_ALL, Stack, eventually, put_policy};

/// May connect as itself, and use its own topics.
const OWN_TOPICS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect",
     "Resource":"arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}"},
    {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],
     "Resource":"arn:aws:iot:us-east-1:123456789012:topic/own/${iot:ClientId}/*"},
    {"Effect":"Allow","Action":"iot:Subscribe",
     "Resource":["arn:aws:iot:us-east-1:123456789012:topicfilter/own/${iot:ClientId}/*",
                 "arn:aws:iot:us-east-1:123456789012:topicfilter/#"]}]}"#;

async fn stack() -> Stack {
    let stack = Stack::start().await;
    stack.policy("own", OWN_TOPICS).await;
    stack
}

async fn dial(stack: &Stack, version: Version, leaf: Leaf) -> Client {
    Client::secure(stack.secure(), version, &stack.ca.der, Some(leaf), &[]).await.unwrap()
}

async fn device(stack: &Stack, version: Version, name: &str) -> Client {
    let leaf = stack.device(name, &[name], &["own"]).await;
    dial(stack, version, leaf).await.connected(name).await
}

fn failures(stack: &Stack, thing: &str) -> u64 {
    stack.log.sum(thing, &Metric::AuthorizationFailures, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_is_refused_under_another_name() {
    let stack = stack().await;
    for (version, code) in [(Version::V311, 5), (Version::V5, 0x87)] {
        let leaf = stack.device("pump", &["pump"], &["own"]).await;
        let mut client = dial(&stack, version, leaf).await;
        let answer = client.connect(&Connect::new(version, "valve", 0)).await;
        assert_eq!(answer, Some((code, false)));
        assert!(client.closes().await);
    }
    // The failures are the thing's that the certificate belongs to.
    eventually("two failures", || failures(&stack, "pump") == 2).await;
    assert_eq!(stack.log.sum("pump", &Metric::ConnectionAttempts, None), 2);
    assert_eq!(stack.log.sum("pump", &Metric::Disconnects, None), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_needs_the_right_to_publish_it() {
    let stack = stack().await;
    for (topic, code) in [("own/pump/w", 0), ("other", 5), ("$aws/things/pump/x", 5)] {
        let will = Will {
            topic,
            payload: b"x",
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Properties::default(),
        };
        let connect = Connect { will: Some(will), ..Connect::new(Version::V311, "pump", 0) };
        let leaf = stack.device("pump", &["pump"], &["own"]).await;
        let answer = dial(&stack, Version::V311, leaf).await.connect(&connect).await;
        assert_eq!(answer, Some((code, false)), "{topic}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_publish_closes_a_connection_of_mqtt_3() {
    let stack = stack().await;
    let mut watcher = stack.client(Version::V311, "watcher").await;
    watcher.subscribe(&[("#", QoS::AtMostOnce)]).await;
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let mut client = device(&stack, Version::V311, "pump").await;
        client.publish("other", b"x", qos, 1).await;
        assert_eq!(client.frame().await, None);
    }
    assert!(watcher.is_quiet().await);
    eventually("three failures", || failures(&stack, "pump") == 3).await;
    assert_eq!(stack.log.sum("pump", &Metric::MessagesSent, None), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_publish_is_answered_in_mqtt_5() {
    let stack = stack().await;
    let mut client = device(&stack, Version::V5, "pump").await;
    client.publish("other", b"x", QoS::AtLeastOnce, 1).await;
    assert_eq!(client.acknowledged(AnswerKind::Puback, 1).await, 0x87);
    client.publish("other", b"x", QoS::ExactlyOnce, 2).await;
    assert_eq!(client.acknowledged(AnswerKind::Pubrec, 2).await, 0x87);
    client.publish("own/pump/a", b"x", QoS::AtLeastOnce, 3).await;
    assert!(client.acknowledged(AnswerKind::Puback, 3).await < 0x80);
    client.publish("other", b"x", QoS::AtMostOnce, 0).await;
    let (frame, bytes) = client.frame().await.expect("DISCONNECT");
    let why = Disconnect::parse(Version::V5, frame.body(&bytes)).unwrap();
    assert_eq!(why.reason, ReasonCode::NOT_AUTHORIZED);
    assert!(client.closes().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn retaining_needs_its_own_right() {
    let stack = stack().await;
    let mut client = device(&stack, Version::V5, "pump").await;
    client.publish_with("own/pump/a", b"x", QoS::AtLeastOnce, 1, true).await;
    assert_eq!(client.acknowledged(AnswerKind::Puback, 1).await, 0x87);
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_topics_are_not_published_to_whatever_the_policies_say() {
    let stack = stack().await;
    stack.policy("all", ALLOW_ALL).await;
    let mut watcher = stack.client(Version::V311, "watcher").await;
    watcher.subscribe(&[("$aws/#", QoS::AtMostOnce), ("$SYS/#", QoS::AtMostOnce)]).await;
    for topic in [
        "$aws/things/pump/shadow/update",
        "$aws/things/pump/defender/metrics/json/accepted",
        "$aws/things/pump/defender/metrics/xml",
        "$SYS/x",
    ] {
        let leaf = stack.device("pump", &["pump"], &["all"]).await;
        let mut client = dial(&stack, Version::V311, leaf).await.connected("pump").await;
        client.publish(topic, b"x", QoS::AtLeastOnce, 1).await;
        assert_eq!(client.frame().await, None, "{topic}");
    }
    assert!(watcher.is_quiet().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_of_a_subscribe_is_answered_for_itself() {
    let stack = stack().await;
    let own = ("own/pump/+", QoS::AtLeastOnce);
    let other = ("other", QoS::AtMostOnce);
    for (version, no) in [(Version::V311, 0x80), (Version::V5, 0x87)] {
        let mut client = device(&stack, version, "pump").await;
        assert_eq!(client.subscribe(&[other]).await, [no]);
        assert_eq!(client.subscribe(&[other, own, other]).await, [no, 1, no]);
        assert_eq!(client.subscribe(&[own]).await, [1]);
        let mut sender = stack.client(Version::V311, "sender").await;
        sender.publish("other", b"no", QoS::AtMostOnce, 0).await;
        sender.publish("own/pump/a", b"yes", QoS::AtMostOnce, 0).await;
        assert_eq!(client.message().await.payload, b"yes");
    }
    eventually("four failures", || failures(&stack, "pump") == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_received_is_dropped_and_the_broker_is_told_it_arrived() {
    let stack = stack().await;
    let mut client = device(&stack, Version::V311, "pump").await;
    client.subscribe(&[("#", QoS::ExactlyOnce)]).await;
    let mut sender = stack.client(Version::V311, "sender").await;
    // More than the broker would send without acknowledgements.
    for number in 1..=120u16 {
        let qos = if number % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
        sender.publish("secret", b"x", qos, number).await;
        if qos == QoS::AtLeastOnce {
            sender.acknowledged(AnswerKind::Puback, number).await;
        } else {
            sender.acknowledged(AnswerKind::Pubrec, number).await;
            sender.answer(AnswerKind::Pubrel, number).await;
            sender.acknowledged(AnswerKind::Pubcomp, number).await;
        }
    }
    sender.publish("own/pump/a", b"mine", QoS::AtMostOnce, 0).await;
    assert_eq!(client.message().await.payload, b"mine");
    eventually("one received", || stack.log.sum("pump", &Metric::MessagesReceived, None) == 1)
        .await;
    assert_eq!(failures(&stack, "pump"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_holds_for_connections_that_are_there() {
    let stack = stack().await;
    let mut client = device(&stack, Version::V5, "pump").await;
    client.publish("other", b"x", QoS::AtLeastOnce, 1).await;
    assert_eq!(client.acknowledged(AnswerKind::Puback, 1).await, 0x87);
    stack.policy("own", ALLOW_ALL).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    client.publish("other", b"x", QoS::AtLeastOnce, 2).await;
    assert!(client.acknowledged(AnswerKind::Puback, 2).await < 0x80);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_connections_are_checked_against_the_policy_that_settings_name() {
    let store = std::sync::Arc::new(fleetward_store::memory::MemoryStore::new());
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
        {"Effect":"Allow","Action":"iot:Publish",
         "Resource":"arn:aws:iot:us-east-1:123456789012:topic/open"}]}"#;
    put_policy(&store, "lab", policy).await;
    let stack = Stack::start_on(store, |settings| {
        settings.mqtt_policy = Some(PolicyName::parse("lab").unwrap());
    })
    .await;
    let mut client = stack.client(Version::V5, "bench").await;
    client.publish("open", b"x", QoS::AtLeastOnce, 1).await;
    assert!(client.acknowledged(AnswerKind::Puback, 1).await < 0x80);
    client.publish("closed", b"x", QoS::AtLeastOnce, 2).await;
    assert_eq!(client.acknowledged(AnswerKind::Puback, 2).await, 0x87);
    assert_eq!(client.subscribe(&[("open", QoS::AtMostOnce)]).await, [0x87]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_that_is_not_proven_counts_against_nobody() {
    let store = std::sync::Arc::new(fleetward_store::memory::MemoryStore::new());
    let nothing = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Action":"iot:Connect","Resource":"*"}]}"#;
    put_policy(&store, "nothing", nothing).await;
    let stack = Stack::start_on(store, |settings| {
        settings.mqtt_policy = Some(PolicyName::parse("nothing").unwrap());
    })
    .await;
    let mut rogue = Client::plain(stack.plain(), Version::V311).await;
    let claim = Connect::new(Version::V311, "pump", 0);
    assert_eq!(rogue.connect(&claim).await, Some((5, false)));
    // A certificate that belongs to other things, too.
    for things in [&["valve", "lamp"][..], &[]] {
        let leaf = stack.device("rogue", things, &["nothing"]).await;
        let mut rogue = dial(&stack, Version::V311, leaf).await;
        assert_eq!(rogue.connect(&claim).await, Some((5, false)));
    }
    let proven = stack.device("valve", &["valve"], &["nothing"]).await;
    let mut valve = dial(&stack, Version::V311, proven).await;
    assert_eq!(valve.connect(&claim).await, Some((5, false)));
    eventually("a failure of the valve", || failures(&stack, "valve") == 1).await;
    assert!(stack.log.activities("pump").is_empty(), "nobody proved to be the pump");
    assert_eq!(stack.log.sum("valve", &Metric::ConnectionAttempts, None), 1);
}
