use fleetward_domain::{Certificate, CertificateStatus, Change};
use fleetward_store::{Kind, find};
use fleetward_wire::Operation as Op;
use serde_json::json;

use crate::testing::Plane;

/// The id of a new certificate, and its ARN.
pub(crate) async fn certificate(plane: &Plane) -> (String, String) {
    let created = plane.ok(Op::CreateKeysAndCertificate, json!({"setAsActive": true})).await;
    let text = |member: &str| created[member].as_str().unwrap().to_owned();
    (text("certificateId"), text("certificateArn"))
}

pub(crate) async fn stored(plane: &Plane, id: &str) -> Certificate {
    find(&*plane.store, id).await.unwrap().unwrap().value
}

#[tokio::test]
async fn a_certificate_comes_with_its_keys_and_is_kept_without_them() {
    let plane = Plane::new().await;
    let created = plane.ok(Op::CreateKeysAndCertificate, json!({})).await;
    let id = created["certificateId"].as_str().unwrap();
    assert_eq!(created["certificateArn"], plane.arn(&format!("cert/{id}")));
    let private = created["keyPair"]["PrivateKey"].as_str().unwrap();
    let public = created["keyPair"]["PublicKey"].as_str().unwrap();
    assert!(private.starts_with("-----BEGIN RSA PRIVATE KEY-----"), "{private}");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"), "{public}");
    let kept = stored(&plane, id).await;
    assert_eq!(kept.pem, created["certificatePem"].as_str().unwrap());
    assert_eq!(kept.status, CertificateStatus::Inactive);
    let document = plane.store.get(Kind::Certificate, id).await.unwrap().unwrap();
    assert!(!String::from_utf8(document.value).unwrap().contains("PRIVATE"));
    assert_eq!(plane.changes().await, [Change::Certificate(kept.id)]);
}

#[tokio::test]
async fn a_status_can_be_set_but_not_those_that_are_aws_own() {
    let plane = Plane::new().await;
    let (id, _) = certificate(&plane).await;
    for (status, expected) in
        [("INACTIVE", CertificateStatus::Inactive), ("ACTIVE", CertificateStatus::Active)]
    {
        let input = json!({"certificateId": id.to_uppercase(), "newStatus": status});
        assert_eq!(plane.ok(Op::UpdateCertificate, input).await, json!({}));
        assert_eq!(stored(&plane, &id).await.status, expected);
    }
    let changes = plane.changes().await.len();
    plane.ok(Op::UpdateCertificate, json!({"certificateId": id, "newStatus": "ACTIVE"})).await;
    assert_eq!(plane.changes().await.len(), changes, "setting it again changes nothing");
    for status in ["PENDING_TRANSFER", "PENDING_ACTIVATION", "REGISTER_INACTIVE"] {
        let input = json!({"certificateId": id, "newStatus": status});
        let told = plane.refused(Op::UpdateCertificate, input).await;
        assert!(told.starts_with("InvalidRequestException: newStatus"), "{told}");
    }
    let unknown = json!({"certificateId": "ab".repeat(32), "newStatus": "ACTIVE"});
    let told = plane.refused(Op::UpdateCertificate, unknown).await;
    assert!(told.starts_with("ResourceNotFoundException"), "{told}");
}

#[tokio::test]
async fn a_certificate_is_attached_to_things_that_exist() {
    let plane = Plane::new().await;
    let (id, arn) = certificate(&plane).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    let attach = json!({"thingName": "lamp", "principal": arn});
    for _ in 0..2 {
        assert_eq!(plane.ok(Op::AttachThingPrincipal, attach.clone()).await, json!({}));
    }
    let things = stored(&plane, &id).await.things;
    assert_eq!(things.iter().map(|thing| thing.as_str()).collect::<Vec<_>>(), ["lamp"]);
    assert!(
        matches!(plane.changes().await.last(), Some(Change::Certificate(of)) if of.as_str() == id)
    );
    let nobody = json!({"thingName": "door", "principal": arn});
    let told = plane.refused(Op::AttachThingPrincipal, nobody).await;
    assert!(told.starts_with("ResourceNotFoundException: Thing door"), "{told}");
    let unknown = plane.arn(&format!("cert/{}", "ab".repeat(32)));
    for (principal, code) in [
        (unknown, "ResourceNotFoundException"),
        (plane.arn("cert/short"), "InvalidRequestException"),
        (plane.arn("thing/lamp"), "InvalidRequestException"),
        ("us-east-1:cognito".to_owned(), "InvalidRequestException"),
    ] {
        let input = json!({"thingName": "lamp", "principal": principal});
        let told = plane.refused(Op::AttachThingPrincipal, input).await;
        assert!(told.starts_with(code), "{told}");
    }
}

#[tokio::test]
async fn what_is_attached_exclusively_is_attached_to_one_thing() {
    let plane = Plane::new().await;
    let (_, arn) = certificate(&plane).await;
    for name in ["one", "two"] {
        plane.ok(Op::CreateThing, json!({"thingName": name})).await;
    }
    let exclusive = |thing: &str| {
        let kind = "EXCLUSIVE_THING";
        json!({"thingName": thing, "principal": arn, "thingPrincipalType": kind})
    };
    let shared = |thing: &str| json!({"thingName": thing, "principal": arn});
    plane.ok(Op::AttachThingPrincipal, exclusive("one")).await;
    for input in [exclusive("two"), shared("two")] {
        let told = plane.refused(Op::AttachThingPrincipal, input).await;
        assert!(told.starts_with("InvalidRequestException") && told.contains("exclusively"));
    }
    plane.ok(Op::AttachThingPrincipal, shared("one")).await;
    plane.ok(Op::AttachThingPrincipal, shared("two")).await;
    let told = plane.refused(Op::AttachThingPrincipal, exclusive("one")).await;
    assert!(told.contains("attached to thing two"), "{told}");
}

#[tokio::test]
async fn a_revoked_certificate_stays_so() {
    let plane = Plane::new().await;
    let (id, _) = certificate(&plane).await;
    let set = |status: &str| json!({"certificateId": id, "newStatus": status});
    plane.ok(Op::UpdateCertificate, set("REVOKED")).await;
    let changes = plane.changes().await.len();
    for status in ["ACTIVE", "INACTIVE"] {
        let error = plane.call(Op::UpdateCertificate, set(status)).await.unwrap_err();
        assert_eq!((error.status(), error.code.as_str()), (406, "CertificateStateException"));
        assert!(error.message.starts_with("Once revoked status can't be changed"), "{error}");
    }
    plane.ok(Op::UpdateCertificate, set("REVOKED")).await;
    assert_eq!(stored(&plane, &id).await.status, CertificateStatus::Revoked);
    assert_eq!(plane.changes().await.len(), changes);
}

#[tokio::test]
async fn a_certificate_is_detached_from_its_thing_once() {
    let plane = Plane::new().await;
    let (id, arn) = certificate(&plane).await;
    plane.ok(Op::CreateThing, json!({"thingName": "lamp"})).await;
    let pair = json!({"thingName": "lamp", "principal": arn});
    plane.ok(Op::AttachThingPrincipal, pair.clone()).await;
    let changes = plane.changes().await.len();
    assert_eq!(plane.ok(Op::DetachThingPrincipal, pair.clone()).await, json!({}));
    let told = plane.changes().await;
    assert_eq!(told[changes..], [Change::Certificate(stored(&plane, &id).await.id)]);
    assert!(stored(&plane, &id).await.things.is_empty());
    assert_eq!(plane.store.count(Kind::CertificateOfThing, "").await.unwrap(), 0);
    let again = plane.refused(Op::DetachThingPrincipal, pair).await;
    let expected = format!(
        "ResourceNotFoundException: Attachment of certificate {id} to thing lamp does not exist."
    );
    assert_eq!(again, expected);
    for (thing, principal) in
        [("door", arn.clone()), ("lamp", plane.arn(&format!("cert/{}", "ab".repeat(32))))]
    {
        let pair = json!({"thingName": thing, "principal": principal});
        let told = plane.refused(Op::DetachThingPrincipal, pair).await;
        assert!(told.starts_with("ResourceNotFoundException"), "{told}");
    }
    // Nothing of the attachment is left: the thing may go, and another be attached exclusively.
    plane.ok(Op::DeleteThing, json!({"thingName": "lamp"})).await;
}
