//! Device reports: taken, answered, and never passed on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fleetward_domain::{Metric, Publisher, Record};
use fleetward_environment::RecordClock;
use fleetward_front_door::Stamps;
use fleetward_mqtt::packet::{AnswerKind, Disconnect};
use fleetward_mqtt::{PacketType, QoS, ReasonCode};
use serde_json::{Value, json};

use crate::client::{Client, Version};
use crate::stack::{ALLOW_ALL, Stack, eventually};

const BOTH: [Version; 2] = [Version::V311, Version::V5];

pub(crate) fn topic(thing: &str, format: &str) -> String {
    format!("$aws/things/{thing}/defender/metrics/{format}")
}

pub(crate) fn report(id: i64) -> Value {
    json!({
        "header": {"report_id": id, "version": "1.0"},
        "metrics": {"listening_tcp_ports": {"ports": [{"port": 22}], "total": 1}},
    })
}

fn cbor(id: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut bytes);
    encoder.map(2).unwrap();
    encoder.str("hed").unwrap().map(2).unwrap();
    encoder.str("rid").unwrap().i64(id).unwrap().str("v").unwrap().str("1.0").unwrap();
    encoder.str("met").unwrap().map(1).unwrap().str("tp").unwrap().map(1).unwrap();
    encoder.str("t").unwrap().u8(3).unwrap();
    bytes
}

/// A client that hears the answers, as AWS's agents do.
pub(crate) async fn agent(stack: &Stack, version: Version, thing: &str, format: &str) -> Client {
    let mut agent = stack.client(version, thing).await;
    let own = topic(thing, format);
    for response in ["accepted", "rejected"] {
        let filter = format!("{own}/{response}");
        assert_eq!(agent.subscribe(&[(&filter, QoS::AtLeastOnce)]).await, [1]);
    }
    agent
}

/// The acknowledgement and the answer, in whatever order they come.
async fn both(agent: &mut Client, kind: AnswerKind, id: u16) -> (String, Vec<u8>) {
    let (mut acknowledged, mut answer) = (false, None);
    while !acknowledged || answer.is_none() {
        let (frame, bytes) = agent.frame().await.expect("acknowledgement and answer");
        if frame.packet_type == kind.packet_type() {
            assert_eq!(&frame.body(&bytes)[..2], id.to_be_bytes());
            acknowledged = true;
        } else {
            assert_eq!(frame.packet_type, PacketType::Publish);
            let message = agent.take_message(frame, &bytes).await;
            answer = Some((message.topic, message.payload));
        }
    }
    answer.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_report_is_logged_acknowledged_and_accepted() {
    let stack = Stack::start().await;
    let mut other = stack.client(Version::V311, "other").await;
    other.subscribe(&[("$aws/things/+/defender/metrics/json", QoS::AtMostOnce)]).await;
    for (version, id) in BOTH.into_iter().zip(17..) {
        let mut agent = agent(&stack, version, "pump", "json").await;
        let payload = report(id).to_string();
        agent.publish(&topic("pump", "json"), payload.as_bytes(), QoS::AtLeastOnce, 5).await;
        let (at, answer) = both(&mut agent, AnswerKind::Puback, 5).await;
        assert_eq!(at, topic("pump", "json/accepted"));
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["thingName"], "pump");
        assert_eq!(answer["reportId"], id);
        assert_eq!(answer["status"], "ACCEPTED");
        assert!(answer["timestamp"].as_i64().unwrap() > 1_600_000_000_000);
    }
    // The report itself reached nobody.
    assert!(other.is_quiet().await);
    let reports = stack.log.reports("pump");
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[0].listening_tcp.as_ref().unwrap().ports.as_deref(), Some(&[22u16][..]));
}

/// How many messages the pump sent and received, by the metrics of messages, of three reports, an
/// ordinary message and a report about another thing.
async fn counted(counts_reports: bool) -> (u64, u64) {
    let stack = Stack::start_with(|settings| settings.reports.counted = counts_reports).await;
    let mut pump = agent(&stack, Version::V311, "pump", "json").await;
    for id in 1..=3 {
        submit(&mut pump, "pump", &report(id), 1).await;
    }
    let about_another = report(4).to_string();
    pump.publish(&topic("valve", "json"), about_another.as_bytes(), QoS::AtMostOnce, 0).await;
    pump.publish("news", b"all is well", QoS::AtLeastOnce, 1).await;
    pump.acknowledged(AnswerKind::Puback, 1).await;
    pump.send(&Disconnect::new(ReasonCode::SUCCESS).encode(pump.version).unwrap()).await;
    assert!(pump.closes().await);
    let sum = |metric| stack.log.sum("pump", &metric, None);
    eventually("gone", || sum(Metric::Disconnects) == 1).await;
    (sum(Metric::MessagesSent), sum(Metric::MessagesReceived))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_things_own_reports_and_their_answers_are_no_messages_unless_a_setting_says_so() {
    assert_eq!(counted(false).await, (2, 0));
    assert_eq!(counted(true).await, (5, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cbor_report_is_answered_in_cbor() {
    let stack = Stack::start().await;
    let mut agent = agent(&stack, Version::V311, "pump", "cbor").await;
    let at = topic("pump", "cbor");
    for (payload, status, id) in [
        (cbor(9), "ACCEPTED", Some(9)),
        (b"\xFF\x00garbage".to_vec(), "REJECTED", None),
        (report(3).to_string().into_bytes(), "REJECTED", None),
    ] {
        agent.publish(&at, &payload, QoS::AtMostOnce, 0).await;
        let message = agent.message().await;
        let response = status.to_lowercase();
        assert_eq!(message.topic, format!("{at}/{response}"));
        let mut decoder = minicbor::Decoder::new(&message.payload);
        let entries = decoder.map().unwrap().unwrap();
        let (mut found_status, mut found_id) = (None, None);
        for _ in 0..entries {
            match decoder.str().unwrap() {
                "status" => found_status = Some(decoder.str().unwrap().to_owned()),
                "reportId" => found_id = Some(decoder.i64().unwrap()),
                _ => decoder.skip().unwrap(),
            }
        }
        assert_eq!((found_status.as_deref(), found_id), (Some(status), id));
    }
    assert_eq!(stack.log.reports("pump").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_reports_are_acknowledged_and_rejected_and_disconnect_nobody() {
    let stack = Stack::start().await;
    let mut agent = agent(&stack, Version::V311, "pump", "json").await;
    let mut not_an_array = report(4);
    not_an_array["custom_metrics"] = json!({"cpu": {"number": 1}});
    let mut huge = report(6);
    huge["filler"] = Value::String("x".repeat(130 * 1024));
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    for (id, payload, report_id) in [
        (1, String::new(), Value::Null),
        (2, "{".to_owned(), Value::Null),
        (3, deep, Value::Null),
        (4, not_an_array.to_string(), json!(4)),
        (5, json!({"header": {"report_id": 5}}).to_string(), json!(5)),
        (6, huge.to_string(), Value::Null),
    ] {
        let at = topic("pump", "json");
        agent.publish(&at, payload.as_bytes(), QoS::AtLeastOnce, id).await;
        let (at, answer) = both(&mut agent, AnswerKind::Puback, id).await;
        assert_eq!(at, topic("pump", "json/rejected"), "report {id}");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["status"], "REJECTED");
        let code = answer["statusDetails"]["ErrorCode"].as_str().unwrap();
        assert!(["InvalidPayload", "InvalidVersion"].contains(&code), "report {id}: {code}");
        if !report_id.is_null() {
            assert_eq!(answer["reportId"], report_id);
        }
    }
    assert!(stack.log.reports("pump").is_empty());
    agent
        .publish(&topic("pump", "json"), report(7).to_string().as_bytes(), QoS::AtLeastOnce, 7)
        .await;
    assert_eq!(both(&mut agent, AnswerKind::Puback, 7).await.0, topic("pump", "json/accepted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_in_quality_2_is_taken_once() {
    let stack = Stack::start().await;
    let mut agent = agent(&stack, Version::V5, "pump", "json").await;
    let (at, payload) = (topic("pump", "json"), report(1).to_string());
    agent.publish(&at, payload.as_bytes(), QoS::ExactlyOnce, 3).await;
    let (answer, _) = both(&mut agent, AnswerKind::Pubrec, 3).await;
    assert_eq!(answer, topic("pump", "json/accepted"));
    // The same once more, before its release.
    agent.publish(&at, payload.as_bytes(), QoS::ExactlyOnce, 3).await;
    assert_eq!(agent.acknowledged(AnswerKind::Pubrec, 3).await, 0);
    agent.answer(AnswerKind::Pubrel, 3).await;
    assert_eq!(agent.acknowledged(AnswerKind::Pubcomp, 3).await, 0);
    assert_eq!(stack.log.reports("pump").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_that_is_not_logged_and_its_sender_is_told_to_come_again() {
    let stack = Stack::start().await;
    let mut first = agent(&stack, Version::V311, "pump", "json").await;
    stack.log.fails.store(true, Ordering::SeqCst);
    let (at, payload) = (topic("pump", "json"), report(1).to_string());
    first.publish(&at, payload.as_bytes(), QoS::AtLeastOnce, 1).await;
    // Clients send nothing again on a connection that lasts.
    assert!(first.closes().await);
    stack.log.fails.store(false, Ordering::SeqCst);
    let mut again = agent(&stack, Version::V311, "pump", "json").await;
    again.publish(&at, payload.as_bytes(), QoS::AtLeastOnce, 1).await;
    assert_eq!(both(&mut again, AnswerKind::Puback, 1).await.0, topic("pump", "json/accepted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_names_the_thing_and_a_name_that_is_none_is_rejected() {
    let stack = Stack::start().await;
    let mut gateway = agent(&stack, Version::V311, "valve", "json").await;
    let payload = report(1).to_string();
    gateway.publish(&topic("valve", "json"), payload.as_bytes(), QoS::AtMostOnce, 0).await;
    assert_eq!(gateway.message().await.topic, topic("valve", "json/accepted"));

    let long = "x".repeat(129);
    let mut gateway = stack.client(Version::V311, "gateway").await;
    let filter = format!("{}/rejected", topic(&long, "json"));
    gateway.subscribe(&[(&filter, QoS::AtMostOnce)]).await;
    gateway.publish(&topic("valve", "json"), payload.as_bytes(), QoS::AtMostOnce, 0).await;
    gateway.publish(&topic(&long, "json"), payload.as_bytes(), QoS::AtMostOnce, 0).await;
    let answer: Value = serde_json::from_slice(&gateway.message().await.payload).unwrap();
    assert_eq!((&answer["reportId"], &answer["status"]), (&json!(1), &json!("REJECTED")));
    eventually("both reports of the valve", || stack.log.reports("valve").len() == 2).await;
}

/// Who published each report about the thing.
fn publishers(stack: &Stack, thing: &str) -> Vec<Publisher> {
    let of_record = |(_, record)| match record {
        Record::Report { thing: about, publisher, .. } if about.as_str() == thing => {
            Some(publisher)
        }
        _ => None,
    };
    stack.log.records().into_iter().filter_map(of_record).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_whether_the_thing_itself_sent_it() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let payload = report(1).to_string();
    let mut pump = stack.client(Version::V311, "pump").await;
    for thing in ["pump", "valve"] {
        pump.publish(&topic(thing, "json"), payload.as_bytes(), QoS::AtLeastOnce, 1).await;
        pump.acknowledged(AnswerKind::Puback, 1).await;
    }
    assert_eq!(publishers(&stack, "pump"), [Publisher::Itself]);
    assert_eq!(publishers(&stack, "valve"), [Publisher::Another]);
    // The certificate says which thing it is, and the client id does not matter.
    let leaf = stack.device("lamp", &["lamp"], &["all"]).await;
    let ca = &stack.ca.der;
    let lamp = Client::secure(stack.secure(), Version::V5, ca, Some(leaf), &[]).await.unwrap();
    let mut lamp = lamp.connected("another-name").await;
    for thing in ["lamp", "another-name"] {
        lamp.publish(&topic(thing, "json"), payload.as_bytes(), QoS::AtLeastOnce, 1).await;
        lamp.acknowledged(AnswerKind::Puback, 1).await;
    }
    assert_eq!(publishers(&stack, "lamp"), [Publisher::Itself]);
    assert_eq!(publishers(&stack, "another-name"), [Publisher::Another]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_a_client_that_hangs_up_at_once_are_taken_in_order() {
    let stack = Stack::start_with(|settings| settings.reports.burst = 100).await;
    let mut agent = stack.client(Version::V311, "pump").await;
    let mut bytes = Vec::new();
    for id in 0..100 {
        let payload = report(id).to_string();
        let publish = fleetward_mqtt::packet::OutgoingPublish {
            topic: &topic("pump", "json"),
            payload: payload.as_bytes(),
            retain: false,
            packet_id: None,
            content_type: None,
        };
        bytes.extend(publish.encode(Version::V311).unwrap());
    }
    bytes.extend(Disconnect::new(ReasonCode::SUCCESS).encode(Version::V311).unwrap());
    agent.send(&bytes).await;
    drop(agent);
    eventually("100 reports", || stack.log.reports("pump").len() == 100).await;
    let ids: Vec<_> = stack.log.reports("pump").iter().map(|report| report.report_id).collect();
    assert!(ids.iter().copied().eq(0..100), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_stamped_with_the_time_they_came() {
    let clock = fleetward_environment::Clock::new(|| 1_700_000_000_123);
    let stack = Stack::start_with(|settings| {
        settings.stamps = Arc::new(Stamps::new(RecordClock::new(clock.clone())));
        settings.clock = clock;
    })
    .await;
    let mut agent = agent(&stack, Version::V311, "pump", "json").await;
    let payload = report(1).to_string();
    agent.publish(&topic("pump", "json"), payload.as_bytes(), QoS::AtMostOnce, 0).await;
    let answer: Value = serde_json::from_slice(&agent.message().await.payload).unwrap();
    assert_eq!(answer["timestamp"], 1_700_000_000_123i64);
    let stamps: Vec<_> = stack
        .log
        .records()
        .into_iter()
        .filter_map(|(_, record)| match record {
            Record::Report { at_ms, .. } => Some(at_ms),
            _ => None,
        })
        .collect();
    // Elapsed time counts in it, though this wall clock stands still.
    assert!(matches!(stamps[..], [1_700_000_000_123..1_700_000_001_200]), "{stamps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_well_within_two_seconds() {
    let stack = Stack::start().await;
    let mut agent = agent(&stack, Version::V311, "pump", "json").await;
    let begin = std::time::Instant::now();
    let payload = report(1).to_string();
    agent.publish(&topic("pump", "json"), payload.as_bytes(), QoS::AtLeastOnce, 1).await;
    both(&mut agent, AnswerKind::Puback, 1).await;
    assert!(begin.elapsed() < Duration::from_secs(1));
}

/// Publishes this report, and waits for both answers; the answer.
pub(crate) async fn submit(agent: &mut Client, thing: &str, report: &Value, packet: u16) -> Value {
    let at = topic(thing, "json");
    agent.publish(&at, report.to_string().as_bytes(), QoS::AtLeastOnce, packet).await;
    serde_json::from_slice(&both(agent, AnswerKind::Puback, packet).await.1).unwrap()
}
