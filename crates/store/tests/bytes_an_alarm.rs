//! What an alarm costs the disk when everyone violates at once: all bytes that the process writes
//! for it, in the write-ahead log and in the file. One test, since it counts those of its process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fleetward_domain::violation::violation_id;
use fleetward_domain::{
    Alert, Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, Effects, EventType,
    FormatLevel, Judgement, Metric, MetricValue, Notification, Placement, ProfileName, Severity,
    ThingName, VerificationState, Violation, ViolationEvent,
};
use fleetward_store::Partitions;
use fleetward_store::sqlite::SqliteStore;

/// A few of the 256, each with as many things as it has of a million.
const PARTITIONS: u32 = 8;
const THINGS_A_PARTITION: usize = 3_906;
const ALARMS_A_COMMIT: usize = 1_000;
const AT_MS: i64 = 1_800_000_300_000;

/// Things of the first partitions, partition by partition, by name in each.
fn things() -> Vec<ThingName> {
    let placement = Placement::even(256);
    let mut by_partition = vec![Vec::new(); PARTITIONS as usize];
    for number in 0.. {
        let name = format!("thing-{number:08}");
        let found = by_partition.get_mut(placement.partition_of(&name) as usize);
        if let Some(things) = found
            && things.len() < THINGS_A_PARTITION
        {
            things.push(ThingName::parse(name).unwrap());
        } else if by_partition.iter().all(|things| things.len() == THINGS_A_PARTITION) {
            break;
        }
    }
    by_partition.concat()
}

fn behavior() -> Behavior {
    let comparison =
        Comparison::new(ComparisonOperator::GreaterThanEquals, MetricValue::Count(1)).unwrap();
    Behavior {
        name: BehaviorName::parse("sends-something").unwrap(),
        metric: Some(Metric::MessagesSent),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Static(comparison),
            duration_seconds: Some(300),
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        suppress_alerts: false,
        export_metric: None,
    }
}

fn alarm(effects: &mut Effects, thing: &ThingName, target: Option<&str>) {
    let profile = ProfileName::parse("everyone-of-the-fleet").unwrap();
    let behavior = behavior();
    let name = behavior.name.as_str();
    let id = violation_id(FormatLevel::CURRENT, thing, &profile, name, AT_MS, 1);
    let event = ViolationEvent {
        violation_id: id.clone(),
        thing: thing.clone(),
        profile: profile.clone(),
        behavior: behavior.clone(),
        severity: Severity::Medium,
        value: Some(MetricValue::Count(0)),
        event_type: EventType::InAlarm,
        at_ms: AT_MS,
        verification: VerificationState::Unknown,
        verification_description: None,
    };
    effects.alerts.extend(target.map(|target| Alert {
        target_arn: target.to_owned(),
        notification: Notification::Violation(event.clone()),
    }));
    effects.events.push(event);
    effects.violations.push(Violation {
        id,
        thing: thing.clone(),
        profile,
        behavior,
        severity: Severity::Medium,
        last_value: MetricValue::Count(0),
        last_violation_ms: AT_MS,
        started_ms: AT_MS,
        verification: VerificationState::Unknown,
        verification_description: None,
    });
}

/// Bytes that this process has written so far.
fn written_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap();
    line.parse().unwrap()
}

/// Bytes an alarm, until all of them stand in the file.
async fn bytes_an_alarm(things: &[ThingName], target: Option<&str>) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let before = written_bytes();
    for some in things.chunks(ALARMS_A_COMMIT) {
        let mut effects = Effects::default();
        some.iter().for_each(|thing| alarm(&mut effects, thing, target));
        store.commit_detection(effects.into()).await.unwrap();
    }
    store.close().await.unwrap();
    (written_bytes() - before) / things.len() as u64
}

#[tokio::test]
async fn an_alarm_writes_less_than_a_thousand_bytes_when_everyone_violates() {
    let things = things();
    let without = bytes_an_alarm(&things, None).await;
    let with = bytes_an_alarm(&things, Some("arn:aws:sns:us-east-1:123456789012:alarms")).await;
    println!("bytes an alarm: {without}, {with} with an alert");
    assert!(without <= 1_000, "{without} bytes an alarm");
    assert!(with <= 2_000, "{with} bytes an alarm with an alert");
}
