//! Writers of one document take turns: none is told to come back.

use std::sync::atomic::{AtomicU32, Ordering};

use fleetward_store::memory::MemoryStore;
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{Kind, Precondition, StoreError};
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::limits::COMMIT_TRIES;
use crate::testing::Plane;

/// Runs all calls at once; gives the errors.
async fn all_at_once(
    plane: &Plane,
    writers: usize,
    calls: usize,
    input: impl Fn(usize, usize) -> (Operation, Value),
) -> Vec<ApiError> {
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let inputs: Vec<_> = (0..calls).map(|call| input(writer, call)).collect();
        let (control, caller) = (Arc::clone(&plane.control), Caller::operator(&plane.place));
        tasks.spawn(async move {
            let mut errors = Vec::new();
            for (operation, input) in inputs {
                errors.extend(control.call(&caller, operation, input).await.err());
            }
            errors
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// Fifty writers update one profile ten times each.
async fn update_one_profile(plane: &Plane) {
    let name = "securityProfileName";
    plane.ok(Operation::CreateSecurityProfile, json!({name: "p"})).await;
    let errors = all_at_once(plane, 50, 10, |writer, call| {
        let description = format!("{writer} {call}");
        let input = json!({name: "p", "securityProfileDescription": description});
        (Operation::UpdateSecurityProfile, input)
    })
    .await;
    assert_eq!(errors, []);
    let profile = plane.ok(Operation::DescribeSecurityProfile, json!({name: "p"})).await;
    assert_eq!(profile["version"], 501, "every update counted");
}

/// Sixteen things get the same certificate.
async fn attach_one_certificate(plane: &Plane) {
    let made = plane.ok(Operation::CreateKeysAndCertificate, json!({})).await;
    for number in 0..16 {
        plane.ok(Operation::CreateThing, json!({"thingName": format!("t{number}")})).await;
    }
    let errors = all_at_once(plane, 16, 1, |writer, _| {
        let thing = format!("t{writer}");
        let input = json!({"thingName": thing, "principal": made["certificateArn"]});
        (Operation::AttachThingPrincipal, input)
    })
    .await;
    assert_eq!(errors, []);
}

/// Profiles are attached to one target at once: each needs its own document and the target's gate.
async fn attach_to_one_target(plane: &Plane) {
    for number in 0..5 {
        let input = json!({"securityProfileName": format!("q{number}")});
        plane.ok(Operation::CreateSecurityProfile, input).await;
    }
    let targets = ["all/things", "all/registered-things", "all/unregistered-things"];
    let errors = all_at_once(plane, 5, 9, |writer, call| {
        let target = plane.arn(targets[(writer + call) % 3]);
        let profile = format!("q{writer}");
        let input = json!({"securityProfileName": profile, "securityProfileTargetArn": target});
        let attaches = call % 2 == 0;
        let detach = Operation::DetachSecurityProfile;
        (if attaches { Operation::AttachSecurityProfile } else { detach }, input)
    })
    .await;
    assert_eq!(errors, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_one_document_take_turns_in_memory() {
    let plane = Plane::new().await;
    update_one_profile(&plane).await;
    attach_one_certificate(&plane).await;
    attach_to_one_target(&plane).await;
}

#[tokio::test]
async fn writers_of_one_document_take_turns_on_one_thread() {
    let plane = Plane::new().await;
    update_one_profile(&plane).await;
    attach_to_one_target(&plane).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_one_document_take_turns_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let plane = Plane::on(store.clone(), 300).await;
    update_one_profile(&plane).await;
    attach_one_certificate(&plane).await;
    attach_to_one_target(&plane).await;
    drop(plane);
    store.close().await.unwrap();
}

#[tokio::test]
async fn other_processes_are_outlasted_for_a_while() {
    let to_lose = Arc::new(AtomicU32::new(0));
    let left = Arc::clone(&to_lose);
    let store = MemoryStore::contended(move |tx| {
        let lose = |left: u32| left.checked_sub(1);
        let lost = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_ok();
        match tx.preconditions.first() {
            Some(over) if lost => Err(StoreError::Precondition(over.clone())),
            _ => Ok(()),
        }
    });
    let plane = Plane::on(Arc::new(store), 300).await;
    let create = |name: &str| plane.call(Operation::CreateThing, json!({"thingName": name}));
    to_lose.store(COMMIT_TRIES - 1, Ordering::SeqCst);
    create("a").await.unwrap();
    to_lose.store(COMMIT_TRIES, Ordering::SeqCst);
    let error = create("b").await.unwrap_err();
    assert_eq!((error.status(), error.code.as_str()), (503, "ServiceUnavailableException"));
    create("b").await.unwrap();
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_who_has_lost_before() {
    let plane = Plane::new().await;
    let name = "securityProfileName";
    plane.ok(Operation::CreateSecurityProfile, json!({name: "p"})).await;
    let mut loser = plane.control.turns.begin();
    let over = Precondition::VersionIs(Kind::SecurityProfile, "p".to_owned(), 1);
    loser.wait_after_losing(&over).await;
    let describe = || plane.ok(Operation::DescribeSecurityProfile, json!({name: "p"}));
    let update = json!({name: "p", "securityProfileDescription": "new"});
    let mut newcomer = std::pin::pin!(plane.ok(Operation::UpdateSecurityProfile, update));
    for _ in 0..100 {
        tokio::select! {
            biased;
            _ = &mut newcomer => panic!("it went before the one that lost"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(describe().await["version"], 1);
    drop(loser);
    newcomer.await;
    assert_eq!(describe().await["version"], 2);
}
