use super::*;

fn pair(plane: &Plane, profile: &str, target: &str) -> Value {
    json!({"securityProfileName": profile, "securityProfileTargetArn": plane.arn(target)})
}

#[tokio::test]
async fn a_profile_is_attached_and_detached_and_doing_so_twice_changes_nothing() {
    let plane = Plane::new().await;
    create(&plane, "p", json!([behavior("a")])).await;
    plane.ok(Op::CreateThingGroup, json!({"thingGroupName": "g"})).await;
    let (group, all) = (pair(&plane, "p", "thinggroup/g"), pair(&plane, "p", "all/things"));
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::AttachSecurityProfile, group.clone()).await, json!({}));
    }
    plane.ok(Op::AttachSecurityProfile, all.clone()).await;
    let (profile, targets) = last_profile_change(&plane).await;
    assert_eq!((profile.version, targets.len()), (1, 2));
    let count = plane.changes().await.len();
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::DetachSecurityProfile, group.clone()).await, json!({}));
    }
    assert_eq!(last_profile_change(&plane).await.1, [Target::AllThings]);
    assert_eq!(plane.changes().await.len(), count + 1);
}

#[tokio::test]
async fn profile_and_target_must_exist_and_be_of_this_place() {
    let plane = Plane::new().await;
    create(&plane, "p", json!([])).await;
    for (profile, target, code) in [
        ("q", plane.arn("all/things"), "ResourceNotFoundException: Security profile q"),
        ("p", plane.arn("thinggroup/g"), "ResourceNotFoundException: Thing group g"),
        ("p", plane.arn("thing/t"), "InvalidRequestException: securityProfileTargetArn"),
        ("p", plane.arn("all/gateways"), "InvalidRequestException: securityProfileTargetArn"),
        ("p", "arn:aws:iot:eu-west-1:123456789012:all/things".into(), "InvalidRequestException"),
        ("p", "arn:aws:iot:us-east-1:999999999999:all/things".into(), "InvalidRequestException"),
        ("p", "everything".into(), "InvalidRequestException"),
    ] {
        let input = json!({"securityProfileName": profile, "securityProfileTargetArn": target});
        let told = plane.refused(Op::AttachSecurityProfile, input.clone()).await;
        assert!(told.starts_with(code), "{target}: {told}");
        if code.starts_with("Invalid") || profile == "q" {
            let told = plane.refused(Op::DetachSecurityProfile, input).await;
            assert!(told.starts_with(code), "{target}: {told}");
        }
    }
}

#[tokio::test]
async fn a_target_has_at_most_five_profiles_also_when_they_come_at_once() {
    let plane = Plane::new().await;
    for number in 0..7 {
        create(&plane, &format!("p{number}"), json!([])).await;
    }
    for number in 0..4 {
        let input = pair(&plane, &format!("p{number}"), "all/things");
        plane.ok(Op::AttachSecurityProfile, input).await;
    }
    let attach =
        |name: &str| plane.call(Op::AttachSecurityProfile, pair(&plane, name, "all/things"));
    let (a, b, c) = tokio::join!(attach("p4"), attach("p5"), attach("p6"));
    let refused: Vec<_> = [a, b, c].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 2);
    for error in refused {
        assert_eq!((error.status(), error.code.as_str()), (410, "LimitExceededException"));
    }
    plane.ok(Op::DetachSecurityProfile, pair(&plane, "p0", "all/things")).await;
    plane.ok(Op::AttachSecurityProfile, pair(&plane, "p0", "all/things")).await;
    plane.ok(Op::AttachSecurityProfile, pair(&plane, "p5", "all/registered-things")).await;
}

#[tokio::test]
async fn the_last_change_knows_all_targets_also_when_they_come_at_once() {
    let plane = Plane::new().await;
    create(&plane, "p", json!([])).await;
    let targets = ["all/things", "all/registered-things", "all/unregistered-things"];
    let attach = |target: &str| plane.ok(Op::AttachSecurityProfile, pair(&plane, "p", target));
    let [a, b, c] = targets.map(attach);
    tokio::join!(a, b, c);
    assert_eq!(last_profile_change(&plane).await.1.len(), 3);
    let update = json!({"securityProfileName": "p", "securityProfileDescription": "new"});
    let (_, _) = tokio::join!(
        plane.ok(Op::UpdateSecurityProfile, update),
        plane.ok(Op::DetachSecurityProfile, pair(&plane, "p", "all/things")),
    );
    let (profile, targets) = last_profile_change(&plane).await;
    assert_eq!((profile.version, targets.len()), (2, 2));
}
