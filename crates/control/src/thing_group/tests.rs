mod leaving;

use fleetward_domain::{Change, GroupName};
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::Plane;

async fn group(plane: &Plane, name: &str, parent: Option<&str>) -> Value {
    let mut input = json!({"thingGroupName": name});
    if let Some(parent) = parent {
        input["parentGroupName"] = json!(parent);
    }
    plane.ok(Op::CreateThingGroup, input).await
}

fn into(group: &str, thing: &str) -> Value {
    json!({"thingGroupName": group, "thingName": thing})
}

async fn groups_of_last_change(plane: &Plane) -> Vec<String> {
    match plane.changes().await.pop() {
        Some(Change::Thing { groups, registered: true, .. }) => {
            groups.iter().map(|group: &GroupName| group.as_str().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_equal_group_can_be_created_again_and_another_of_its_name_cannot() {
    let plane = Plane::new().await;
    group(&plane, "house", None).await;
    let input = json!({"thingGroupName": "hall", "parentGroupName": "house",
        "thingGroupProperties": {"thingGroupDescription": "lamps",
            "attributePayload": {"attributes": {"floor": "0"}}},
        "tags": [{"Key": "k", "Value": "v"}]});
    let created = plane.ok(Op::CreateThingGroup, input.clone()).await;
    assert_eq!(created["thingGroupArn"], plane.arn("thinggroup/hall"));
    assert_eq!(plane.ok(Op::CreateThingGroup, input).await, created);
    let error =
        plane.call(Op::CreateThingGroup, json!({"thingGroupName": "hall"})).await.unwrap_err();
    assert_eq!((error.status(), error.code.as_str()), (409, "ResourceAlreadyExistsException"));
    let orphan = json!({"thingGroupName": "x", "parentGroupName": "nowhere"});
    let told = plane.refused(Op::CreateThingGroup, orphan).await;
    assert!(told.starts_with("InvalidRequestException: parentGroupName"), "{told}");
}

#[tokio::test]
async fn a_thing_in_a_group_is_in_all_groups_above_it() {
    let plane = Plane::new().await;
    group(&plane, "house", None).await;
    group(&plane, "hall", Some("house")).await;
    group(&plane, "shelf", Some("hall")).await;
    group(&plane, "owned", None).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    plane.ok(Op::AddThingToThingGroup, into("shelf", "lamp")).await;
    assert_eq!(groups_of_last_change(&plane).await, ["hall", "house", "shelf"]);
    let by_arn = json!({"thingGroupArn": plane.arn("thinggroup/owned"),
        "thingArn": plane.arn("thing/lamp")});
    plane.ok(Op::AddThingToThingGroup, by_arn.clone()).await;
    assert_eq!(groups_of_last_change(&plane).await, ["hall", "house", "owned", "shelf"]);
    let changes = plane.changes().await.len();
    plane.ok(Op::AddThingToThingGroup, by_arn).await;
    assert_eq!(plane.changes().await.len(), changes, "adding again changes nothing");
}

#[tokio::test]
async fn a_thing_is_in_one_group_of_a_hierarchy() {
    let plane = Plane::new().await;
    group(&plane, "house", None).await;
    group(&plane, "hall", Some("house")).await;
    group(&plane, "attic", Some("house")).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    plane.ok(Op::AddThingToThingGroup, into("hall", "lamp")).await;
    for other in ["attic", "house"] {
        let told = plane.refused(Op::AddThingToThingGroup, into(other, "lamp")).await;
        assert!(told.contains("same hierarchy"), "{told}");
    }
}

#[tokio::test]
async fn what_is_added_must_exist_and_be_named_once() {
    let plane = Plane::new().await;
    group(&plane, "hall", None).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    for input in [into("hall", "door"), into("attic", "lamp")] {
        let told = plane.refused(Op::AddThingToThingGroup, input).await;
        assert!(told.starts_with("ResourceNotFoundException"), "{told}");
    }
    let other_account = "arn:aws:iot:us-east-1:999999999999:thing/lamp";
    for input in [
        json!({"thingName": "lamp"}),
        json!({"thingGroupName": "hall"}),
        json!({"thingGroupName": "hall", "thingName": "lamp",
            "thingArn": plane.arn("thing/door")}),
        json!({"thingGroupName": "hall", "thingArn": other_account}),
        json!({"thingGroupName": "hall", "thingArn": plane.arn("thinggroup/hall")}),
    ] {
        let told = plane.refused(Op::AddThingToThingGroup, input.clone()).await;
        assert!(told.starts_with("InvalidRequestException"), "{input}: {told}");
    }
}

#[tokio::test]
async fn groups_nest_seven_deep_and_a_thing_is_in_at_most_ten() {
    let plane = Plane::new().await;
    group(&plane, "n1", None).await;
    for depth in 2..=7 {
        group(&plane, &format!("n{depth}"), Some(&format!("n{}", depth - 1))).await;
    }
    let eighth = json!({"thingGroupName": "n8", "parentGroupName": "n7"});
    let told = plane.refused(Op::CreateThingGroup, eighth).await;
    assert!(told.starts_with("InvalidRequestException: Groups below n7"), "{told}");
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    for number in 0..11 {
        group(&plane, &format!("g{number}"), None).await;
    }
    for number in 0..10 {
        plane.ok(Op::AddThingToThingGroup, into(&format!("g{number}"), "lamp")).await;
    }
    let told = plane.refused(Op::AddThingToThingGroup, into("g10", "lamp")).await;
    assert!(told.contains("InvalidRequestException: Thing lamp is in 10 groups"), "{told}");
}

#[tokio::test]
async fn a_thing_added_to_two_groups_at_once_is_in_both() {
    let plane = Plane::new().await;
    group(&plane, "a", None).await;
    group(&plane, "b", None).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    let add = |group: &'static str| plane.ok(Op::AddThingToThingGroup, into(group, "lamp"));
    tokio::join!(add("a"), add("b"));
    assert_eq!(groups_of_last_change(&plane).await, ["a", "b"]);
}
