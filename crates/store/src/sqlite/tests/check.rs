//! What a check of the file finds.

use std::collections::BTreeMap;

use fleetward_domain::{Effects, EventType, GroupName, Thing, ThingGroup, ThingName};

use super::*;
use crate::conformance::fixtures::{CASE, alert, event, violation};
use crate::sqlite::check::Finding;
use crate::{
    AdministratorKey, Chunk, DepartedGroup, DetectionTx, Gate, Outbox, PartitionProgress,
    Partitions, StateTx, find,
};

fn thing(name: &str) -> Thing {
    Thing {
        name: ThingName::parse(name).unwrap(),
        id: String::new(),
        attributes: BTreeMap::new(),
        groups: Vec::new(),
        version: 1,
        created_ms: 0,
    }
}

fn group(name: &str) -> ThingGroup {
    ThingGroup {
        name: GroupName::parse(name).unwrap(),
        id: String::new(),
        ancestors: Vec::new(),
        description: None,
        attributes: BTreeMap::new(),
        tags: Vec::new(),
        created_ms: 0,
    }
}

async fn filled(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let level = store.format_level();
    let mut tx = changed();
    tx.put(&AdministratorKey("AKIA".to_owned()), level).unwrap();
    tx.put(&Gate::named("things"), level).unwrap();
    tx.put(&group("hall"), level).unwrap().put(&thing("lamp"), level).unwrap();
    tx.draw_edge(Kind::ThingOfGroup, "hall", "lamp");
    tx.puts.push((Kind::Setting, "of-another-release".to_owned(), b"what".to_vec()));
    store.commit(tx).await.unwrap();
    let claim = store.claim_partition(2).await.unwrap();
    let progress = PartitionProgress { partition: 2, epoch: claim.epoch, effects_offset: 6 };
    let alerts = ["t", "u"].map(|target| alert(CASE, target, EventType::InAlarm, 10)).to_vec();
    let tx = DetectionTx {
        progress: vec![progress],
        effects: Effects {
            violations: vec![violation(CASE, 10)],
            events: vec![event(CASE, EventType::InAlarm, 10)],
            alerts,
            ..Effects::default()
        },
    };
    store.commit_detection(tx).await.unwrap();
    let chunks = vec![Chunk { index: 0, bytes: vec![1] }];
    let (partition, epoch) = (claim.partition, claim.epoch);
    let tx = StateTx { partition, epoch, state_offset: 5, effects_offset: 6, chunks };
    store.write_state(tx).await.unwrap();
    // A delivered alert has no body to be read.
    let due = store.due_alerts(0, 1).await.unwrap();
    store.alert_delivered(due[0].id).await.unwrap();
    store.close().await.unwrap();
}

/// The counts that are not 0, and the problems.
async fn checked(path: &Path) -> (Vec<(&'static str, u64)>, Vec<String>) {
    let store = SqliteStore::open(path).unwrap();
    let (mut counts, mut problems) = (Vec::new(), Vec::new());
    let mut tell = |finding| match finding {
        Finding::Progress(..) | Finding::Done(_, 0) => {}
        Finding::Problem(problem) => problems.push(problem),
        Finding::Done(what, count) => counts.push((what, count)),
    };
    store.check(&mut tell).await;
    (counts, problems)
}

#[tokio::test]
async fn a_file_that_is_well_is_counted_and_nothing_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let (counts, problems) = checked(&path).await;
    assert_eq!(problems, [""; 0]);
    let expected = [
        ("things", 1),
        ("thing groups", 1),
        ("members of groups", 1),
        ("single settings", 4),
        ("changes", 1),
        ("open violations", 1),
        ("violation events", 1),
        ("alerts that wait or are dead", 1),
    ];
    assert_eq!(counts, expected);
    let claims = SqliteStore::open(&path).unwrap().partitions().await.unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!((claims[0].partition, claims[0].epoch, claims[0].state_offset), (2, 1, 5));
}

#[tokio::test]
async fn things_that_are_still_to_leave_a_deleted_group_are_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let store = SqliteStore::open(&path).unwrap();
    let mut tx = Tx::default();
    let hall = find::<ThingGroup>(&*store, "hall").await.unwrap().unwrap();
    tx.remove::<ThingGroup>("hall", hall.version);
    tx.create(&DepartedGroup::named("hall"), store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(checked(&path).await.1, [""; 0]);
}

#[tokio::test]
async fn everything_that_cannot_be_read_is_named_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    for sql in [
        "UPDATE document SET value = x'31', checksum = NULL WHERE kind = 10",
        "UPDATE change SET body = x'ff', checksum = NULL",
        "UPDATE violation SET body = x'820102'",
        "UPDATE event SET body = x'7b'",
        "INSERT INTO document VALUES (1, CAST('a' AS BLOB), 1, CAST('{}' AS BLOB), NULL)",
        "INSERT INTO document VALUES (99, CAST('a' AS BLOB), 1, CAST('{}' AS BLOB), NULL)",
        "INSERT INTO document VALUES (6, x'ff', 1, CAST('{}' AS BLOB), NULL)",
    ] {
        assert_eq!(other.execute(sql, []).unwrap(), 1, "{sql}");
    }
    drop(other);
    let (counts, problems) = checked(&path).await;
    let begins = [
        "Thing \"a\" is corrupt: its JSON is not of this shape",
        "Dimension \"\u{FFFD}\" is corrupt: ",
        "ThingOfGroup \"hall\\0lamp\" is corrupt: its value is not null",
        "change \"1\" is corrupt: ",
        "violation \"violation\" is written in a newer shape (an array of 2 fields",
        "event \"1\" is corrupt: unexpected type string",
        "alert \"2\" is corrupt: its event cannot be read: ",
    ];
    assert_eq!(problems.len(), begins.len(), "{problems:#?}");
    for (problem, begin) in problems.iter().zip(begins) {
        assert!(problem.starts_with(begin) && !problem.contains('\n'), "{problem}");
    }
    assert!(counts.contains(&("documents of kinds that only a newer release knows", 1)));
}

#[tokio::test]
async fn columns_beside_a_body_are_read_too() {
    let cases = [
        (
            "UPDATE violation SET verification = 77",
            "violation \"violation\" is corrupt: its column verification ",
        ),
        (
            "UPDATE violation SET description = x'ff'",
            "violation \"violation\" is corrupt: its column description ",
        ),
        (
            "UPDATE violation SET thing = 'other'",
            "violation \"violation\" is corrupt: its column thing is not that of its column near",
        ),
        (
            "UPDATE document SET version = -1 WHERE kind = 10",
            "ThingOfGroup \"hall\\0lamp\" is corrupt: its column version ",
        ),
        ("UPDATE event SET verification = 77", "event \"1\" is corrupt: its column verification "),
        ("UPDATE event SET event_type = 77", "event \"1\" is corrupt: its column event_type "),
        (
            "UPDATE event SET thing = 'other'",
            "event \"1\" is corrupt: its column thing is not that of its column near",
        ),
        (
            "UPDATE event SET severity = 9",
            "event \"1\" is corrupt: its column severity cannot be read",
        ),
        ("UPDATE event SET at_ms = 'soon'", "event \"1\" is corrupt: its column at_ms "),
        ("UPDATE alert SET status = 9 WHERE status <> 2", "alert \"2\" is corrupt: its status 9 "),
        (
            "UPDATE alert SET failures = -1 WHERE status <> 2",
            "alert \"2\" is corrupt: its column failures ",
        ),
        (
            "UPDATE alert SET due_ms = 'soon' WHERE status <> 2",
            "alert \"2\" is corrupt: its column due_ms ",
        ),
    ];
    for (sql, begin) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        filled(&path).await;
        let other = rusqlite::Connection::open(&path).unwrap();
        assert_eq!(other.execute(sql, []).unwrap(), 1, "{sql}");
        drop(other);
        let (_, problems) = checked(&path).await;
        // An alert says what its event does.
        assert!(problems.iter().skip(1).all(|also| also.starts_with("alert ")), "{problems:?}");
        assert!(problems[0].starts_with(begin), "{sql}: {problems:?}");
    }
}

#[tokio::test]
async fn an_edge_whose_end_or_way_back_is_gone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut tx = Tx::default();
    tx.draw_edge(Kind::ThingOfGroup, "hall", "lamp")
        .draw_edge(Kind::ProfileOfTarget, "arn", "lamps")
        .draw_edge(Kind::TargetOfProfile, "lamps", "arn");
    store.commit(tx).await.unwrap();
    store.close().await.unwrap();
    let (_, problems) = checked(&path).await;
    assert_eq!(
        problems,
        [
            "TargetOfProfile \"lamps\\0arn\" is corrupt: there is no SecurityProfile \"lamps\", to \
             which it belongs",
            "ProfileOfTarget \"arn\\0lamps\" is corrupt: there is no SecurityProfile \"lamps\", to \
             which it belongs",
            "ThingOfGroup \"hall\\0lamp\" is corrupt: there is no ThingGroup \"hall\", to which it \
             belongs",
        ]
    );
    let other = rusqlite::Connection::open(&path).unwrap();
    let insert = "INSERT INTO document VALUES (?, CAST(? AS BLOB), 1, CAST('{}' AS BLOB), NULL)";
    for (kind, key) in [(5, "lamps"), (2, "hall")] {
        other.execute(insert, rusqlite::params![kind, key]).unwrap();
    }
    other.execute("DELETE FROM document WHERE kind = 7", []).unwrap();
    drop(other);
    let (_, problems) = checked(&path).await;
    let gone: Vec<_> = problems.iter().filter(|problem| problem.contains("there is no")).collect();
    assert_eq!(gone.len(), 2, "{problems:?}");
    assert!(gone[0].contains("there is no TargetOfProfile \"lamps\\0arn\""), "{gone:?}");
    assert!(gone[1].contains("there is no Thing \"lamp\""), "{gone:?}");
}

#[tokio::test]
async fn a_document_under_the_key_of_another_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let name = fleetward_domain::PolicyName::parse("one").unwrap();
    let policy = fleetward_domain::Policy {
        name,
        document: String::new(),
        version: 1,
        tags: Vec::new(),
        created_ms: 0,
        history: None,
    };
    let mut tx = Tx::default();
    tx.put(&policy, store.format_level()).unwrap();
    tx.puts[0].1 = "two".to_owned();
    store.commit(tx).await.unwrap();
    store.close().await.unwrap();
    let (_, problems) = checked(&path).await;
    assert_eq!(problems, ["Policy \"two\" is corrupt: its value is that of \"one\""]);
}

#[tokio::test]
async fn a_table_that_is_lost_does_not_end_the_check_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    let place = "SELECT rootpage FROM sqlite_schema WHERE name = 'violation'";
    let place: u32 = other.query_row(place, [], |row| row.get(0)).unwrap();
    let end = place as usize * 4096;
    drop(other);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[end - 4096..end].fill(0xFF);
    std::fs::write(&path, bytes).unwrap();
    let (counts, problems) = checked(&path).await;
    assert!(counts.contains(&("changes", 1)) && counts.contains(&("violation events", 1)));
    assert!(!counts.iter().any(|(what, _)| *what == "open violations"));
    assert!(problems[0].starts_with("the store's file is damaged: "), "{problems:#?}");
    let lost = "the open violations behind the first 0 are lost: ";
    assert!(problems.last().unwrap().starts_with(lost), "{problems:#?}");
}
