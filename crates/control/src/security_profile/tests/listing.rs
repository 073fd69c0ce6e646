use super::*;

/// Every item of a listing, read page by page.
async fn all(plane: &Plane, operation: Op, list: &str, mut input: Value) -> Vec<Value> {
    let mut items = Vec::new();
    loop {
        let page = plane.ok(operation, input.clone()).await;
        items.extend(page[list].as_array().unwrap().iter().cloned());
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return items,
        }
    }
}

async fn names(plane: &Plane, mut input: Value) -> Vec<String> {
    let list = "securityProfileIdentifiers";
    let items = all(plane, Op::ListSecurityProfiles, list, input.clone()).await;
    input["maxResults"] = json!(1);
    let one_by_one = all(plane, Op::ListSecurityProfiles, list, input).await;
    assert_eq!(items, one_by_one);
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn profiles_are_listed_by_name_by_dimension_and_by_metric() {
    let plane = Plane::new().await;
    dimension(&plane, "d").await;
    dimension(&plane, "unused").await;
    let mut with_dimension = behavior("a");
    with_dimension["metricDimension"] = json!({"dimensionName": "d"});
    create(&plane, "c", json!([with_dimension])).await;
    create(&plane, "a", json!([with_dimension])).await;
    create(&plane, "b", json!([behavior("x")])).await;
    let retains = json!({"securityProfileName": "e",
        "additionalMetricsToRetain": ["aws:all-bytes-in"]});
    plane.ok(Op::CreateSecurityProfile, retains).await;
    for (input, expected) in [
        (json!({}), vec!["a", "b", "c", "e"]),
        (json!({"dimensionName": "d"}), vec!["a", "c"]),
        (json!({"dimensionName": "unused"}), vec![]),
        (json!({"metricName": "aws:num-messages-sent"}), vec!["a", "b", "c"]),
        (json!({"metricName": "aws:all-bytes-in"}), vec!["e"]),
    ] {
        assert_eq!(names(&plane, input.clone()).await, expected, "{input}");
    }
    let page = plane.ok(Op::ListSecurityProfiles, json!({"maxResults": 1})).await;
    let first = &page["securityProfileIdentifiers"][0];
    assert_eq!(*first, json!({"name": "a", "arn": plane.arn("securityprofile/a")}));
    for (input, code) in [
        (json!({"dimensionName": "nowhere"}), "ResourceNotFoundException"),
        (json!({"metricName": "cpu"}), "ResourceNotFoundException"),
        (json!({"dimensionName": "d", "metricName": "m"}), "InvalidRequestException"),
    ] {
        let told = plane.refused(Op::ListSecurityProfiles, input).await;
        assert!(told.starts_with(code), "{told}");
    }
}

#[tokio::test]
async fn targets_of_a_profile_are_listed_by_arn() {
    let plane = Plane::new().await;
    create(&plane, "p", json!([])).await;
    create(&plane, "p2", json!([])).await;
    for (profile, target) in
        [("p", "all/unregistered-things"), ("p", "all/registered-things"), ("p2", "all/things")]
    {
        let input = json!({"securityProfileName": profile,
            "securityProfileTargetArn": plane.arn(target)});
        plane.ok(Op::AttachSecurityProfile, input).await;
    }
    let input = json!({"securityProfileName": "p", "maxResults": 1});
    let operation = Op::ListTargetsForSecurityProfile;
    let targets = all(&plane, operation, "securityProfileTargets", input).await;
    let expected = [
        json!({"arn": plane.arn("all/registered-things")}),
        json!({"arn": plane.arn("all/unregistered-things")}),
    ];
    assert_eq!(targets, expected);
    let told = plane.refused(operation, json!({"securityProfileName": "q"})).await;
    assert!(told.starts_with("ResourceNotFoundException"), "{told}");
}

#[tokio::test]
async fn profiles_of_a_group_are_listed_and_on_demand_those_of_the_groups_below() {
    let plane = Plane::new().await;
    for (name, parent) in
        [("house", None), ("hall", Some("house")), ("shelf", Some("hall")), ("housed", None)]
    {
        let mut input = json!({"thingGroupName": name});
        if let Some(parent) = parent {
            input["parentGroupName"] = json!(parent);
        }
        plane.ok(Op::CreateThingGroup, input).await;
    }
    for (profile, group) in
        [("p1", "house"), ("p2", "hall"), ("p3", "shelf"), ("p4", "housed"), ("p5", "shelf")]
    {
        create(&plane, profile, json!([])).await;
        let input = json!({"securityProfileName": profile,
            "securityProfileTargetArn": plane.arn(&format!("thinggroup/{group}"))});
        plane.ok(Op::AttachSecurityProfile, input).await;
    }
    for (group, recursive, expected) in [
        ("house", false, vec![("p1", "house")]),
        ("house", true, vec![("p2", "hall"), ("p1", "house"), ("p3", "shelf"), ("p5", "shelf")]),
        ("shelf", true, vec![("p3", "shelf"), ("p5", "shelf")]),
        ("housed", true, vec![("p4", "housed")]),
    ] {
        for items in [1, 250] {
            let input = json!({"recursive": recursive, "maxResults": items,
                "securityProfileTargetArn": plane.arn(&format!("thinggroup/{group}"))});
            let list = "securityProfileTargetMappings";
            let found = all(&plane, Op::ListSecurityProfilesForTarget, list, input).await;
            let expected: Vec<Value> = expected
                .iter()
                .map(|(profile, group)| {
                    json!({
                "securityProfileIdentifier": {"name": profile,
                    "arn": plane.arn(&format!("securityprofile/{profile}"))},
                "target": {"arn": plane.arn(&format!("thinggroup/{group}"))}})
                })
                .collect();
            assert_eq!(found, expected, "{group} {recursive} {items}");
        }
    }
    let nowhere = json!({"securityProfileTargetArn": plane.arn("thinggroup/attic")});
    let told = plane.refused(Op::ListSecurityProfilesForTarget, nowhere).await;
    assert!(told.starts_with("ResourceNotFoundException"), "{told}");
}
