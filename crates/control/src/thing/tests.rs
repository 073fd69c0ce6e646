use fleetward_domain::{Change, ThingName};
use fleetward_environment::Chance;
use fleetward_store::Kind;
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::certificate::tests::certificate;
use crate::testing::Plane;

fn thing(name: &str, attributes: Value) -> Value {
    json!({"thingName": name, "attributePayload": {"attributes": attributes}})
}

#[tokio::test]
async fn a_thing_is_described_as_it_was_created() {
    let plane = Plane::new().await;
    let created = plane.ok(Op::CreateThing, thing("lamp", json!({"room": "hall"}))).await;
    assert_eq!(created["thingName"], "lamp");
    assert_eq!(created["thingArn"], plane.arn("thing/lamp"));
    let described = plane.ok(Op::DescribeThing, json!({"thingName": "lamp"})).await;
    let expected = json!({"defaultClientId": "lamp", "thingName": "lamp",
        "thingId": created["thingId"], "thingArn": plane.arn("thing/lamp"),
        "attributes": {"room": "hall"}, "version": 1});
    assert_eq!(described, expected);
    let change = Change::Thing {
        name: ThingName::parse("lamp").unwrap(),
        registered: true,
        groups: Vec::new(),
    };
    assert_eq!(plane.changes().await, [change]);
    let told = plane.refused(Op::DescribeThing, json!({"thingName": "door"})).await;
    assert_eq!(told, "ResourceNotFoundException: Thing door does not exist.");
}

#[tokio::test]
async fn an_equal_thing_can_be_created_again_and_another_of_its_name_cannot() {
    let plane = Plane::new().await;
    let first = plane.ok(Op::CreateThing, thing("lamp", json!({"room": "hall"}))).await;
    let again = plane.ok(Op::CreateThing, thing("lamp", json!({"room": "hall"}))).await;
    assert_eq!(first, again);
    assert_eq!(plane.changes().await.len(), 1);
    let error = plane.call(Op::CreateThing, json!({"thingName": "lamp"})).await.unwrap_err();
    assert_eq!((error.status(), error.code.as_str()), (409, "ResourceAlreadyExistsException"));
    assert_eq!(error.resource_arn, Some(plane.arn("thing/lamp")));
}

#[tokio::test]
async fn a_thing_type_or_billing_group_that_does_not_exist_is_not_made_up() {
    let plane = Plane::new().await;
    for member in ["thingTypeName", "billingGroupName"] {
        let told = plane.refused(Op::CreateThing, json!({"thingName": "lamp", member: "x"})).await;
        assert!(told.starts_with("ResourceNotFoundException"), "{told}");
    }
}

#[tokio::test]
async fn a_thing_has_at_most_fifty_attributes() {
    let plane = Plane::new().await;
    let attributes =
        |count: usize| (0..count).map(|n| (format!("a{n}"), json!("v"))).collect::<Value>();
    plane.ok(Op::CreateThing, thing("full", attributes(50))).await;
    let told = plane.refused(Op::CreateThing, thing("over", attributes(51))).await;
    assert!(told.starts_with("InvalidRequestException: attributePayload has 51"), "{told}");
}

async fn names(plane: &Plane, mut input: Value) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = plane.ok(Op::ListThings, input.clone()).await;
        let things = page["things"].as_array().unwrap();
        names.extend(things.iter().map(|thing| thing["thingName"].as_str().unwrap().to_owned()));
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return names,
        }
    }
}

#[tokio::test]
async fn things_are_listed_by_name_and_by_attribute() {
    let plane = Plane::new().await;
    for (name, room) in [("b", "hall"), ("a", "hallway"), ("d", "attic"), ("c", "hall")] {
        plane.ok(Op::CreateThing, thing(name, json!({"room": room}))).await;
    }
    plane.ok(Op::CreateThing, json!({"thingName": "e"})).await;
    let by_room = json!({"attributeName": "room"});
    let table = [
        (json!({}), vec!["a", "b", "c", "d", "e"]),
        (by_room, vec!["a", "b", "c", "d"]),
        (json!({"attributeName": "room", "attributeValue": "hall"}), vec!["b", "c"]),
        (
            json!({"attributeName": "room", "attributeValue": "hall",
                "usePrefixAttributeValue": true}),
            vec!["a", "b", "c"],
        ),
        (json!({"attributeName": "floor"}), vec![]),
        (json!({"thingTypeName": "lamp"}), vec![]),
    ];
    for (input, expected) in table {
        assert_eq!(names(&plane, input.clone()).await, expected, "{input}");
        let mut by_one = input.clone();
        by_one["maxResults"] = json!(1);
        assert_eq!(names(&plane, by_one).await, expected, "{input}, one at a time");
    }
    let told = plane.refused(Op::ListThings, json!({"attributeValue": "hall"})).await;
    assert!(told.starts_with("InvalidRequestException: attributeValue"), "{told}");
}

#[tokio::test]
async fn a_token_is_good_for_the_same_filters_only() {
    let plane = Plane::new().await;
    for name in ["a", "b"] {
        plane.ok(Op::CreateThing, thing(name, json!({"room": "hall"}))).await;
    }
    let page = plane.ok(Op::ListThings, json!({"maxResults": 1})).await;
    let token = &page["nextToken"];
    let told =
        plane.refused(Op::ListThings, json!({"nextToken": token, "attributeName": "room"})).await;
    assert!(told.contains("nextToken"), "{told}");
    // Another length of page is not another listing.
    plane.ok(Op::ListThings, json!({"nextToken": token, "maxResults": 5})).await;
}

#[tokio::test]
async fn of_two_who_create_a_thing_at_once_both_succeed_with_the_same_id() {
    let plane = Plane::new().await;
    let create = || plane.ok(Op::CreateThing, json!({"thingName": "lamp"}));
    let (one, two) = tokio::join!(create(), create());
    assert_eq!(one, two);
}

#[tokio::test]
async fn ids_of_things_and_groups_are_drawn() {
    let (plane, chance) = (Plane::with_chance(Chance::seeded(5)).await, Chance::seeded(5));
    let lamp = plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    assert_eq!(lamp["thingId"], chance.uuid().unwrap());
    let hall = plane.ok(Op::CreateThingGroup, json!({"thingGroupName": "hall"})).await;
    assert_eq!(hall["thingGroupId"], chance.uuid().unwrap());
}

#[tokio::test]
async fn without_randomness_nothing_is_made_and_the_failure_is_ours() {
    let plane = Plane::with_chance(Chance::exhausted()).await;
    for (create, name) in [(Op::CreateThing, "thingName"), (Op::CreateThingGroup, "thingGroupName")]
    {
        let error = plane.call(create, json!({name: "lamp"})).await.unwrap_err();
        assert_eq!((error.status(), error.code.as_str()), (500, "InternalFailureException"));
    }
    for kind in [Kind::Thing, Kind::ThingGroup] {
        assert_eq!(plane.store.count(kind, "").await.unwrap(), 0, "{kind:?}");
    }
    assert!(plane.changes().await.is_empty());
}

#[tokio::test]
async fn a_deleted_thing_leaves_its_groups_and_is_told_as_unregistered() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    plane.ok(Op::CreateThingGroup, json!({"thingGroupName": "hall"})).await;
    let into = json!({"thingGroupName": "hall", "thingName": "lamp"});
    plane.ok(Op::AddThingToThingGroup, into).await;
    let told = plane.refused(Op::DeleteThing, json!({"thingName": "lamp", "expectedVersion": 7}));
    let told = told.await;
    assert!(told.starts_with("VersionConflictException: The version for thing lamp"), "{told}");
    let delete = json!({"thingName": "lamp", "expectedVersion": 1});
    assert_eq!(plane.ok(Op::DeleteThing, delete.clone()).await, json!({}));
    let name = fleetward_domain::ThingName::parse("lamp").unwrap();
    let change = Change::Thing { name, registered: false, groups: Vec::new() };
    assert_eq!(plane.changes().await.pop(), Some(change));
    for kind in [Kind::Thing, Kind::ThingOfGroup] {
        assert_eq!(plane.store.count(kind, "").await.unwrap(), 0, "{kind:?}");
    }
    let changes = plane.changes().await.len();
    plane.ok(Op::DeleteThing, delete).await;
    assert_eq!(plane.changes().await.len(), changes, "what is not there counts as deleted");
}

#[tokio::test]
async fn a_thing_that_has_certificates_stays() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    let (_, principal) = certificate(&plane).await;
    let attach = json!({"thingName": "lamp", "principal": principal});
    let (attached, deleted) = tokio::join!(
        plane.call(Op::AttachThingPrincipal, attach.clone()),
        plane.call(Op::DeleteThing, json!({"thingName": "lamp"})),
    );
    assert_ne!(attached.is_ok(), deleted.is_ok(), "the one or the other");
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    plane.ok(Op::AttachThingPrincipal, attach).await;
    let told = plane.refused(Op::DeleteThing, json!({"thingName": "lamp"})).await;
    assert_eq!(
        told,
        "InvalidRequestException: Cannot delete. Thing lamp is still attached to one or more \
         principals."
    );
}

#[tokio::test]
async fn an_update_replaces_or_merges_the_attributes_and_counts() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateThing, thing("lamp", json!({"room": "hall", "floor": "1"}))).await;
    let described = async |plane: &Plane| {
        let told = plane.ok(Op::DescribeThing, json!({"thingName": "lamp"})).await;
        (told["attributes"].clone(), told["version"].clone())
    };
    let merging = |attributes: Value| {
        json!({"thingName": "lamp",
            "attributePayload": {"attributes": attributes, "merge": true}})
    };
    for (input, attributes, version) in [
        (json!({"thingName": "lamp"}), json!({"room": "hall", "floor": "1"}), 2),
        (merging(json!({"room": "attic", "floor": ""})), json!({"room": "attic"}), 3),
        (merging(json!({"side": "left"})), json!({"room": "attic", "side": "left"}), 4),
        (thing("lamp", json!({"side": "right", "none": ""})), json!({"side": "right"}), 5),
        (thing("lamp", json!({})), json!({}), 6),
    ] {
        assert_eq!(plane.ok(Op::UpdateThing, input.clone()).await, json!({}));
        assert_eq!(described(&plane).await, (attributes, json!(version)), "{input}");
    }
    let name = ThingName::parse("lamp").unwrap();
    let change = Change::Thing { name, registered: true, groups: Vec::new() };
    assert_eq!(plane.changes().await, vec![change; 6]);
}

#[tokio::test]
async fn an_update_of_another_version_thing_or_type_is_refused() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    for (input, told) in [
        (json!({"thingName": "lamp", "expectedVersion": 7}), "VersionConflictException: The"),
        (json!({"thingName": "door"}), "ResourceNotFoundException: Thing door"),
        (
            json!({"thingName": "lamp", "thingTypeName": "t"}),
            "ResourceNotFoundException: Thing type t",
        ),
        (
            json!({"thingName": "lamp", "thingTypeName": "t", "removeThingType": true}),
            "InvalidRequestException: thingTypeName and removeThingType",
        ),
    ] {
        let found = plane.refused(Op::UpdateThing, input).await;
        assert!(found.starts_with(told), "{found}");
    }
    let expected = json!({"thingName": "lamp", "expectedVersion": 1, "removeThingType": true});
    plane.ok(Op::UpdateThing, expected).await;
}
