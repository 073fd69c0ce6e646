use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use crate::testing::{Plane, START_MS};

const HOUR_MS: i64 = 3_600_000;

fn until(after_ms: i64) -> i64 {
    (START_MS + after_ms) / 1_000
}

fn of_thing(after_ms: i64) -> Value {
    json!({"thingName": "lamp", "until": until(after_ms), "reason": "works on the hall"})
}

async fn listed(plane: &Plane) -> Vec<Value> {
    let answer = plane.ok(Op::ListMutes, json!({})).await;
    answer["mutes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_mute_says_what_until_when_why_and_by_whom_and_is_gone_when_it_is_over() {
    let plane = Plane::new().await;
    let mut asked = of_thing(HOUR_MS);
    asked["createdBy"] = json!("somebody else");
    let id = plane.ok(Op::CreateMute, asked).await["muteId"].clone();
    let expected = json!({"muteId": id, "thingName": "lamp", "until": until(HOUR_MS),
        "reason": "works on the hall", "createdBy": "arn:aws:iam::123456789012:root",
        "creationDate": START_MS / 1_000});
    assert_eq!(listed(&plane).await, [expected]);
    plane.later_ms(HOUR_MS);
    assert!(listed(&plane).await.is_empty());
}

#[tokio::test]
async fn groups_profiles_and_behaviors_must_be_there() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateThingGroup, json!({"thingGroupName": "hall"})).await;
    let behavior = json!({"name": "ports", "metric": "aws:num-listening-tcp-ports",
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 1}}});
    let profile = json!({"securityProfileName": "p", "behaviors": [behavior]});
    plane.ok(Op::CreateSecurityProfile, profile).await;
    let with = |subject: Value| {
        let mut input = json!({"until": until(HOUR_MS), "reason": "works"});
        input.as_object_mut().unwrap().extend(subject.as_object().unwrap().clone());
        input
    };
    for subject in [
        json!({"thingGroupName": "hall"}),
        json!({"securityProfileName": "p"}),
        json!({"securityProfileName": "p", "behaviorName": "ports"}),
    ] {
        let id = plane.ok(Op::CreateMute, with(subject.clone())).await["muteId"].clone();
        let mutes = listed(&plane).await;
        let mute = mutes.iter().find(|mute| mute["muteId"] == id).unwrap();
        for (member, value) in subject.as_object().unwrap() {
            assert_eq!(mute[member], *value, "{mute}");
        }
    }
    for subject in [
        json!({"thingGroupName": "attic"}),
        json!({"securityProfileName": "q"}),
        json!({"securityProfileName": "p", "behaviorName": "other"}),
    ] {
        let told = plane.refused(Op::CreateMute, with(subject)).await;
        assert!(told.starts_with("ResourceNotFoundException"), "{told}");
    }
    for subject in [
        json!({}),
        json!({"behaviorName": "ports"}),
        json!({"thingName": "lamp", "thingGroupName": "hall"}),
    ] {
        let told = plane.refused(Op::CreateMute, with(subject)).await;
        assert!(told.starts_with("InvalidRequestException: One of thingName"), "{told}");
    }
}

#[tokio::test]
async fn a_mute_ends_and_within_thirty_days() {
    let plane = Plane::new().await;
    let told = plane.refused(Op::CreateMute, of_thing(-1_000)).await;
    assert!(told.contains("until: the time has passed"), "{told}");
    let told = plane.refused(Op::CreateMute, of_thing(31 * 24 * HOUR_MS)).await;
    assert!(told.contains("until: a mute lasts 30 days at most"), "{told}");
    plane.ok(Op::CreateMute, of_thing(30 * 24 * HOUR_MS)).await;
}

#[tokio::test]
async fn a_mute_is_taken_away_once_or_twice() {
    let plane = Plane::new().await;
    let id = plane.ok(Op::CreateMute, of_thing(HOUR_MS)).await["muteId"].clone();
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::DeleteMute, json!({"muteId": id})).await, json!({}));
    }
    assert!(listed(&plane).await.is_empty());
}
