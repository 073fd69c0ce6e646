//! One document that cannot be read, and all the others that can.

use fleetward_store::{Kind, Tx};
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::Plane;

/// A document that a newer release wrote, and one that something damaged.
async fn damaged(plane: &Plane, kind: Kind) {
    let newer = (kind, "newer".to_owned(), br#"{"v":9,"title":"newer"}"#.to_vec());
    let broken = (kind, "broken".to_owned(), br#"{"name":"broken","#.to_vec());
    plane.store.commit(Tx { puts: vec![newer, broken], ..Tx::default() }).await.unwrap();
}

fn names(list: &Value, member: &str) -> Vec<String> {
    let name = |item: &Value| item.get(member).unwrap_or(item).as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_thing_that_cannot_be_read_does_not_end_the_listing_of_the_others() {
    let plane = Plane::new().await;
    for name in ["a", "lamp", "z"] {
        plane.ok(Op::CreateThing, json!({"thingName": name})).await;
    }
    damaged(&plane, Kind::Thing).await;
    let listed = plane.ok(Op::ListThings, json!({})).await;
    assert_eq!(names(&listed["things"], "thingName"), ["a", "lamp", "z"]);
    assert_eq!(plane.store.unreadable().readings(), 2);
    // Pages are as long as was asked for, and go on behind what cannot be read.
    let page = plane.ok(Op::ListThings, json!({"maxResults": 2})).await;
    assert_eq!(names(&page["things"], "thingName"), ["a", "lamp"]);
    let rest = json!({"maxResults": 2, "nextToken": page["nextToken"]});
    let rest = plane.ok(Op::ListThings, rest).await;
    assert_eq!(names(&rest["things"], "thingName"), ["z"]);
}

#[tokio::test]
async fn what_cannot_be_read_and_is_asked_for_is_our_failure() {
    let plane = Plane::new().await;
    damaged(&plane, Kind::Thing).await;
    for name in ["newer", "broken"] {
        let told = plane.refused(Op::DescribeThing, json!({"thingName": name})).await;
        assert!(told.starts_with("InternalFailure"), "{told}");
        assert!(!told.contains("title") && !told.contains("JSON"), "{told}");
    }
}

#[tokio::test]
async fn profiles_that_cannot_be_read_do_not_end_listings_and_leave_dimensions_usable() {
    let plane = Plane::new().await;
    let named = |name: &str| json!({"securityProfileName": name});
    plane.ok(Op::CreateSecurityProfile, named("lamps")).await;
    damaged(&plane, Kind::SecurityProfile).await;
    damaged(&plane, Kind::Dimension).await;
    let filters = json!(["admin/#"]);
    let dimension = json!({"name": "admin", "type": "TOPIC_FILTER", "stringValues": filters,
        "clientRequestToken": "t"});
    plane.ok(Op::CreateDimension, dimension).await;
    let used = json!({"dimensionName": "admin"});
    let listed = plane.ok(Op::ListSecurityProfiles, used).await;
    assert_eq!(listed["securityProfileIdentifiers"], json!([]));
    let target = json!({"securityProfileName": "lamps",
        "securityProfileTargetArn": plane.arn("all/things")});
    plane.ok(Op::AttachSecurityProfile, target).await;
    let listed = plane.ok(Op::ListTargetsForSecurityProfile, named("lamps")).await;
    assert_eq!(listed["securityProfileTargets"].as_array().unwrap().len(), 1);
    let told = plane.refused(Op::DescribeSecurityProfile, named("broken")).await;
    assert!(told.starts_with("InternalFailure"), "{told}");
}
