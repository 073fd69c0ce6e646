use fleetward_domain::{Change, DimensionName};
use fleetward_wire::Operation as Op;
use serde_json::{Value, json};

use super::read_values;
use crate::testing::{Plane, START_MS};

fn request(name: &str, token: &str) -> Value {
    json!({"name": name, "type": "TOPIC_FILTER", "stringValues": ["a/#"],
        "clientRequestToken": token})
}

#[tokio::test]
async fn a_dimension_is_described_as_it_was_created_until_it_is_deleted() {
    let plane = Plane::new().await;
    let created = plane.ok(Op::CreateDimension, request("d", "t")).await;
    assert_eq!(created, json!({"name": "d", "arn": plane.arn("dimension/d")}));
    let described = plane.ok(Op::DescribeDimension, json!({"name": "d"})).await;
    let at = START_MS / 1000;
    let expected = json!({"name": "d", "arn": plane.arn("dimension/d"), "type": "TOPIC_FILTER",
        "stringValues": ["a/#"], "creationDate": at, "lastModifiedDate": at});
    assert_eq!(described, expected);
    assert_eq!(plane.ok(Op::DeleteDimension, json!({"name": "d"})).await, json!({}));
    let told = plane.refused(Op::DescribeDimension, json!({"name": "d"})).await;
    assert_eq!(told, "ResourceNotFoundException: Dimension d does not exist.");
    let change = Change::Dimension(DimensionName::parse("d").unwrap());
    assert_eq!(plane.changes().await, [change.clone(), change]);
}

#[tokio::test]
async fn the_same_request_with_the_same_token_succeeds_again() {
    let plane = Plane::new().await;
    let first = plane.ok(Op::CreateDimension, request("d", "t")).await;
    assert_eq!(plane.ok(Op::CreateDimension, request("d", "t")).await, first);
    assert_eq!(plane.changes().await.len(), 1);
    let mut other_content = request("d", "t");
    other_content["stringValues"] = json!(["b"]);
    for (input, name) in [(request("d", "u"), "d"), (request("e", "t"), "d"), (other_content, "d")]
    {
        let error = plane.call(Op::CreateDimension, input.clone()).await.unwrap_err();
        assert_eq!(error.status(), 409, "{input}");
        assert_eq!(error.resource_id.as_deref(), Some(name));
        assert_eq!(error.resource_arn, Some(plane.arn(&format!("dimension/{name}"))));
    }
}

#[tokio::test]
async fn deleting_what_is_not_there_succeeds() {
    let plane = Plane::new().await;
    assert_eq!(plane.ok(Op::DeleteDimension, json!({"name": "d"})).await, json!({}));
    assert!(plane.changes().await.is_empty());
}

#[tokio::test]
async fn a_dimension_in_use_cannot_be_deleted() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateDimension, request("d", "t")).await;
    let retained = json!([{"metric": "aws:num-messages-sent",
        "metricDimension": {"dimensionName": "d"}}]);
    let profile = json!({"securityProfileName": "p", "additionalMetricsToRetainV2": retained});
    plane.ok(Op::CreateSecurityProfile, profile).await;
    let told = plane.refused(Op::DeleteDimension, json!({"name": "d"})).await;
    assert!(told.starts_with("InvalidRequestException: Dimension d is in use by 1"), "{told}");
    let clear = json!({"securityProfileName": "p", "deleteAdditionalMetricsToRetain": true});
    plane.ok(Op::UpdateSecurityProfile, clear).await;
    plane.ok(Op::DeleteDimension, json!({"name": "d"})).await;
}

#[tokio::test]
async fn an_account_has_a_hundred_dimensions_also_when_many_are_created_at_once() {
    let plane = Plane::new().await;
    for number in 0..98 {
        plane.ok(Op::CreateDimension, request(&format!("d{number:03}"), &number.to_string())).await;
    }
    let create = |name: &'static str| plane.call(Op::CreateDimension, request(name, name));
    let (a, b, c) = tokio::join!(create("a"), create("b"), create("c"));
    let refused: Vec<_> = [a, b, c].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].status(), 410);
    let page = plane.ok(Op::ListDimensions, json!({})).await;
    assert_eq!(page["dimensionNames"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn dimensions_are_listed_page_by_page_in_a_stable_order() {
    let plane = Plane::new().await;
    for name in ["c", "a", "b"] {
        plane.ok(Op::CreateDimension, request(name, name)).await;
    }
    let first = plane.ok(Op::ListDimensions, json!({"maxResults": 2})).await;
    assert_eq!(first["dimensionNames"], json!(["a", "b"]));
    let next = json!({"maxResults": 2, "nextToken": first["nextToken"]});
    let second = plane.ok(Op::ListDimensions, next).await;
    assert_eq!(second, json!({"dimensionNames": ["c"]}));
    let told = plane.refused(Op::ListDimensions, json!({"nextToken": "AAAA"})).await;
    assert!(told.starts_with("InvalidRequestException: The nextToken"), "{told}");
    let foreign = json!({"nextToken": first["nextToken"]});
    let told = plane.refused(Op::ListThings, foreign).await;
    assert!(told.starts_with("InvalidRequestException: The nextToken"), "{told}");
}

#[tokio::test]
async fn values_are_topic_filters_and_at_most_five() {
    let plane = Plane::new().await;
    let mut input = request("d", "t");
    for valid in ["a", "/", "a/+/b", "#", "a/#", "+", "$aws/things/+/shadow", "a b"] {
        assert_eq!(read_values(vec![valid.to_owned()]).unwrap(), [valid]);
    }
    for wrong in ["", "a#", "#/a", "a+", "a/+b", "a\0b"] {
        assert!(read_values(vec![wrong.to_owned()]).is_err(), "{wrong}");
    }
    input["stringValues"] = json!(["a/#/b"]);
    let told = plane.refused(Op::CreateDimension, input.clone()).await;
    assert!(told.contains("'a/#/b' is not a valid MQTT topic filter"), "{told}");
    input["stringValues"] = json!(["1", "2", "3", "4", "5", "6"]);
    let told = plane.refused(Op::CreateDimension, input).await;
    assert!(told.starts_with("LimitExceededException"), "{told}");
}

#[tokio::test]
async fn an_update_replaces_the_values_and_is_told_to_front_doors() {
    let plane = Plane::new().await;
    plane.ok(Op::CreateDimension, request("d", "t")).await;
    plane.later_ms(5000);
    let update = json!({"name": "d", "stringValues": ["b/+", "c"]});
    let updated = plane.ok(Op::UpdateDimension, update).await;
    let expected = json!({"name": "d", "arn": plane.arn("dimension/d"), "type": "TOPIC_FILTER",
        "stringValues": ["b/+", "c"], "creationDate": START_MS / 1000,
        "lastModifiedDate": START_MS / 1000 + 5});
    assert_eq!(updated, expected);
    assert_eq!(plane.ok(Op::DescribeDimension, json!({"name": "d"})).await, expected);
    let change = Change::Dimension(DimensionName::parse("d").unwrap());
    assert_eq!(plane.changes().await, [change.clone(), change]);
    let wrong = json!({"name": "d", "stringValues": ["a#"]});
    let told = plane.refused(Op::UpdateDimension, wrong).await;
    assert!(told.starts_with("InvalidRequestException: stringValues"), "{told}");
    let nowhere = json!({"name": "e", "stringValues": ["a"]});
    let told = plane.refused(Op::UpdateDimension, nowhere).await;
    assert_eq!(told, "ResourceNotFoundException: Dimension e does not exist.");
}
