//! What goes to the log, and what adds up.

use std::sync::atomic::Ordering;

use fleetward_domain::{
    Behavior, BehaviorName, DimensionName, DimensionOperator, Metric, MetricDimension, ProfileName,
    SecurityProfile, Sizes,
};
use fleetward_environment::Clock;
use fleetward_mqtt::QoS;
use fleetward_mqtt::ReasonCode;
use fleetward_mqtt::packet::{AnswerKind, Disconnect};

use crate::client::{Client, Version};
use crate::stack::{Stack, eventually};

/// A profile whose behaviors count these metrics by dimension.
fn profile(uses: &[(Metric, &str, DimensionOperator)]) -> SecurityProfile {
    let behavior = |(at, (metric, name, operator)): (usize, &(Metric, &str, DimensionOperator))| {
        let name = DimensionName::parse(*name).unwrap();
        Behavior {
            name: BehaviorName::parse(format!("b{at}")).unwrap(),
            metric: Some(metric.clone()),
            dimension: Some(MetricDimension { name, operator: *operator }),
            criteria: None,
            suppress_alerts: false,
            export_metric: None,
        }
    };
    SecurityProfile {
        name: ProfileName::parse("p").unwrap(),
        description: None,
        behaviors: uses.iter().enumerate().map(behavior).collect(),
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    }
}

async fn send(client: &mut Client, topic: &str, count: u16) {
    for id in 1..=count {
        client.publish(topic, b"x", QoS::AtLeastOnce, id).await;
        client.acknowledged(AnswerKind::Puback, id).await;
    }
}

async fn bye(mut client: Client) {
    client.send(&Disconnect::new(ReasonCode::SUCCESS).encode(client.version).unwrap()).await;
    assert!(client.closes().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_counted_from_attempt_to_disconnect() {
    let stack = Stack::start().await;
    assert!(stack.log.started());
    let mut client = stack.client(Version::V311, "pump").await;
    client.subscribe(&[("a", QoS::AtMostOnce)]).await;
    eventually("connected", || stack.log.activities("pump").last().is_some_and(|a| a.connected))
        .await;
    send(&mut client, "b", 3).await;
    client.publish("a", b"x", QoS::AtMostOnce, 0).await;
    client.message().await;
    eventually("sent 4", || stack.log.sum("pump", &Metric::MessagesSent, None) == 4).await;
    eventually("got 1", || stack.log.sum("pump", &Metric::MessagesReceived, None) == 1).await;
    bye(client).await;
    eventually("gone", || stack.log.activities("pump").last().is_some_and(|a| !a.connected)).await;
    assert_eq!(stack.log.sum("pump", &Metric::ConnectionAttempts, None), 1);
    assert_eq!(stack.log.sum("pump", &Metric::Disconnects, None), 1);
    assert_eq!(stack.log.sum("pump", &Metric::AuthorizationFailures, None), 0);
    let activity = stack.log.activities("pump").pop().unwrap();
    assert_eq!((activity.door.as_str(), activity.boot), ("door-1", 7));
    assert!(stack.log.seqs_grow());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_makes_no_records() {
    let stack = Stack::start().await;
    let mut client = stack.client(Version::V311, "idle").await;
    eventually("connected", || !stack.log.activities("idle").is_empty()).await;
    for _ in 0..4 {
        assert!(client.is_quiet().await);
    }
    assert_eq!(stack.log.activities("idle").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn dimensions_in_use_are_counted_beside_the_total_also_when_zero() {
    let stack = Stack::start().await;
    stack.dimension("alarms", &["alarm/#"]).await;
    stack.dimension("all", &["#"]).await;
    stack.dimension("unused", &["#"]).await;
    let uses = [
        (Metric::MessagesSent, "alarms", DimensionOperator::NotIn),
        (Metric::MessagesSent, "all", DimensionOperator::In),
        (Metric::MessagesReceived, "alarms", DimensionOperator::In),
    ];
    stack.profile(&profile(&uses)).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;

    let mut client = stack.client(Version::V5, "pump").await;
    client.subscribe(&[("alarm/fire", QoS::AtMostOnce)]).await;
    send(&mut client, "status", 3).await;
    eventually("3 in all", || stack.log.sum("pump", &Metric::MessagesSent, None) == 3).await;
    let dimensions: Vec<_> = stack
        .log
        .activities("pump")
        .iter()
        .flat_map(|activity| activity.counts.clone())
        .filter(|count| count.metric == Metric::MessagesSent && count.value == 0)
        .filter_map(|count| count.dimension)
        .collect();
    assert!(!dimensions.is_empty() && dimensions.iter().all(|name| name.as_str() == "alarms"));

    client.publish("alarm/fire", b"x", QoS::AtMostOnce, 0).await;
    client.message().await;
    eventually("4 in all", || stack.log.sum("pump", &Metric::MessagesSent, None) == 4).await;
    let sent = |dimension| stack.log.sum("pump", &Metric::MessagesSent, Some(dimension));
    assert_eq!((sent("alarms"), sent("all"), sent("unused")), (1, 4, 0));
    eventually("1 received", || {
        stack.log.sum("pump", &Metric::MessagesReceived, Some("alarms")) == 1
    })
    .await;
    assert_eq!(stack.log.sum("pump", &Metric::MessagesReceived, Some("all")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_dimension_counts_on_connections_that_are_there() {
    let stack = Stack::start().await;
    stack.dimension("d", &["old"]).await;
    stack.profile(&profile(&[(Metric::MessagesSent, "d", DimensionOperator::In)])).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut client = stack.client(Version::V311, "pump").await;
    send(&mut client, "new", 1).await;
    stack.dimension("d", &["new"]).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    send(&mut client, "new", 2).await;
    eventually("3 in all", || stack.log.sum("pump", &Metric::MessagesSent, None) == 3).await;
    assert_eq!(stack.log.sum("pump", &Metric::MessagesSent, Some("d")), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_counted_twice_while_the_log_fails() {
    let stack = Stack::start().await;
    let mut client = stack.client(Version::V311, "pump").await;
    eventually("connected", || !stack.log.activities("pump").is_empty()).await;
    stack.log.fails.store(true, Ordering::SeqCst);
    send(&mut client, "a", 30).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    send(&mut client, "a", 12).await;
    bye(client).await;
    stack.log.fails.store(false, Ordering::SeqCst);
    eventually("all 42", || stack.log.sum("pump", &Metric::MessagesSent, None) == 42).await;
    eventually("gone", || stack.log.activities("pump").last().is_some_and(|a| !a.connected)).await;
    assert_eq!(stack.log.sum("pump", &Metric::Disconnects, None), 1);
    assert!(stack.log.seqs_grow());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_ends_inside_one_period_and_times_grow() {
    let stack = Stack::start().await;
    let mut client = stack.client(Version::V311, "pump").await;
    let begin = std::time::Instant::now();
    let mut sent = 0;
    while begin.elapsed().as_millis() < 2500 {
        send(&mut client, "a", 10).await;
        sent += 10;
    }
    eventually("all", || stack.log.sum("pump", &Metric::MessagesSent, None) == sent).await;
    let activities = stack.log.activities("pump");
    assert!(activities.len() >= 10, "{} records", activities.len());
    assert!(activities.windows(2).all(|pair| pair[0].until_ms <= pair[1].until_ms));
    let mut periods: Vec<_> = activities.iter().map(|a| (a.until_ms - 1) / 1000).collect();
    periods.dedup();
    assert!((3..=5).contains(&periods.len()), "{periods:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_of_messages_and_addresses_are_told_in_all_and_by_dimension() {
    let stack = Stack::start().await;
    stack.dimension("alarms", &["alarm/#"]).await;
    let uses = [
        (Metric::MessageByteSize, "alarms", DimensionOperator::In),
        (Metric::SourceIpAddress, "alarms", DimensionOperator::NotIn),
    ];
    stack.profile(&profile(&uses)).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut client = stack.client(Version::V311, "pump").await;
    client.publish("alarm/fire", b"12345", QoS::AtMostOnce, 0).await;
    client.publish("status", b"1234567", QoS::AtMostOnce, 0).await;
    client.publish("status", b"", QoS::AtMostOnce, 0).await;
    eventually("sent 3", || stack.log.sum("pump", &Metric::MessagesSent, None) == 3).await;
    let activities = stack.log.activities("pump");
    let side = |dimension: &Option<MetricDimension>| dimension.as_ref().map(|d| d.operator);
    let mut sources: Vec<_> = activities.iter().flat_map(|a| &a.sources).collect();
    assert!(sources.iter().all(|source| source.address.is_loopback()));
    sources.dedup();
    let sources: Vec<_> = sources.into_iter().map(|source| side(&source.dimension)).collect();
    let (inside, outside) = (Some(DimensionOperator::In), Some(DimensionOperator::NotIn));
    assert_eq!(sources[0], None, "it connected");
    assert!(sources.contains(&inside) && sources.contains(&outside));
    let sizes = |of| {
        let mut sizes: Vec<_> = activities.iter().flat_map(|a| &a.sizes).collect();
        sizes.retain(|sizes| side(&sizes.dimension) == of);
        let sum = |value: fn(&Sizes) -> u64| sizes.iter().map(|sizes| value(sizes)).sum::<u64>();
        (sum(|sizes| sizes.total), sum(|sizes| sizes.messages))
    };
    assert_eq!((sizes(None), sizes(inside), sizes(outside)), ((12, 3), (5, 1), (7, 2)));
    let largest = activities.iter().flat_map(|a| &a.sizes).map(|sizes| sizes.max).max();
    let smallest = activities.iter().flat_map(|a| &a.sizes).map(|sizes| sizes.min).min();
    assert_eq!((smallest, largest), (Some(0), Some(7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_that_disconnects_is_away_since_then() {
    let stack = Stack::start().await;
    let client = stack.client(Version::V311, "pump").await;
    let before_ms = Clock::system().now_ms();
    bye(client).await;
    eventually("gone", || stack.log.activities("pump").last().is_some_and(|a| !a.connected)).await;
    let activities = stack.log.activities("pump");
    let away_since_ms = activities.last().unwrap().away_since_ms.unwrap();
    assert!((before_ms - 10..=Clock::system().now_ms() + 10).contains(&away_since_ms));
    assert!(activities.iter().all(|a| a.connected == a.away_since_ms.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_sends_nobody_away() {
    let stack = Stack::start().await;
    let _client = stack.client(Version::V311, "pump").await;
    let Stack { running, log, .. } = stack;
    running.shutdown().await;
    let last = log.activities("pump").pop().unwrap();
    assert_eq!((last.connected, last.away_since_ms), (false, None));
}
