//! Things that leave groups, and groups that go.

use std::collections::BTreeMap;

use fleetward_domain::{Change, GroupName, Target, Thing, ThingGroup, ThingName};
use fleetward_store::{DepartedGroup, Kind, StoreError, Tx, find};
use fleetward_wire::Operation as Op;
use fleetward_wire::types::AddThingToThingGroupRequest;
use serde_json::json;

use super::super::{add_thing, let_things_leave};
use super::{group, groups_of_last_change, into};
use crate::limits::THINGS_LEAVING_AT_ONCE;
use crate::testing::{Plane, START_MS};

/// Group `house`, `hall` in it, and `lamp` in that.
async fn house() -> Plane {
    let plane = Plane::new().await;
    group(&plane, "house", None).await;
    group(&plane, "hall", Some("house")).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    plane.ok(Op::AddThingToThingGroup, into("hall", "lamp")).await;
    plane
}

fn group_deleted(name_of: &str, ancestors: &[&str]) -> Change {
    let name = |name: &str| GroupName::parse(name).unwrap();
    let ancestors = ancestors.iter().map(|above| name(above)).collect();
    Change::GroupDeleted { name: name(name_of), ancestors }
}

#[tokio::test]
async fn a_thing_that_leaves_a_group_leaves_all_above_it() {
    let plane = house().await;
    group(&plane, "owned", None).await;
    plane.ok(Op::AddThingToThingGroup, into("owned", "lamp")).await;
    let by_arn = json!({"thingGroupArn": plane.arn("thinggroup/hall"),
        "thingArn": plane.arn("thing/lamp")});
    assert_eq!(plane.ok(Op::RemoveThingFromThingGroup, by_arn.clone()).await, json!({}));
    assert_eq!(groups_of_last_change(&plane).await, ["owned"]);
    let changes = plane.changes().await.len();
    plane.ok(Op::RemoveThingFromThingGroup, by_arn).await;
    plane.ok(Op::RemoveThingFromThingGroup, into("house", "lamp")).await;
    assert_eq!(plane.changes().await.len(), changes, "it is not in it: nothing changes");
    // It may be in another group of that hierarchy now.
    plane.ok(Op::AddThingToThingGroup, into("house", "lamp")).await;
    assert_eq!(groups_of_last_change(&plane).await, ["house", "owned"]);
}

#[tokio::test]
async fn a_group_that_goes_meanwhile_does_not_come_back_with_a_change_of_its_thing() {
    let plane = house().await;
    group(&plane, "owned", None).await;
    let name = |name: &str| Some(name.to_owned());
    let added = AddThingToThingGroupRequest {
        thing_group_name: name("owned"),
        thing_name: name("lamp"),
        ..AddThingToThingGroupRequest::default()
    };
    let added = add_thing::add_thing(&plane.control, added).await.unwrap();
    // The thing's document is as it was: of many things that a group has, most leave later.
    let hall = find::<ThingGroup>(&*plane.store, "hall").await.unwrap().unwrap();
    let mut tx = Tx::default();
    tx.remove::<ThingGroup>("hall", hall.version);
    plane.store.commit(tx).await.unwrap();
    let refused = plane.store.commit(added.tx.unwrap()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Precondition(_)), "{refused}");
}

#[tokio::test]
async fn what_is_removed_must_exist_and_be_named_once() {
    let plane = house().await;
    for input in [into("hall", "door"), into("attic", "lamp")] {
        let told = plane.refused(Op::RemoveThingFromThingGroup, input).await;
        assert!(told.starts_with("ResourceNotFoundException"), "{told}");
    }
    for input in [json!({"thingName": "lamp"}), json!({"thingGroupName": "hall"})] {
        let told = plane.refused(Op::RemoveThingFromThingGroup, input.clone()).await;
        assert!(told.starts_with("InvalidRequestException"), "{input}: {told}");
    }
}

#[tokio::test]
async fn a_group_that_goes_lets_its_things_go_by_one_change() {
    let plane = house().await;
    for number in 0..5 {
        let name = format!("lamp-{number}");
        plane.ok(Op::CreateThing, json!({"thingName": name})).await;
        plane.ok(Op::AddThingToThingGroup, into("hall", &name)).await;
    }
    let before = plane.changes().await.len();
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "hall"})).await;
    let changes = plane.changes().await.split_off(before);
    assert_eq!(changes, [group_deleted("hall", &["house"])]);
    assert_eq!(plane.store.count(Kind::ThingOfGroup, "").await.unwrap(), 0);
    // The name is free, and nothing of the old group returns.
    group(&plane, "hall", None).await;
    group(&plane, "owned", None).await;
    plane.ok(Op::AddThingToThingGroup, into("owned", "lamp")).await;
    assert_eq!(groups_of_last_change(&plane).await, ["owned"]);
}

#[tokio::test]
async fn a_group_with_children_stays_and_one_that_is_not_there_counts_as_deleted() {
    let plane = house().await;
    let told = plane.refused(Op::DeleteThingGroup, json!({"thingGroupName": "house"})).await;
    assert_eq!(
        told,
        "InvalidRequestException: Cannot delete thing group : house when there are still child \
         groups attached to it."
    );
    for name in ["hall", "house", "house"] {
        let deleted = plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": name})).await;
        assert_eq!(deleted, json!({}));
    }
    let version = json!({"thingGroupName": "house", "expectedVersion": 7});
    plane.ok(Op::DeleteThingGroup, version.clone()).await;
    group(&plane, "house", None).await;
    let told = plane.refused(Op::DeleteThingGroup, version).await;
    assert!(told.starts_with("VersionConflictException: The version for thing group house"));
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "house", "expectedVersion": 1})).await;
}

#[tokio::test]
async fn profiles_of_a_group_that_goes_are_detached() {
    let plane = house().await;
    let everybody = plane.arn("all/things");
    let hall = plane.arn("thinggroup/hall");
    for name in ["p", "q"] {
        plane.ok(Op::CreateSecurityProfile, json!({"securityProfileName": name})).await;
        for arn in [&hall, &everybody] {
            let attach = json!({"securityProfileName": name, "securityProfileTargetArn": arn});
            plane.ok(Op::AttachSecurityProfile, attach).await;
        }
    }
    let before = plane.changes().await.len();
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "hall"})).await;
    let changes = plane.changes().await.split_off(before);
    assert!(matches!(changes[0], Change::GroupDeleted { .. }), "{changes:?}");
    for (change, profile) in changes[1..].iter().zip(["p", "q"]) {
        let Change::Profile(told, targets) = change else { panic!("{change:?}") };
        assert_eq!((told.name.as_str(), &targets[..]), (profile, &[Target::AllThings][..]));
        let input = json!({"securityProfileName": profile});
        let targets = plane.ok(Op::ListTargetsForSecurityProfile, input).await;
        assert_eq!(targets["securityProfileTargets"], json!([{"arn": everybody}]));
    }
    assert_eq!(changes.len(), 3);
    assert_eq!(plane.store.count(Kind::ProfileOfTarget, &hall).await.unwrap(), 0);
}

#[tokio::test]
async fn who_comes_while_a_group_goes_comes_before_or_not_at_all() {
    for _ in 0..8 {
        let plane = house().await;
        plane.ok(Op::CreateThing, json!({"thingName": "door"})).await;
        plane.ok(Op::CreateSecurityProfile, json!({"securityProfileName": "p"})).await;
        let child = json!({"thingGroupName": "shelf", "parentGroupName": "hall"});
        let attach = json!({"securityProfileName": "p",
            "securityProfileTargetArn": plane.arn("thinggroup/hall")});
        let (gone, _, made, attached) = tokio::join!(
            plane.call(Op::DeleteThingGroup, json!({"thingGroupName": "hall"})),
            plane.call(Op::AddThingToThingGroup, into("hall", "door")),
            plane.call(Op::CreateThingGroup, child),
            plane.call(Op::AttachSecurityProfile, attach),
        );
        assert_ne!(gone.is_ok(), made.is_ok(), "a group has no child once it is gone");
        if gone.is_ok() {
            let edges = plane.store.count(Kind::ProfileOfTarget, "").await.unwrap();
            assert_eq!(edges, 0, "attached: {}", attached.is_ok());
            // A thing that came in between is in no group, also not in the next of the name.
            group(&plane, "hall", None).await;
            assert_eq!(plane.store.count(Kind::ThingOfGroup, "").await.unwrap(), 0);
        }
    }
}

/// A group with as many things as leave at once and this many more.
async fn crowd(plane: &Plane, more: usize) {
    group(plane, "crowd", None).await;
    let mut tx = Tx::default();
    for number in 0..THINGS_LEAVING_AT_ONCE + more {
        let name = ThingName::parse(format!("lamp-{number:04}")).unwrap();
        tx.draw_edge(Kind::ThingOfGroup, "crowd", name.as_str());
        let thing = Thing {
            id: name.to_string(),
            name,
            attributes: BTreeMap::new(),
            groups: vec![GroupName::parse("crowd").unwrap()],
            version: 1,
            created_ms: START_MS,
        };
        tx.create(&thing, plane.store.format_level()).unwrap();
    }
    plane.store.commit(tx).await.unwrap();
}

#[tokio::test]
async fn a_group_of_any_size_goes_by_one_change_and_its_things_leave_by_and_by() {
    let plane = Plane::new().await;
    crowd(&plane, THINGS_LEAVING_AT_ONCE + 1).await;
    let before = plane.changes().await.len();
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "crowd"})).await;
    let changes = plane.changes().await.split_off(before);
    assert_eq!(changes, [group_deleted("crowd", &[])]);
    // Nobody gets into the new one who was in the old.
    let told = plane.refused(Op::CreateThingGroup, json!({"thingGroupName": "crowd"})).await;
    assert!(told.starts_with("ServiceUnavailableException: Things are leaving"), "{told}");
    let mut steps = 0;
    while let_things_leave(&*plane.store).await.unwrap() {
        steps += 1;
    }
    assert_eq!(steps, 2);
    assert_eq!(plane.store.count(Kind::ThingOfGroup, "").await.unwrap(), 0);
    assert_eq!(plane.changes().await.len(), before + 1);
    let last = format!("lamp-{:04}", 2 * THINGS_LEAVING_AT_ONCE);
    let last = find::<Thing>(&*plane.store, &last).await.unwrap().unwrap().value;
    assert_eq!(last.groups, []);
    group(&plane, "crowd", None).await;
}

#[tokio::test]
async fn things_of_a_new_group_do_not_leave_with_those_of_the_old_one() {
    let plane = Plane::new().await;
    crowd(&plane, 1).await;
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "crowd"})).await;
    group(&plane, "crowd", None).await;
    plane.ok(Op::AddThingToThingGroup, into("crowd", "lamp-0000")).await;
    assert!(!let_things_leave(&*plane.store).await.unwrap());
    assert_eq!(groups_of_last_change(&plane).await, ["crowd"]);
    assert_eq!(plane.store.count(Kind::ThingOfGroup, "").await.unwrap(), 1);
}

#[tokio::test]
async fn a_departed_group_that_cannot_be_read_holds_no_other_up() {
    let plane = Plane::new().await;
    crowd(&plane, 1).await;
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "crowd"})).await;
    let mut tx = Tx::default();
    let before = format!("{}a", DepartedGroup::all());
    tx.puts.push((Kind::Setting, before, b"damaged".to_vec()));
    plane.store.commit(tx).await.unwrap();
    while let_things_leave(&*plane.store).await.unwrap() {}
    assert_eq!(plane.store.count(Kind::ThingOfGroup, "").await.unwrap(), 0);
    assert_eq!(plane.store.count(Kind::Setting, &DepartedGroup::all()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_thing_that_slips_into_a_group_while_it_goes_leaves_it_too() {
    let plane = house().await;
    plane.ok(Op::DeleteThingGroup, json!({"thingGroupName": "hall"})).await;
    let mut tx = Tx::default();
    tx.draw_edge(Kind::ThingOfGroup, "hall", "door");
    plane.store.commit(tx).await.unwrap();
    while let_things_leave(&*plane.store).await.unwrap() {}
    assert_eq!(plane.store.count(Kind::ThingOfGroup, "").await.unwrap(), 0);
    assert_eq!(plane.store.count(Kind::Setting, &DepartedGroup::all()).await.unwrap(), 0);
}
