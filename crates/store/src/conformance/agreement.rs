//! Whatever is done, the stores answer alike.

use fleetward_domain::{Effects, EventType, ThingName, VerificationState};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::fixtures::{Case, alert, always, change, event, verify, violation};
use crate::memory::MemoryStore;
use crate::sqlite::SqliteStore;
use crate::{
    Chunk, DetectionTx, EventFilter, Kind, PartitionProgress, Precondition, StateTx, Store, Tx,
    ViolationFilter,
};

const KINDS: [Kind; 2] = [Kind::Thing, Kind::ThingOfGroup];
const KEYS: [&str; 4] = ["a", "a\0b", "a\0c", "b"];
const IDS: [&str; 3] = ["1", "2", "3"];
const TYPES: [EventType; 3] =
    [EventType::InAlarm, EventType::AlarmCleared, EventType::AlarmInvalidated];
const STATES: [VerificationState; 2] =
    [VerificationState::TruePositive, VerificationState::BenignPositive];

#[derive(Clone, Debug)]
enum Operation {
    Commit(Tx),
    Detect(DetectionTx),
    Write(StateTx),
    Claim(u32),
    Verify(&'static str, VerificationState),
    Delivered(i64),
    Failed(i64, Option<i64>),
    Expire(i64),
}

fn place() -> impl Strategy<Value = (Kind, String)> {
    (0..KINDS.len(), 0..KEYS.len()).prop_map(|(kind, key)| (KINDS[kind], KEYS[key].to_owned()))
}

fn precondition() -> impl Strategy<Value = Precondition> {
    (place(), 0..5_u64).prop_map(|((kind, key), choice)| match choice {
        0 => Precondition::Absent(kind, key),
        1 => Precondition::Exists(kind, key),
        version => Precondition::VersionIs(kind, key, version - 1),
    })
}

fn tx() -> impl Strategy<Value = Tx> {
    let put = (place(), any::<u8>()).prop_map(|((kind, key), byte)| (kind, key, vec![byte]));
    let changed = prop::sample::select(vec!["x", "y"]).prop_map(change);
    (vec(precondition(), 0..2), vec(put, 0..4), vec(place(), 0..3), vec(changed, 0..3)).prop_map(
        |(preconditions, puts, deletes, changes)| Tx {
            preconditions,
            puts,
            deletes,
            changes,
            verifications: Vec::new(),
        },
    )
}

/// The thing and the profile follow from the id, as they do in life.
fn case() -> impl Strategy<Value = Case> {
    (0..IDS.len(), any::<bool>()).prop_map(|(number, suppressed)| Case {
        id: IDS[number],
        thing: ["a", "b", "a"][number],
        profile: ["p", "p", "q"][number],
        suppressed,
    })
}

fn detection() -> impl Strategy<Value = DetectionTx> {
    let progress =
        (0..2_u32, 0..3_u64, 0..20_u64).prop_map(|(partition, epoch, effects_offset)| {
            PartitionProgress { partition, epoch, effects_offset }
        });
    let opened = (case(), 0..30_i64).prop_map(|(case, at)| violation(case, at));
    let happened =
        (case(), 0..3_usize, 0..30_i64).prop_map(|(case, kind, at)| event(case, TYPES[kind], at));
    let alerted = (case(), 0..3_usize, 0..30_i64, prop::sample::select(vec!["t", "u"]))
        .prop_map(|(case, kind, at, target)| alert(case, target, TYPES[kind], at));
    let closed = prop::sample::select(IDS.to_vec()).prop_map(str::to_owned);
    (
        vec(progress, 0..2),
        vec(opened, 0..3),
        vec(closed, 0..2),
        vec(happened, 0..3),
        vec(alerted, 0..4),
    )
        .prop_map(|(progress, violations, closed, events, alerts)| DetectionTx {
            progress,
            effects: Effects { violations, closed, events, alerts, ..Effects::default() },
        })
}

fn state() -> impl Strategy<Value = StateTx> {
    let chunks = btree_map(0..3_u32, any::<u8>(), 0..3).prop_map(|chunks| {
        chunks.into_iter().map(|(index, byte)| Chunk { index, bytes: vec![byte] }).collect()
    });
    (0..2_u32, 0..3_u64, 0..20_u64, 0..9_u64, chunks).prop_map(
        |(partition, epoch, state_offset, effects_offset, chunks)| StateTx {
            partition,
            epoch,
            state_offset,
            effects_offset,
            chunks,
        },
    )
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => tx().prop_map(Operation::Commit),
        4 => detection().prop_map(Operation::Detect),
        3 => state().prop_map(Operation::Write),
        1 => (0..2_u32).prop_map(Operation::Claim),
        2 => (prop::sample::select(IDS.to_vec()), prop::sample::select(STATES.to_vec()))
            .prop_map(|(id, state)| Operation::Verify(id, state)),
        2 => (0..12_i64).prop_map(Operation::Delivered),
        2 => (0..12_i64, prop::option::of(0..40_i64))
            .prop_map(|(id, retry)| Operation::Failed(id, retry)),
        1 => (0..30_i64).prop_map(Operation::Expire),
    ]
}

async fn perform(store: &dyn Store, operation: Operation) -> String {
    match operation {
        Operation::Commit(tx) => format!("{:?}", store.commit(tx).await),
        Operation::Detect(tx) => format!("{:?}", store.commit_detection(tx).await),
        Operation::Write(tx) => format!("{:?}", store.write_state(tx).await),
        Operation::Claim(partition) => format!("{:?}", store.claim_partition(partition).await),
        Operation::Verify(id, state) => {
            format!("{:?}", verify(store, id, state, Some(id.to_owned())).await)
        }
        Operation::Delivered(id) => format!("{:?}", store.alert_delivered(id).await),
        Operation::Failed(id, retry) => {
            format!("{:?}", store.alert_failed(id, retry, &format!("refused {id}")).await)
        }
        Operation::Expire(before) => format!("{:?}", store.expire_events(before).await),
    }
}

/// Everything that can be asked, but for the rows of events, which only order them.
async fn answers(store: &dyn Store) -> Vec<String> {
    let mut answers = Vec::new();
    for kind in KINDS {
        for (prefix, after) in [("", None), ("a", Some("a")), ("a\0", None), ("a", Some("a\0b"))] {
            answers.push(format!("{:?}", store.list(kind, prefix, after, 3).await));
            answers.push(format!("{:?}", store.count(kind, prefix).await));
        }
        answers.push(format!("{:?}", store.get(kind, "a").await));
    }
    answers.push(format!("{:?}", store.changes_after(2, 100).await));
    answers.push(format!("{:?}", *store.newest_change().borrow()));
    for partition in 0..2 {
        answers.push(format!("{:?}", store.load_chunks(partition).await));
    }
    for suppressed in [None, Some(true)] {
        for thing in [None, Some(ThingName::parse("a").unwrap())] {
            let filter = ViolationFilter { thing, suppressed, ..ViolationFilter::default() };
            let after = Some("1".to_owned());
            answers.push(format!("{:?}", store.active_violations(&filter, None, 9).await));
            answers.push(format!("{:?}", store.active_violations(&filter, after, 9).await));
            let filter = EventFilter { violations: filter, ..always() };
            let events = store.violation_events(&filter, None, 99).await.unwrap();
            let events = events.into_iter().map(|(cursor, event)| (cursor.at_ms, event));
            answers.push(format!("{:?}", events.collect::<Vec<_>>()));
        }
    }
    for id in 0..12 {
        answers.push(format!("{:?}", store.alert_status(id).await));
    }
    for now_ms in [0, 20, 40] {
        answers.push(format!("{:?}", store.due_alerts(now_ms, 3).await));
        answers.push(format!("{:?}", store.next_alert_ms(now_ms).await));
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_stores_answer_alike(operations in vec(operation(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.db");
            let memory = MemoryStore::new();
            let mut sqlite = SqliteStore::open(&path).unwrap();
            for (number, operation) in operations.into_iter().enumerate() {
                let expected = perform(&memory, operation.clone()).await;
                assert_eq!(perform(&*sqlite, operation.clone()).await, expected, "{operation:?}");
                // What is stored does not depend on who stored it.
                if number == 20 {
                    drop(sqlite);
                    sqlite = SqliteStore::open(&path).unwrap();
                }
            }
            let found = answers(&*sqlite).await.into_iter().zip(answers(&memory).await);
            for (found, expected) in found {
                assert_eq!(found, expected);
            }
        });
    }
}
